import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';
import { onEveryRequest } from './every-request.js';
import { cutSlowBodies, type Patience } from './slow-bodies.js';

/** How long Node waits for the head of a request, and how often it looks, in milliseconds. */
export const serverOptions = ({ head }: Patience) => ({ headersTimeout: head, connectionsCheckingInterval: 1_000 });

/** What a page of ours may load: nothing from elsewhere. The styles of /docs are in the page. */
const OWN = ["'self'"];
const PAGES = {
  'default-src': ["'none'"],
  'script-src': OWN,
  'connect-src': OWN,
  'style-src': [...OWN, "'unsafe-inline'"],
  'img-src': [...OWN, 'data:'],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/**
 * What every answer says to browsers, who of them may ask from other sites (nobody but `sites`), and how long a body may take. Whether the
 * connection is encrypted is known to the proxy that does it, and so is `Strict-Transport-Security`.
 */
export async function addDoors(fastify: FastifyInstance, sites: readonly string[], patience: Patience): Promise<void> {
  const secure = helmet({ contentSecurityPolicy: { useDefaults: false, directives: PAGES }, strictTransportSecurity: false });
  onEveryRequest(fastify, (request, response) => void secure(request, response, () => {}));
  // What one caller may read is not for a cache that serves others, and is another thing a moment later.
  fastify.addHook('onRequest', ({ url }, reply, done) => {
    if (url.startsWith('/v1/')) void reply.header('cache-control', 'private, no-cache');
    done();
  });
  if (sites.length)
    await fastify.register(cors, {
      origin: [...sites],
      methods: ['GET', 'HEAD', 'POST', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-match', 'last-event-id', 'x-request-id'],
      exposedHeaders: ['etag', 'retry-after', 'x-request-id', 'zonewatch-sequence'],
      maxAge: 600,
    });
  cutSlowBodies(fastify, patience);
}
