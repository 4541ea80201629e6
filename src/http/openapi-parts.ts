import type { JsonSchema } from '../body/fields.js';
import { ref } from './openapi-schemas.js';

/** What needs no key. */
export const OPEN = { security: [] };

export function read(summary: string, tag: string, parameters: unknown[], schema: JsonSchema, more: string[] = []) {
  const responses: Record<string, object> = { '200': json(summary, schema), ...problems('400', ...more) };
  return { tags: [tag], summary, parameters, responses };
}

export function json(description: string, schema: JsonSchema) {
  return { description, content: { 'application/json': { schema } } };
}

export function problems(...statuses: string[]) {
  const content = { 'application/problem+json': { schema: ref('Problem') } };
  return Object.fromEntries(statuses.map((status) => [status, { description: 'A problem', content }]));
}

export function query(name: string, schema: JsonSchema, description: string) {
  return { name, in: 'query', schema, description };
}

export function many(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

export function page(data: JsonSchema): JsonSchema {
  const frame = { epoch: { type: 'string', format: 'uuid' }, sequence: { type: 'integer' }, next: { type: 'string' } };
  return { type: 'object', required: ['epoch', 'sequence', 'data'], properties: { ...frame, data } };
}

export const ID = { name: 'id', in: 'path', required: true, schema: { type: 'string' }, example: 'idlib' };
export const EVENT_ID = { name: 'id', in: 'path', required: true, schema: { type: 'string' }, example: 'zone-idlib@0' };
export const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  schema: { type: 'string', maxLength: 255 },
  description: 'The same key again gives the first reply again',
};
export const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  schema: { type: 'string' },
  example: '"3"',
  description: 'Refused with 412 where the stream has moved on',
};
export const AFTER = query('after', { type: 'string' }, "The next of the page before; all pages stand at the first one's sequence");
export const LIMIT = query('limit', { type: 'integer', minimum: 1, maximum: 1_000, default: 100 }, 'How many at most');
export const MIN = query('min', { type: 'integer' }, 'Wait until the record has this sequence');
export const ABOUT = query('about', many({ type: 'string' }), 'Only subjects with an event that is about one of these streams');

/** What every read of states takes. */
export const STANDPOINT = [
  query('asOf', { type: 'string' }, 'What had happened by then: an instant, or a date, which means its end (UTC)'),
  query('knownAt', { type: 'string' }, 'What the record held then: an instant'),
  query('atSequence', { type: 'integer' }, 'What the record held up to and with this sequence'),
  query('publishedBy', { type: 'string' }, 'Only what a source had published by then'),
  MIN,
];
