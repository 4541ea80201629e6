import { OPEN, json, read } from './openapi-parts.js';
import { ref } from './openapi-schemas.js';

const CHECK = {
  type: 'object',
  required: ['status'],
  properties: {
    status: { type: 'string', enum: ['up', 'degraded', 'down'], description: 'degraded is told and stands in the way of nothing' },
    message: { type: 'string' },
  },
};
const CHECKED = {
  epoch: { type: 'string', format: 'uuid' },
  sequence: { type: 'integer' },
  checks: {
    type: 'object',
    required: ['service', 'disk', 'writer', 'projection', 'checkpoint', 'witnesses'],
    additionalProperties: CHECK,
    properties: Object.fromEntries(['service', 'disk', 'writer', 'projection', 'checkpoint', 'witnesses'].map((name) => [name, CHECK])),
  },
};
const OK = { type: 'string', enum: ['ok'] };
const LIVE = { type: 'object', required: ['status'], properties: { status: OK } };
const READY = { type: 'object', required: ['status', 'epoch', 'sequence', 'checks'], properties: { status: OK, ...CHECKED } };
const NOT_READY = { allOf: [ref('Problem'), { type: 'object', required: ['epoch', 'sequence', 'checks'], properties: CHECKED }] };

/** What whoever runs the service asks it. */
export const SERVICE_PATHS = {
  '/health/live': {
    get: { tags: ['service'], summary: 'The process answers', responses: { '200': json('It does', LIVE) }, ...OPEN },
  },
  '/health/ready': {
    get: {
      tags: ['service'],
      summary: 'The service can do its work: disk, writer, states, checkpoints and witnesses',
      responses: {
        '200': json('It can', READY),
        '503': {
          description: 'It can not; the checks that are down say why',
          content: { 'application/problem+json': { schema: NOT_READY } },
        },
      },
      ...OPEN,
    },
  },
  '/metrics': {
    get: {
      ...read('Metrics for Prometheus', 'service', [], {}),
      responses: {
        ...read('', '', [], {}).responses,
        '200': {
          description: 'Every metric of docs/OPERATE.md',
          content: Object.fromEntries(['text/plain', 'application/openmetrics-text'].map((type) => [type, { schema: { type: 'string' } }])),
        },
      },
    },
  },
};
