import type { FastifyInstance } from 'fastify';
import { MAX_BODY_BYTES, parseJson } from '../body/json.js';
import { HttpRefusal } from './problems.js';

/** The one route that takes many commands as a stream of lines. */
export const NDJSON_ROUTE = '/v1/commands';

/** How bodies come in: JSON as checked bytes (Fastify's own parser would mend what is not UTF-8), NDJSON as a stream. */
export function addBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_request, bytes, done) => {
    const parsed = parseJson(bytes as Buffer);
    if ('value' in parsed) return done(null, parsed.value);
    return done(new HttpRefusal('malformed', parsed.fault, [{ field: '', rule: 'json', message: parsed.fault }]));
  });
  for (const type of ['application/x-ndjson', 'application/ndjson'])
    fastify.addContentTypeParser(type, (request, stream, done) => {
      if (request.routeOptions.url === NDJSON_ROUTE) return done(null, stream);
      return done(new HttpRefusal('unsupported-media-type', `send application/json, or NDJSON to ${NDJSON_ROUTE}`));
    });
}
