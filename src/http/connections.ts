import type { FastifyInstance } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How many connections there may be besides those of the feed's readers: whoever asks for something, and whoever is about to be refused. */
const SPARE = 1_000;
/** How many requests may wait on one connection for the one before them. Hardly anybody sends the next before the last is answered. */
const MAX_WAITING = 100;

/** How many readers of the feed there may be, in all and from one address. */
export interface Readers {
  connections: number;
  connectionsPerAddress: number;
}

/**
 * Bounds what connections can take. There are so many of them, and so many from one address; and each has one request answered at a time,
 * as HTTP has its answers in order anyway: who sends a thousand at once waits for them, and nobody else does. To be called when all who
 * answer requests are there.
 */
export function boundConnections({ server }: FastifyInstance, { connections, connectionsPerAddress }: Readers): void {
  server.maxConnections = connections + SPARE;
  boundAddresses(server, connectionsPerAddress + SPARE);
  const answerers = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  server.removeAllListeners('request');
  const waiting = new WeakMap<Socket, (() => void)[]>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const answer = () => {
      response.once('close', () => next(socket));
      for (const answerer of answerers) answerer.call(server, request, response);
    };
    const before = waiting.get(socket);
    if (!before) {
      waiting.set(socket, []);
      answer();
    } else if (before.push(answer) > MAX_WAITING) socket.destroy();
  });
  const next = (socket: Socket) => {
    const answer = waiting.get(socket)?.shift();
    if (!answer) waiting.delete(socket);
    // Others have their turn in between.
    else setImmediate(() => !socket.destroyed && answer());
  };
}

function boundAddresses(server: FastifyInstance['server'], most: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket;
    const own = (open.get(remoteAddress) ?? 0) + 1;
    if (own > most) return void socket.destroy();
    open.set(remoteAddress, own);
    socket.once('close', () => {
      const left = open.get(remoteAddress)! - 1;
      if (left > 0) open.set(remoteAddress, left);
      else open.delete(remoteAddress);
    });
  });
}
