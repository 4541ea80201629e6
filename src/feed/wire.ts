import type { EventEmitter } from 'node:events';
import type { Server, Socket } from 'socket.io';
import type { EventsFrame } from './frames.js';

/** How much may wait for a client before it is taken for slow: packets (each subscription may have one), and characters of them. */
const MAX_PACKETS = 64;
const MAX_CHARACTERS = 1024 * 1024;
/** How many packets may wait for a client that sends more itself. What comes in one read of the line is answered before anything is sent. */
const MAX_UNREAD = 4_000;

/** What Engine.IO's types keep to themselves. Its own transport sends frames that were made before in the same way. */
interface Connection {
  readyState: string;
  /** What was not handed to the transport yet. */
  writeBuffer: { data?: string | Buffer }[];
  close(discard: boolean): void;
  write(packet: string, options: { wsPreEncodedFrame: Buffer[] }): void;
  transport: {
    name: string;
    writable: boolean;
    socket: { readyState: number; bufferedAmount: number; _sender?: { sendFrame?(frame: Buffer[]): void } };
  };
}

function connectionOf(socket: Socket): Connection {
  return socket.conn as unknown as Connection;
}

/** Cuts whoever asks on and on and reads no answer, whatever it is that they ask. */
export function cutUnread(server: Server): void {
  server.engine.on('connection', (connection: Connection & EventEmitter) => {
    connection.on('packet', () => {
      if (connection.writeBuffer.length > MAX_UNREAD) connection.close(true);
    });
  });
}

/** Whether packets pile up because the client does not take them. */
export function isSlow(socket: Socket): boolean {
  const { writeBuffer } = connectionOf(socket);
  if (writeBuffer.length > MAX_PACKETS) return true;
  return writeBuffer.length > 1 && writeBuffer.reduce((sum, { data }) => sum + (data?.length ?? 0), 0) > MAX_CHARACTERS;
}

/** Sends a page. `asked` is called when the client asks for the next one, until what this returns has been called. */
export function sendPage(socket: Socket, frame: EventsFrame, asked: () => void): () => void {
  socket.emit('events', frame, asked);
  // Socket.IO would keep it as long as the socket is there, and with it whatever it knows of.
  const { acks } = socket as unknown as { acks: Map<number, unknown> };
  const id = [...acks.keys()].at(-1)!;
  return () => void acks.delete(id);
}

/** One message for many sockets: encoded once, and framed once for all that are WebSockets. */
export class SharedPacket {
  private readonly packet: string;
  private readonly frame: Buffer[];

  /** @param body the message as JSON */
  constructor(event: string, body: string) {
    this.packet = `2/feed,["${event}",${body}]`;
    this.frame = [webSocketFrame(`4${this.packet}`)];
  }

  /**
   * Who has taken all that was sent gets it at once: Engine.IO's queue, with its callbacks and events, costs as much again as the writing.
   * For all others it waits there, where `isSlow` sees it.
   */
  sendTo(socket: Socket): void {
    const connection = connectionOf(socket);
    if (isIdle(connection)) connection.transport.socket._sender!.sendFrame!(this.frame);
    else connection.write(this.packet, { wsPreEncodedFrame: this.frame });
  }
}

function isIdle({ readyState, writeBuffer, transport }: Connection): boolean {
  if (readyState !== 'open' || transport.name !== 'websocket' || !transport.writable || writeBuffer.length) return false;
  const { socket } = transport;
  return socket.readyState === 1 && socket.bufferedAmount === 0 && typeof socket._sender?.sendFrame === 'function';
}

/** A text as one WebSocket frame from a server (RFC 6455, 5.2), in one piece: two would be two things for the kernel to take. */
function webSocketFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = 0x81; // A whole message, of text.
  frame[1] = head === 2 ? length : head === 4 ? 126 : 127;
  if (head === 4) frame.writeUInt16BE(length, 2);
  if (head === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.write(text, head);
  return frame;
}
