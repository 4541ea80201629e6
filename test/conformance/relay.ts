import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { io } from 'socket.io-client';

// eslint-disable-next-line typescript/no-explicit-any -- a relay passes on what it does not look into
export type Message = any;

/** What a relay does to what goes through it. Whatever is left out is passed on as it is. */
export interface Fault {
  /** Another key than the socket's own. */
  key?(token: unknown): unknown;
  /** What is sent on instead of a message of the client; undefined where the relay answers itself that it was done. */
  asked?(name: string, message: Message): Message;
  /** The acknowledgement that the client gets; undefined for none. `asked` is what the client had asked for. */
  answered?(answer: Message, name: string, asked: Message): Message;
  /** The frame that the client gets; undefined for none. `isPage` where it asks for an acknowledgement. */
  told?(name: string, frame: Message, isPage: boolean): Message;
  /** Asks for an acknowledgement with every frame. */
  asksAlways?: true;
  /** Asks the service for the next page when the client has had so long a time for it, whether it has asked or not. */
  eagerAfter?: number;
  /** The request to the service instead of the client's. */
  request?(headers: IncomingMessage['headers']): void;
  /** One server-sent event, or the reply as a whole where it is none; undefined for none. */
  sent?(block: string): string | undefined;
  status?(status: number): number;
}

/** A server that stands in front of another one and passes everything on, but for a fault that each connection has anew. */
export async function relayTo(address: string, faultOf: () => Fault): Promise<{ url: string; close(): Promise<void> }> {
  const http = createServer((asked, reply) => passOn(address, asked, reply, faultOf()));
  const server = new Server(http);
  server.of('/feed').use((front, next) => {
    const fault = faultOf();
    const { token } = front.handshake.auth as { token?: unknown };
    const given = fault.key ? fault.key(token) : token;
    const back = io(`${address}/feed`, {
      forceNew: true,
      reconnection: false,
      transports: ['websocket'],
      auth: given === undefined ? {} : { token: given },
    });
    front.on('disconnect', () => back.disconnect());
    back.once('connect_error', (error) => next(error));
    back.once('connect', () => {
      joinUp(front, back, fault);
      next();
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    const closed = server.close();
    // What fetch keeps for its next request.
    http.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, close };
}

function joinUp(front: Socket, back: ReturnType<typeof io>, fault: Fault): void {
  front.onAny((name: string, ...said: Message[]) => {
    const reply = typeof said.at(-1) === 'function' ? (said.pop() as (answer: unknown) => void) : undefined;
    const [message, ...more] = said;
    const passed = fault.asked && said.length ? fault.asked(name, message) : message;
    if (fault.asked && said.length && passed === undefined) return reply?.({ ok: true, ...message });
    const args = said.length ? [passed, ...more] : [];
    if (!reply) return void back.emit(name, ...args);
    back.emit(name, ...args, (answer: Message) => {
      const told = fault.answered ? fault.answered(answer, name, message) : answer;
      if (told !== undefined) reply(told);
    });
  });
  back.onAny((name: string, frame: Message, acknowledge?: () => void) => {
    const told = fault.told ? fault.told(name, frame, acknowledge !== undefined) : frame;
    if (told === undefined) return acknowledge?.();
    if (acknowledge && fault.eagerAfter !== undefined) setTimeout(acknowledge, fault.eagerAfter);
    if (acknowledge || (fault.asksAlways && name === 'events')) front.emit(name, told, () => acknowledge?.());
    else front.emit(name, told);
  });
  back.on('disconnect', () => front.disconnect(true));
}

function passOn(address: string, asked: IncomingMessage, reply: ServerResponse, fault: Fault): void {
  const headers = { ...asked.headers };
  const isStream = asked.url!.startsWith('/v1/feed');
  if (isStream) fault.request?.(headers);
  const passed = request(address + asked.url, { method: asked.method, headers, agent: false }, (answer) => {
    const status = answer.statusCode!;
    const { 'content-length': _, ...own } = answer.headers;
    reply.writeHead(isStream && fault.status ? fault.status(status) : status, own).flushHeaders();
    if (!isStream || !fault.sent) return void answer.pipe(reply);
    let rest = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop()!;
      for (const block of blocks) {
        const told = fault.sent!(block);
        if (told !== undefined) reply.write(`${told}\n\n`);
      }
    });
    answer.on('end', () => reply.end(rest));
  });
  reply.on('close', () => passed.destroy());
  passed.on('error', () => reply.destroy());
  asked.pipe(passed);
}
