import { json, page, problems } from './openapi-parts.js';
import { ref } from './openapi-schemas.js';

const KEY_ID = { name: 'id', in: 'path', required: true, schema: { type: 'string' }, example: '0123456789ab' };
const tags = ['keys'];

/** The API keys, for an admin. */
export const KEY_PATHS = {
  '/v1/keys': {
    get: {
      tags,
      summary: 'Every key that there ever was, the oldest first',
      responses: { '200': json('The keys', page({ type: 'array', items: ref('ApiKey') })), ...problems('400') },
    },
    post: {
      tags,
      summary: 'Makes a key, which this reply tells and no other',
      requestBody: body('KeyBody', { name: 'desk', roles: ['recorder', 'subscriber'] }),
      responses: { '201': json('The key', page(ref('MadeKey'))) },
    },
  },
  '/v1/keys/{id}': {
    delete: {
      tags,
      summary: 'Revokes a key at once and for good; what it holds open is closed',
      parameters: [KEY_ID],
      responses: { '200': json('The key as it stands', page(ref('ApiKey'))), ...problems('404') },
    },
  },
  '/v1/keys/{id}/expire': {
    post: {
      tags,
      summary: 'Lets a key end at an instant',
      parameters: [KEY_ID],
      requestBody: body('ExpireBody', { expires: '2027-01-31T12:00:00Z' }),
      responses: { '200': json('The key as it stands', page(ref('ApiKey'))), ...problems('404') },
    },
  },
};

function body(schema: string, example: object) {
  return { required: true, content: { 'application/json': { schema: ref(schema), example } } };
}
