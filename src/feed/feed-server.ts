import { IoAdapter } from '@nestjs/platform-socket.io';
import type { ServerOptions } from 'socket.io';

/** The Socket.IO server under the feed. What a client may send is small; what it gets is JSON that is encoded once for many. */
export class FeedServer extends IoAdapter {
  override createIOServer(port: number, options?: ServerOptions) {
    return super.createIOServer(port, {
      ...options,
      serveClient: false,
      maxHttpBufferSize: 65_536,
      perMessageDeflate: false,
      connectTimeout: 10_000,
    } as ServerOptions);
  }
}
