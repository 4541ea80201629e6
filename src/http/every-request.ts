import type { FastifyInstance } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Hears of every request before anybody answers it: also of those that Fastify can't read, and of those that Socket.IO answers. It takes the
 * place of all who listen before it, so that this waits until it is there.
 */
export function onEveryRequest(fastify: FastifyInstance, listener: (request: IncomingMessage, response: ServerResponse) => void): void {
  fastify.addHook('onReady', async () => void fastify.server.prependListener('request', listener));
}
