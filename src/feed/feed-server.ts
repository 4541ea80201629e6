import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { Decoder } from 'socket.io-parser';
import type { IncomingMessage } from 'node:http';
import type { ServerOptions } from 'socket.io';
import { addressOf } from '../body/address.js';
import { FrameEncoder } from './frames.js';

const PATH = '/socket.io/';

/** Whether Socket.IO answers a request that wants to be upgraded: it looks at the address alone, whatever is wanted. */
export function wantsSocket({ url = '' }: IncomingMessage): boolean {
  return url.startsWith(PATH);
}

/** The Socket.IO server under the feed. What a client may send is small; what it gets is JSON that is encoded once for many. */
export class FeedServer extends IoAdapter {
  constructor(
    app: INestApplicationContext,
    private readonly sites: readonly string[],
  ) {
    super(app);
  }

  override createIOServer(port: number, options?: ServerOptions) {
    return super.createIOServer(port, {
      ...options,
      path: PATH,
      serveClient: false,
      maxHttpBufferSize: 65_536,
      perMessageDeflate: false,
      parser: { Encoder: FrameEncoder, Decoder },
      connectTimeout: 10_000,
      // What is none of ours is answered elsewhere.
      destroyUpgrade: false,
      allowRequest: (request, decide) => decide(null, this.maySend(request)),
      ...(this.sites.length > 0 && { cors: { origin: [...this.sites] } }),
    } as ServerOptions);
  }

  /** A browser tells from which site a page opens a socket, and lets it do so. Pages of other sites have no business here. */
  private maySend({ headers: { origin, host } }: IncomingMessage): boolean {
    return origin === undefined || this.sites.includes(origin) || addressOf(origin)?.host === host;
  }
}
