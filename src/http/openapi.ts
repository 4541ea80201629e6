import type { OpenAPIObject } from '@nestjs/swagger';
import { fieldsOf, type JsonSchema } from '../body/fields.js';
import { CONFIDENCES } from '../event/event.js';
import { KINDS } from '../event/subject.js';
import type { CommandBody, Subject } from '../decider/subject.js';
import { COMMITMENT_STATUSES } from '../agreements/commitment.js';
import { ATTRIBUTIONS } from '../statements/statement.dto.js';
import { EVENT_TYPES, SUBJECTS } from '../subjects.js';

/**
 * The OpenAPI document, written from what the service runs on: the bodies with their rules and examples come from the classes that check
 * them. A test holds its paths equal to the routes.
 */
export function openapi(version: string): OpenAPIObject {
  const schemas: Record<string, JsonSchema> = { ...SHARED };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const subject of SUBJECTS) {
    for (const [verb, command] of Object.entries(subject.bodies)) {
      addSchemas(command.body, schemas);
      paths[commandPath(subject, verb)] = { post: commandOperation(subject, verb, command) };
    }
    const list = `/v1/${subject.collection}`;
    paths[list] = { ...paths[list], get: listOperation(subject) };
    paths[`${list}/{id}`] = {
      get: read(
        `The state of one of the ${subject.collection}`,
        subject.collection,
        [ID, MIN],
        page({ $ref: '#/components/schemas/State' }),
        ['404'],
      ),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Zonewatch',
      version,
      description:
        'The record of a ceasefire: every statement, agreement and deployment as an immutable event, and the states that follow from them.',
    },
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
      schemas: schemas as never,
    },
    security: [{ key: [] }],
    paths: { ...paths, ...otherPaths() } as never,
  };
}

function commandPath({ collection, create }: Subject, verb: string): string {
  return verb === create ? `/v1/${collection}` : `/v1/${collection}/{id}/${verb}`;
}

function commandOperation(subject: Subject, verb: string, { summary, body, example }: CommandBody) {
  const creates = verb === subject.create;
  return {
    tags: [subject.collection],
    summary,
    description: `Makes one ${subject.events[verb]}. A repeat of what still holds answers 200 with the first.`,
    operationId: `${subject.collection}-${verb}`,
    parameters: [...(creates ? [] : [ID]), IDEMPOTENCY_KEY, IF_MATCH],
    requestBody: { required: true, content: { 'application/json': { schema: ref(body.name), example } } },
    responses: {
      '200': json('It was recorded before', ref('Receipt')),
      '201': json('Recorded: durable, and shown by every read of this node', ref('Receipt')),
      ...problems('400', '401', '404', '409', '412', '413', '422', '503'),
    },
  };
}

function listOperation(subject: Subject) {
  const filters = Object.entries(subject.filters).map(([name, values]) =>
    query(name, many({ type: 'string', enum: values }), 'Any of these'),
  );
  const about = query('about', many({ type: 'string' }), 'Only subjects with an event that is about one of these streams');
  return read(
    `The states of ${subject.collection}, by id`,
    subject.collection,
    [...filters, about, AFTER, LIMIT, MIN],
    page({ type: 'array', items: ref('State') }),
  );
}

function otherPaths(): Record<string, unknown> {
  const events = page({ type: 'array', items: ref('Event') });
  const streams = (name: string, what: string) => query(name, many({ type: 'string' }), `Events that are about one of these ${what}`);
  const oneOf = (name: string, values: readonly string[]) => query(name, many({ type: 'string', enum: values }), 'Any of these');
  const time = (name: string, what: string) => query(name, { type: 'string' }, what);
  const filters = [
    ...['type', 'types'].map((name) => oneOf(name, EVENT_TYPES)),
    ...['kind', 'kinds'].map((name) => oneOf(name, KINDS)),
    streams('about', 'streams'),
    streams('subjects', 'streams'),
    streams('zones', 'zones'),
    streams('parties', 'parties'),
    query('publisher', many({ type: 'string' }), 'Events with a source of one of these publishers'),
    oneOf('attribution', ATTRIBUTIONS),
    oneOf('confidence', CONFIDENCES),
    time('occurredFrom', 'Events that may have happened then or later'),
    time('occurredTo', 'Events that may have happened then or earlier'),
    time('recordedFrom', 'Events recorded then or later'),
    time('recordedTo', 'Events recorded then or earlier'),
  ];
  const ndjson = { 'application/x-ndjson': { schema: ref('Event') } };
  const list = read(
    'The events in order; with Accept: application/x-ndjson all of them, as one stream',
    'events',
    [...filters, AFTER, LIMIT, MIN],
    events,
  );
  list.responses['200'] = { ...list.responses['200'], content: { ...(list.responses['200'] as { content: object }).content, ...ndjson } };
  const status = { get: { ...read('', 'service', [], { type: 'object' }), security: [] } };
  return {
    '/v1/commands': {
      post: {
        tags: ['commands'],
        summary: 'Commands in, one a line; replies out, one a line, in order, while more come in',
        requestBody: { required: true, content: { 'application/x-ndjson': { schema: ref('CommandLine') } } },
        responses: {
          '200': {
            description: 'A receipt or a problem for each line',
            content: { 'application/x-ndjson': { schema: { anyOf: [ref('Receipt'), ref('Problem')] } } },
          },
          ...problems('401', '415'),
        },
      },
    },
    '/v1/events': { get: list },
    '/v1/events/{id}': {
      get: read('An event as it was recorded, what amends it, and what holds now', 'events', [EVENT_ID, MIN], page({ type: 'object' }), [
        '404',
      ]),
    },
    '/v1/zones.geojson': {
      get: {
        ...read(
          'Every zone as a GeoJSON feature',
          'zones',
          [query('status', many({ type: 'string' }), 'Any of these'), query('about', many({ type: 'string' }), 'As for the list'), MIN],
          {},
        ),
        responses: {
          '200': { description: 'A FeatureCollection', content: { 'application/geo+json': { schema: { type: 'object' } } } },
          ...problems('400', '401'),
        },
      },
    },
    '/v1/zones/{id}/timeline': {
      get: read('What happened in a zone and about it, in the order of time', 'zones', [ID, AFTER, LIMIT, MIN], events, ['404']),
    },
    '/v1/commitments': {
      get: read(
        'The commitments of all agreements as they stand now',
        'agreements',
        [
          oneOf('status', COMMITMENT_STATUSES),
          streams('party', 'parties'),
          streams('zone', 'zones'),
          streams('agreement', 'agreements'),
          AFTER,
          LIMIT,
          MIN,
        ],
        page({ type: 'array', items: { type: 'object' } }),
      ),
    },
    '/health/live': status,
    '/health/ready': status,
  };
}

function read(summary: string, tag: string, parameters: unknown[], schema: JsonSchema, more: string[] = []) {
  const responses: Record<string, object> = { '200': json(summary, schema), ...problems('400', '401', ...more) };
  return { tags: [tag], summary, parameters, responses };
}

/** The schema of a body class and of all that it nests, under their names. */
function addSchemas(body: new () => object, schemas: Record<string, JsonSchema>): void {
  if (schemas[body.name]) return;
  const fields = [...fieldsOf(body)];
  schemas[body.name] = {
    type: 'object',
    additionalProperties: false,
    required: fields.flatMap(([name, { optional }]) => (optional ? [] : [name])),
    properties: Object.fromEntries(fields.map(([name, { schema }]) => [name, schema])),
  };
  for (const [, { nested }] of fields) if (nested) addSchemas(nested, schemas);
}

function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

function json(description: string, schema: JsonSchema) {
  return { description, content: { 'application/json': { schema } } };
}

function problems(...statuses: string[]) {
  const content = { 'application/problem+json': { schema: ref('Problem') } };
  return Object.fromEntries(statuses.map((status) => [status, { description: 'A problem', content }]));
}

function query(name: string, schema: JsonSchema, description: string) {
  return { name, in: 'query', schema, description };
}

function many(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

function page(data: JsonSchema): JsonSchema {
  const frame = { epoch: { type: 'string', format: 'uuid' }, sequence: { type: 'integer' }, next: { type: 'string' } };
  return { type: 'object', required: ['epoch', 'sequence', 'data'], properties: { ...frame, data } };
}

const ID = { name: 'id', in: 'path', required: true, schema: { type: 'string' }, example: 'idlib' };
const EVENT_ID = { name: 'id', in: 'path', required: true, schema: { type: 'string' }, example: 'zone-idlib@0' };
const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  schema: { type: 'string', maxLength: 255 },
  description: 'The same key again gives the first reply again',
};
const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  schema: { type: 'string' },
  example: '"3"',
  description: 'Refused with 412 where the stream has moved on',
};
const AFTER = query('after', { type: 'string' }, "The next of the page before; all pages stand at the first one's sequence");
const LIMIT = query('limit', { type: 'integer', minimum: 1, maximum: 1_000, default: 100 }, 'How many at most');
const MIN = query('min', { type: 'integer' }, 'Wait until the record has this sequence');

const FIELD_ERROR = { type: 'object', properties: { field: { type: 'string' }, rule: { type: 'string' }, message: { type: 'string' } } };

const SHARED: Record<string, JsonSchema> = {
  Localized: {
    type: 'object',
    description: 'A text that people read, by BCP-47 tag',
    minProperties: 1,
    additionalProperties: { type: 'string', minLength: 1 },
    example: { en: 'Idlib', ar: 'إدلب' },
  },
  Edtf: {
    type: 'string',
    description: 'EDTF (ISO 8601-2): 2017-07-05, 2017-07-04/2017-07-05, 2017-12, 2018-04-07?, 2017-08/..',
    maxLength: 128,
    example: '2017-07-04/2017-07-05',
  },
  Quantity: {
    oneOf: [
      { type: 'integer', minimum: 0 },
      { type: 'object', required: ['about'], additionalProperties: false, properties: { about: { type: 'integer', minimum: 0 } } },
      {
        type: 'object',
        required: ['min', 'max'],
        additionalProperties: false,
        properties: { min: { type: 'integer', minimum: 0 }, max: { type: 'integer', minimum: 0 } },
      },
    ],
  },
  Geometry: {
    type: 'object',
    description: 'GeoJSON, WGS 84',
    required: ['type', 'coordinates'],
    additionalProperties: false,
    properties: { type: { enum: ['Polygon', 'MultiPolygon'] }, coordinates: { type: 'array' } },
  },
  Receipt: {
    type: 'object',
    required: ['id', 'stream', 'revision', 'sequence', 'eventId'],
    properties: {
      id: { type: 'string' },
      stream: { type: 'string' },
      revision: { type: 'integer' },
      sequence: { type: 'integer' },
      eventId: { type: 'string', format: 'uuid' },
    },
  },
  Problem: {
    type: 'object',
    required: ['type', 'title', 'status', 'code', 'detail'],
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      code: { type: 'string' },
      detail: { type: 'string' },
      errors: { type: 'array', items: FIELD_ERROR },
      line: { type: 'integer', description: 'The line of an NDJSON body' },
    },
  },
  CommandLine: {
    type: 'object',
    required: ['command', 'body'],
    properties: {
      command: { type: 'string', example: 'zones/suspend' },
      id: { type: 'string' },
      body: { type: 'object' },
      idempotencyKey: { type: 'string' },
    },
  },
  Event: {
    type: 'object',
    description: 'The canonical bytes (RFC 8785) that were hashed when the event was recorded',
    required: [
      'sequence',
      'id',
      'stream',
      'revision',
      'type',
      'version',
      'occurred',
      'recordedAt',
      'recordedBy',
      'sources',
      'about',
      'data',
    ],
    properties: {
      sequence: { type: 'integer', minimum: 1 },
      id: { type: 'string', format: 'uuid' },
      stream: { type: 'string' },
      revision: { type: 'integer', minimum: 0 },
      type: { type: 'string', enum: EVENT_TYPES },
      version: { type: 'integer' },
      occurred: ref('Edtf'),
      recordedAt: { type: 'string', format: 'date-time' },
      recordedBy: { type: 'string' },
      sources: { type: 'array', items: ref('SourceBody') },
      accordingTo: { type: 'array', items: { type: 'string' } },
      confidence: { type: 'string', enum: CONFIDENCES },
      about: { type: 'array', items: { type: 'string' } },
      data: { type: 'object' },
      corroborates: { type: 'string', format: 'uuid' },
      commandKey: { type: 'string' },
    },
  },
  State: {
    type: 'object',
    description: "What holds of a subject. The kind's own fields stand beside these.",
    required: ['id', 'stream', 'revision', 'sequence', 'anomalies', 'disputed', 'uncertain', 'retracted', 'because'],
    properties: {
      id: { type: 'string' },
      stream: { type: 'string' },
      revision: { type: 'integer' },
      sequence: { type: 'integer' },
      anomalies: { type: 'array', items: { type: 'object' } },
      disputed: { type: 'array', items: { type: 'object' } },
      uncertain: { type: 'array', items: { type: 'string' } },
      retracted: { type: 'boolean' },
      because: { type: 'object' },
    },
  },
};
