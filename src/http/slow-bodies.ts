import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { NDJSON_ROUTE } from './body-parsers.js';
import { problemText } from './problems.js';

/** How often it is looked at bodies that come in, in milliseconds. */
const INTERVAL = 1_000;

/** How long a client may take, in milliseconds. */
export const PATIENCE = {
  /** To send the head of a request. */
  head: 10_000,
  /** To send a body as a whole. */
  body: 15_000,
  /** To say nothing in a stream of commands. */
  stream: 60_000,
  /** To go on sending what was refused. */
  refused: 5_000,
};
export type Patience = typeof PATIENCE;

interface Incoming {
  request: FastifyRequest;
  reply: FastifyReply;
  began: number;
  /** How many bytes had come when it was last looked at, and when that number had grown. */
  bytes: number;
  grew: number;
}

/** Cuts off whoever holds a connection by sending a body for ever: slowly, or after it was refused. */
export function cutSlowBodies(fastify: FastifyInstance, patience: Patience): void {
  const incoming = new Set<Incoming>();
  const look = () => {
    const now = performance.now();
    for (const one of incoming) if (one.request.raw.complete || one.request.raw.destroyed) incoming.delete(one);
    for (const one of incoming) if (isTooSlow(one, now, patience)) cut(one, patience);
  };
  const looking = setInterval(look, INTERVAL).unref();
  fastify.addHook('onClose', async () => clearInterval(looking));
  fastify.addHook('onRequest', async (request, reply) => {
    const { headers } = request;
    if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') return;
    const now = performance.now();
    incoming.add({ request, reply, began: now, bytes: request.socket.bytesRead, grew: now });
  });
}

function isTooSlow(one: Incoming, now: number, { body, stream, refused }: Patience): boolean {
  const { raw, socket, routeOptions } = one.request;
  // Where we do not read on, the sender can't send on.
  if (socket.bytesRead > one.bytes || raw.readableLength > 0) Object.assign(one, { bytes: socket.bytesRead, grew: now });
  if (one.reply.raw.writableFinished) return now - one.grew > refused || now - one.began > body;
  if (routeOptions.url === NDJSON_ROUTE) return now - one.grew > stream;
  return now - one.began > body;
}

function cut({ request, reply }: Incoming, { body }: Patience): void {
  if (!reply.raw.headersSent) {
    const text = problemText('too-slow', `a body must be there within ${body / 1_000} s`);
    reply.raw.writeHead(408, {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'close',
    });
    reply.raw.end(text);
    // Fastify would answer the body that is broken off.
    reply.hijack();
  }
  setImmediate(() => request.raw.destroy());
}
