import type { FastifyInstance, FastifyReply } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { NDJSON_ROUTE } from './body-parsers.js';
import { onEveryRequest } from './every-request.js';
import { hasBody } from './has-body.js';
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
  /** To neither send nor take anything while it is being answered. */
  idle: 65_000,
};
export type Patience = typeof PATIENCE;

interface Incoming {
  request: IncomingMessage;
  response: ServerResponse;
  isStream: boolean;
  began: number;
  /** How many bytes had come when it was last looked at, and when that number had grown. */
  bytes: number;
  grew: number;
}

/** Cuts off whoever holds a connection by sending a body for ever: slowly, or after it was refused. Whatever the address, and whoever answers there. */
export function cutSlowBodies(fastify: FastifyInstance, patience: Patience): void {
  const incoming = new Set<Incoming>();
  const replies = new WeakMap<IncomingMessage, FastifyReply>();
  fastify.addHook('onRequest', (request, reply, done) => {
    if (hasBody(request.raw)) replies.set(request.raw, reply);
    done();
  });
  onEveryRequest(fastify, (request, response) => {
    const { socket, url = '' } = request;
    if (!hasBody(request)) return;
    const now = performance.now();
    const isStream = url.split('?', 1)[0] === NDJSON_ROUTE;
    incoming.add({ request, response, isStream, began: now, bytes: socket.bytesRead, grew: now });
  });
  const look = () => {
    const now = performance.now();
    for (const one of incoming) if (one.request.complete || one.request.destroyed) incoming.delete(one);
    for (const one of incoming) if (isTooSlow(one, now, patience)) cut(one, patience, replies.get(one.request));
  };
  const looking = setInterval(look, INTERVAL).unref();
  fastify.addHook('onClose', async () => clearInterval(looking));
}

function isTooSlow(one: Incoming, now: number, { body, stream, refused }: Patience): boolean {
  const { request, response, isStream } = one;
  const { bytesRead } = request.socket;
  // Where we do not read on, the sender can't send on.
  if (bytesRead > one.bytes || request.readableLength > 0) Object.assign(one, { bytes: bytesRead, grew: now });
  if (response.writableFinished) return now - one.grew > refused || now - one.began > body;
  return isStream ? now - one.grew > stream : now - one.began > body;
}

function cut({ request, response, isStream }: Incoming, { body, stream }: Patience, reply: FastifyReply | undefined): void {
  if (!response.headersSent) {
    const limit = isStream
      ? `a stream of commands may say nothing for ${stream / 1_000} s`
      : `a body must be there within ${body / 1_000} s`;
    response.writeHead(408, {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'close',
    });
    response.end(problemText('too-slow', limit));
    // Fastify would answer the body that is broken off.
    reply?.hijack();
  }
  setImmediate(() => request.destroy());
}
