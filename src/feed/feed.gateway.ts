import { Inject, type BeforeApplicationShutdown } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayInit } from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { SignIn } from '../access/sign-in.js';
import { Unforeseen } from '../logger.js';
import { RecordReader } from '../record/record-reader.js';
import { RecordWriter } from '../record/record-writer.js';
import { CODES, feedError, FeedRefusal } from './codes.js';
import { Follower } from './follower.js';
import { Groups } from './groups.js';
import { readSubscribe } from './subscribe.js';

/** How long a client that is told of the end should wait at the least and at the most, in milliseconds. */
const RETRY_AFTER = [500, 5_000] as const;

/**
 * The feed. A subscriber that is behind is served pages at its own pace (`Follower`); at the head it joins the group of its
 * subscription (`Groups`). Plain listeners on the socket cost less than Nest's message handlers, and a sign-in
 * before the connection can only be done as a middleware.
 */
@WebSocketGateway({ namespace: '/feed' })
export class FeedGateway implements OnGatewayInit<Namespace>, BeforeApplicationShutdown {
  private groups: Groups | undefined;
  private readonly followers = new Map<Socket, Map<string, Follower>>();

  constructor(
    @Inject(SignIn) private readonly signIn: SignIn,
    @Inject(RecordReader) private readonly record: RecordReader,
    @Inject(RecordWriter) private readonly writer: RecordWriter,
    @Inject(Unforeseen) private readonly unforeseen: Unforeseen,
  ) {}

  afterInit(namespace: Namespace): void {
    this.groups = new Groups(namespace);
    namespace.use((socket, next) => next(this.admit(socket)));
    namespace.on('connection', (socket) => this.serve(socket));
    this.writer.onCommit((events) => this.groups!.send(events));
  }

  beforeApplicationShutdown(): void {
    const [least, most] = RETRY_AFTER;
    for (const socket of this.followers.keys()) {
      const retryAfter = Math.round(least + Math.random() * (most - least));
      socket.emit('closed', { code: 'shutting-down', message: 'the service is being stopped', ...CODES['shutting-down'], retryAfter });
      socket.disconnect(true);
    }
  }

  /** Lets a socket in, or tells why not: the error becomes its `connect_error`. */
  private admit(socket: Socket): Error | undefined {
    const token: unknown = socket.handshake.auth['token'];
    const isText = token === undefined || typeof token === 'string';
    const caller = isText ? this.signIn.caller(token, socket.handshake.address) : undefined;
    if (caller?.roles.includes('subscriber')) return undefined;
    const refusal = new FeedRefusal('forbidden', caller ? 'this needs a key: auth: {token}' : 'the token is not one of this service');
    return Object.assign(new Error(refusal.message), { data: feedError(refusal, this.unforeseen) });
  }

  private serve(socket: Socket): void {
    const own = new Map<string, Follower>();
    this.followers.set(socket, own);
    socket.on('subscribe', (...said: unknown[]) => this.answer(said, (message) => this.subscribe(socket, own, message)));
    socket.on('unsubscribe', (...said: unknown[]) => this.answer(said, (message) => this.unsubscribe(own, message)));
    socket.on('disconnect', () => {
      for (const follower of own.values()) follower.stop();
      this.followers.delete(socket);
    });
  }

  private subscribe(socket: Socket, own: Map<string, Follower>, message: unknown) {
    const { epoch, head } = this.record;
    const { id, after } = readSubscribe(message, epoch, head);
    if (own.has(id)) throw new FeedRefusal('duplicate-subscription', 'this socket has a subscription with this filter already');
    const position = after === 'start' ? 0 : after === 'now' ? head : after;
    const ended = (error: unknown) => {
      socket.emit('closed', { subscription: id, ...feedError(error, this.unforeseen) });
      if (own.get(id) === follower) own.delete(id);
    };
    const follower: Follower = new Follower(socket, id, position, this.record, this.groups!, ended);
    own.set(id, follower);
    // The acknowledgement goes out before the first frame.
    setImmediate(() => follower.start());
    return { subscription: id, epoch, head };
  }

  private unsubscribe(own: Map<string, Follower>, message: unknown) {
    const subscription: unknown = (message as { subscription?: unknown } | null)?.subscription;
    const follower = typeof subscription === 'string' ? own.get(subscription) : undefined;
    if (!follower) throw new FeedRefusal('bad-request', 'there is no such subscription on this socket');
    follower.stop();
    own.delete(subscription as string);
    return { subscription };
  }

  /** Every message is answered, whatever comes of it; one without an acknowledgement asked for (its last argument) is done in silence. */
  private answer(said: unknown[], run: (message: unknown) => object): void {
    const last = said.at(-1);
    const reply = typeof last === 'function' ? (last as (answer: object) => void) : () => {};
    try {
      const [message, ...more] = typeof last === 'function' ? said.slice(0, -1) : said;
      if (more.length) throw new FeedRefusal('bad-request', 'a message takes one argument');
      reply({ ok: true, ...run(message) });
    } catch (error) {
      reply({ ok: false, error: feedError(error, this.unforeseen) });
    }
  }
}
