import type { OpenAPIObject } from '@nestjs/swagger';
import { fieldsOf, type JsonSchema } from '../body/fields.js';
import { AMENDMENTS } from '../amendments/amendments.js';
import { CONFIDENCES } from '../event/event.js';
import { KINDS } from '../event/subject.js';
import type { CommandBody, Subject } from '../decider/subject.js';
import { COMMITMENT_STATUSES } from '../agreements/commitment.js';
import { ATTRIBUTIONS } from '../statements/statement.dto.js';
import { ZONE_STATUSES } from '../zones/zone.dto.js';
import { EVENT_TYPES, SUBJECTS } from '../subjects.js';
import { ExpireBody, KeyBody } from '../access/key.dto.js';
import { KEY_PATHS } from './openapi-keys.js';
import { LOG_PATHS } from './openapi-log.js';
import {
  read,
  json,
  problems,
  query,
  many,
  page,
  ID,
  EVENT_ID,
  IDEMPOTENCY_KEY,
  IF_MATCH,
  AFTER,
  LIMIT,
  MIN,
  ABOUT,
  OPEN,
  STANDPOINT,
} from './openapi-parts.js';
import { SHARED, ref } from './openapi-schemas.js';
import { SERVICE_PATHS } from './openapi-service.js';

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
      get: read(`The state of one of the ${subject.collection}`, subject.collection, [ID, ...STANDPOINT], page(ref('State')), ['404']),
    };
  }
  for (const [verb, { summary, event, body, example }] of Object.entries(AMENDMENTS)) {
    addSchemas(body, schemas);
    paths[`/v1/events/{id}/${verb}`] = { post: operation('events', verb, { summary, event, body, example }, [EVENT_ID]) };
  }
  for (const body of [KeyBody, ExpireBody]) addSchemas(body, schemas);
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
    paths: alsoRefused({ ...paths, ...otherPaths(), ...KEY_PATHS, ...LOG_PATHS }) as never,
  };
}

/**
 * What a request is refused for before its route sees it: who sends it, which can't always be told; an address that is too long; a body
 * that is no JSON, too slow, too large or of no known type.
 */
function alsoRefused(paths: Record<string, object>): Record<string, object> {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.values(item as Record<string, Operation>).map((operation) => ({ path, operation })),
  );
  for (const { path, operation } of operations) {
    if (!operation.security) Object.assign(operation.responses, problems('401', '403', '503'));
    if (path.includes('{')) Object.assign(operation.responses, problems('414'));
    if (operation.requestBody) Object.assign(operation.responses, problems('400', '408', '413', '415'));
  }
  return paths;
}

interface Operation {
  responses: object;
  requestBody?: object;
  /** Empty where no key is needed. */
  security?: readonly object[];
}

function commandPath({ collection, create }: Subject, verb: string): string {
  return verb === create ? `/v1/${collection}` : `/v1/${collection}/{id}/${verb}`;
}

function commandOperation({ collection, create, events }: Subject, verb: string, command: CommandBody) {
  return operation(collection, verb, { ...command, event: events[verb]! }, verb === create ? [] : [ID]);
}

function operation(collection: string, verb: string, { summary, event, body, example }: CommandBody & { event: string }, on: unknown[]) {
  return {
    tags: [collection],
    summary,
    description: `Makes one ${event}. A repeat of what still holds answers 200 with the first.`,
    operationId: `${collection}-${verb}`,
    parameters: [...on, IDEMPOTENCY_KEY, IF_MATCH],
    requestBody: { required: true, content: { 'application/json': { schema: ref(body.name), example } } },
    responses: {
      '200': json('It was recorded before', ref('Receipt')),
      '201': json('Recorded: durable, and shown by every read of this node', ref('Receipt')),
      ...problems('404', '409', '412', '422', '429'),
    },
  };
}

function listOperation(subject: Subject) {
  const filters = Object.entries(subject.filters).map(([name, values]) =>
    query(name, many({ type: 'string', enum: values }), 'Any of these'),
  );
  return read(
    `The states of ${subject.collection}, by id`,
    subject.collection,
    [...filters, ABOUT, AFTER, LIMIT, ...STANDPOINT],
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
  const status = { get: { ...read('', 'service', [], { type: 'object' }), ...OPEN } };
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
        ...read('Every zone as a GeoJSON feature', 'zones', [oneOf('status', ZONE_STATUSES), ABOUT, ...STANDPOINT], {}),
        responses: {
          '200': { description: 'A FeatureCollection', content: { 'application/geo+json': { schema: { type: 'object' } } } },
          ...problems('400'),
        },
      },
    },
    '/v1/zones/{id}/timeline': {
      get: read('What happened in a zone and about it, in the order of time', 'zones', [ID, AFTER, LIMIT, ...STANDPOINT], events, ['404']),
    },
    '/v1/commitments': {
      get: read(
        'The commitments of all agreements, judged at the instant of the read',
        'agreements',
        [
          oneOf('status', COMMITMENT_STATUSES),
          streams('party', 'parties'),
          streams('zone', 'zones'),
          streams('agreement', 'agreements'),
          AFTER,
          LIMIT,
          ...STANDPOINT,
        ],
        page({ type: 'array', items: { type: 'object' } }),
      ),
    },
    '/v1/positions': {
      get: read(
        'Who stands where on a subject or an event, party by party',
        'statements',
        [
          { ...query('on', { type: 'string' }, 'A subject, or an event'), required: true, example: 'zone-idlib' },
          AFTER,
          LIMIT,
          ...STANDPOINT,
        ],
        page({ type: 'array', items: ref('Position') }),
        ['404'],
      ),
    },
    '/v1/diary': {
      get: read(
        'The dates that were announced, and what became of them',
        'talks',
        [
          time('from', 'Dates that may be then or later'),
          time('to', 'Dates that may be then or earlier'),
          ABOUT,
          AFTER,
          LIMIT,
          ...STANDPOINT,
        ],
        page({ type: 'array', items: ref('DiaryEntry') }),
      ),
    },
    '/v1/feed': {
      get: {
        ...read(
          'The feed as server-sent events',
          'events',
          [
            streams('zones', 'zones'),
            streams('parties', 'parties'),
            streams('subjects', 'streams'),
            oneOf('kinds', KINDS),
            oneOf('types', EVENT_TYPES),
            query('after', { type: 'string' }, 'A sequence, <epoch>:<sequence>, start or now; the default is now'),
            { name: 'Last-Event-ID', in: 'header', schema: { type: 'string' }, description: 'The id of the last event that came' },
          ],
          {},
        ),
        responses: {
          '200': {
            description:
              'event: the type; id: <epoch>:<sequence>; data: the event as it was recorded. `progress` tells how far an idle stream is',
            content: { 'text/event-stream': { schema: { type: 'string' } } },
          },
          ...problems('400', '410'),
        },
      },
    },
    '/v1/changes': {
      get: read(
        'What changed between two places in the record: in which state, field by field, by which events',
        'events',
        [
          time('from', 'A sequence, or an instant; the default is the beginning'),
          time('to', 'A sequence, or an instant; the default is the head'),
          AFTER,
          LIMIT,
          MIN,
        ],
        page({ type: 'array', items: ref('Changed') }),
      ),
    },
    '/asyncapi.json': status,
    ...SERVICE_PATHS,
  };
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
