import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as Listener } from 'node:net';

/** How long a stop waits for the requests that are under way, in milliseconds. Who is slower than that is cut off. */
const PATIENCE = 5_000;

/**
 * Lets what is in flight finish before a stop goes on: a command whose reply is cut off may be recorded, and its caller can't know. Nobody
 * new is let in meanwhile, and a connection that is kept ends with its next reply.
 */
@Injectable()
export class InFlight implements OnModuleInit, BeforeApplicationShutdown {
  private readonly responses = new Set<ServerResponse>();
  private isStopping = false;
  private noneLeft: () => void = () => {};

  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    this.server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => this.began(response));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    // The server's own `close` would also cut off those who are between two requests of a long poll.
    Listener.prototype.close.call(this.server);
    for (const response of this.responses) endConnection(response);
    if (this.responses.size === 0) return;
    let patience: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.noneLeft = resolve;
      patience = setTimeout(resolve, PATIENCE);
    });
    clearTimeout(patience);
  }

  private get server(): Server {
    return this.host.httpAdapter.getHttpServer() as Server;
  }

  private began(response: ServerResponse): void {
    if (this.isStopping) endConnection(response);
    this.responses.add(response);
    response.on('close', () => {
      this.responses.delete(response);
      if (this.responses.size === 0) this.noneLeft();
    });
  }
}

function endConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close');
}
