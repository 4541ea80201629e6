import { IoAdapter } from '@nestjs/platform-socket.io';
import { Decoder } from 'socket.io-parser';
import type { IncomingMessage } from 'node:http';
import type { ServerOptions } from 'socket.io';
import { addressOf } from '../body/address.js';
import { FrameEncoder } from './frames.js';

/** The Socket.IO server under the feed. What a client may send is small; what it gets is JSON that is encoded once for many. */
export class FeedServer extends IoAdapter {
  override createIOServer(port: number, options?: ServerOptions) {
    return super.createIOServer(port, {
      ...options,
      serveClient: false,
      maxHttpBufferSize: 65_536,
      perMessageDeflate: false,
      parser: { Encoder: FrameEncoder, Decoder },
      connectTimeout: 10_000,
      allowRequest: (request, decide) => decide(null, isOfThisSite(request)),
    } as ServerOptions);
  }
}

/** A browser tells from which site a page opens a socket, and lets it do so. Pages of other sites have no business here. */
function isOfThisSite({ headers }: IncomingMessage): boolean {
  if (headers.origin === undefined) return true;
  return addressOf(headers.origin)?.host === headers.host;
}
