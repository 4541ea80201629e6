import type { FastifyInstance } from 'fastify';
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { hasBody } from './has-body.js';
import { problemText } from './problems.js';

/**
 * Answers requests that would rather speak another protocol (`Upgrade: h2c`, as some clients send with their first request) as if they had not
 * asked, which HTTP allows. Node takes such a connection out of its own hands, and would drop it unanswered; what comes behind the
 * head is lost there, so that a request with a body has to come again without the wish. What is the feed's is left to Socket.IO.
 */
export function answerUpgrades({ server }: FastifyInstance, isOfTheFeed: (request: IncomingMessage) => boolean): void {
  server.prependListener('upgrade', (request: IncomingMessage, socket: Socket) => {
    if (isOfTheFeed(request)) return;
    socket.on('error', () => {});
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on('finish', () => socket.end());
    if (!hasBody(request)) return void server.emit('request', request, response);
    response.writeHead(400, { 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' });
    response.end(problemText('malformed', 'a request with a body can not be upgraded: send it without Upgrade'));
  });
}
