import { ROLES } from '../access/caller.js';
import { CONFIDENCES } from '../event/event.js';
import type { JsonSchema } from '../body/fields.js';
import { DIARY_STATUSES } from '../diary/announced.js';
import { ATTRIBUTIONS, STANCES } from '../statements/statement.dto.js';
import { EVENT_TYPES } from '../subjects.js';
import { schemasAt } from '../feed/protocol.js';

const API_KEY = {
  id: { type: 'string', pattern: '^[0-9a-f]{12}$' },
  name: { type: 'string', description: 'Who uses it: the recordedBy of what is written with it' },
  roles: { type: 'array', items: { type: 'string', enum: ROLES } },
  made: { type: 'string', format: 'date-time' },
  madeBy: { type: 'string' },
  expires: { type: 'string', format: 'date-time' },
  revoked: { type: 'string', format: 'date-time' },
};
const KEY_REQUIRED = ['id', 'name', 'roles', 'made', 'madeBy'];

export function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

const FIELD_ERROR = { type: 'object', properties: { field: { type: 'string' }, rule: { type: 'string' }, message: { type: 'string' } } };

const STAND: Record<string, JsonSchema> = {
  stance: { type: 'string', enum: STANCES },
  note: ref('Localized'),
  statement: { type: 'string' },
  event: { type: 'string', format: 'uuid' },
  occurred: ref('Edtf'),
  attribution: { type: 'string', enum: ATTRIBUTIONS },
  sources: { type: 'array', items: ref('SourceBody') },
  confidence: { type: 'string', enum: CONFIDENCES },
};

const { Event, Source, Stream, EventType } = schemasAt('#/components/schemas/') as Record<
  'Event' | 'Source' | 'Stream' | 'EventType',
  JsonSchema
>;

/** What many routes take or answer. */
export const SHARED: Record<string, JsonSchema> = {
  ApiKey: { type: 'object', required: KEY_REQUIRED, properties: API_KEY },
  MadeKey: {
    type: 'object',
    required: [...KEY_REQUIRED, 'key'],
    properties: { ...API_KEY, key: { type: 'string', description: 'The key itself, told this once' } },
  },
  Event,
  Source,
  Stream,
  EventType: { ...EventType, enum: EVENT_TYPES },
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
      reason: {
        type: 'string',
        enum: ['disk-full', 'read-only', 'io-error', 'closed', 'unknown'],
        description: 'What keeps the record from being written, where that is it',
      },
      retryAfter: { type: 'integer', description: 'In how many seconds to try again can help, as the Retry-After header has it' },
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
      disputed: { type: 'array', items: ref('Disputed') },
      settled: { type: 'array', items: ref('Settled') },
      uncertain: { type: 'array', items: { type: 'string' } },
      retracted: { type: 'boolean' },
      because: { type: 'object' },
    },
  },
  Claim: {
    type: 'object',
    required: ['value', 'event', 'sources'],
    properties: {
      value: {},
      event: { type: 'string', format: 'uuid' },
      sources: { type: 'array', items: ref('SourceBody') },
      confidence: { type: 'string', enum: CONFIDENCES },
    },
  },
  Disputed: {
    type: 'object',
    description: 'A field of which sources tell different things, side by side in the order of arrival',
    required: ['field', 'claims'],
    properties: { field: { type: 'string' }, claims: { type: 'array', items: ref('Claim') } },
  },
  Settled: {
    type: 'object',
    description: 'A field that was disputed, and the event that settled it',
    required: ['field', 'how', 'by', 'claims'],
    properties: {
      field: { type: 'string' },
      how: { type: 'string', enum: ['withdrawn', 'retracted', 'corrected'] },
      by: { type: 'string', format: 'uuid' },
      claims: { type: 'array', items: ref('Claim') },
    },
  },
  Position: {
    type: 'object',
    description: 'Where a party stands: its newest stance that holds, those before it, and what contradicts it inside the party',
    required: ['on', 'stance', 'statement', 'event', 'occurred', 'attribution', 'sources', 'before', 'contradictions'],
    properties: {
      party: { type: 'string' },
      on: { type: 'string' },
      ...STAND,
      before: { type: 'array', items: { type: 'object', properties: STAND } },
      contradictions: { type: 'array', items: { type: 'object', properties: { party: { type: 'string' }, ...STAND } } },
    },
  },
  DiaryEntry: {
    type: 'object',
    required: ['subject', 'what', 'when', 'status', 'event', 'sources'],
    properties: {
      subject: { type: 'string' },
      what: { type: 'string', enum: ['talks', 'due', 'until', 'start'] },
      when: ref('Edtf'),
      status: { type: 'string', enum: DIARY_STATUSES },
      title: ref('Localized'),
      commitment: { type: 'string' },
      movedTo: ref('Edtf'),
      event: { type: 'string', format: 'uuid' },
      accordingTo: { type: 'array', items: { type: 'string' } },
      sources: { type: 'array', items: ref('SourceBody') },
      confidence: { type: 'string', enum: CONFIDENCES },
    },
  },
  Changed: {
    type: 'object',
    description: 'What changed in a state: each field as it read before and after, and the events that did it',
    required: ['stream', 'changes'],
    properties: {
      stream: { type: 'string' },
      isNew: { type: 'boolean' },
      changes: {
        type: 'array',
        items: {
          type: 'object',
          required: ['field', 'by'],
          properties: {
            field: { type: 'string' },
            before: {},
            after: {},
            by: { type: 'array', items: { type: 'string', format: 'uuid' } },
          },
        },
      },
    },
  },
};
