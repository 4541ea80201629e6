import { Inject, type BeforeApplicationShutdown } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayInit } from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { SignIn } from '../access/sign-in.js';
import { Unforeseen } from '../logger.js';
import { CODES, feedError, FeedRefusal } from './codes.js';
import { Feed } from './feed.js';
import { Follower } from './follower.js';
import { SubscribeRate } from './limits.js';
import { Line } from './line.js';
import { readSubscribe } from './subscribe.js';
import { cutUnread } from './wire.js';

/** How long a client that is told of the end should wait at the least and at the most, in milliseconds. */
const RETRY_AFTER = [500, 5_000] as const;

/**
 * The feed. A subscriber that is behind is served pages at its own pace (`Follower`); at the head it joins the group of its
 * subscription (`Groups`). Plain listeners on the socket cost less than Nest's message handlers, and a sign-in
 * before the connection can only be done as a middleware.
 */
@WebSocketGateway({ namespace: '/feed' })
export class FeedGateway implements OnGatewayInit<Namespace>, BeforeApplicationShutdown {
  private readonly followers = new Map<Socket, Map<string, Follower>>();
  /** The connections that have a socket. Socket.IO would make another one for each `connect` that comes before the first is let in. */
  private readonly connections = new WeakSet<object>();

  constructor(
    @Inject(SignIn) private readonly signIn: SignIn,
    @Inject(Feed) private readonly feed: Feed,
    @Inject(Unforeseen) private readonly unforeseen: Unforeseen,
  ) {}

  afterInit(namespace: Namespace): void {
    cutUnread(namespace.server);
    // Whoever connects elsewhere would be neither signed in nor counted.
    namespace.server.of('/').use((_socket, next) => next(new Error('the feed is at /feed')));
    namespace.use((socket, next) => next(this.admit(socket)));
    namespace.on('connection', (socket) => this.serve(socket));
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
    try {
      if (!caller?.roles.includes('subscriber'))
        throw new FeedRefusal('forbidden', caller ? 'this needs a key: auth: {token}' : 'the token is not one of this service');
      if (this.connections.has(socket.conn)) throw new FeedRefusal('bad-request', 'this connection has a socket already');
      this.feed.checkRoom();
      this.connections.add(socket.conn);
      return undefined;
    } catch (refusal) {
      return Object.assign(new Error((refusal as Error).message), { data: feedError(refusal, this.unforeseen) });
    }
  }

  private serve(socket: Socket): void {
    const own = new Map<string, Follower>();
    this.followers.set(socket, own);
    const leave = this.feed.enter();
    const rate = new SubscribeRate(this.feed.limits);
    const line = new Line(socket);
    socket.onAny((name: unknown, ...said: unknown[]) =>
      this.answer(said, (message) => {
        if (name === 'subscribe') return this.subscribe(line, own, rate, message);
        if (name === 'unsubscribe') return this.unsubscribe(own, message);
        throw new FeedRefusal('bad-request', `${String(name).slice(0, 80)} is not a message; there are subscribe and unsubscribe`);
      }),
    );
    socket.on('disconnect', () => {
      for (const follower of own.values()) follower.stop();
      this.followers.delete(socket);
      // A connection without a socket would be counted nowhere.
      socket.conn.close();
      leave();
    });
  }

  private subscribe(line: Line, own: Map<string, Follower>, rate: SubscribeRate, message: unknown) {
    rate.take();
    const { limits, served } = this.feed;
    const { epoch, head } = served.record;
    const { filter, after } = readSubscribe(message, epoch, head);
    const { id } = filter;
    if (own.has(id)) throw new FeedRefusal('duplicate-subscription', 'this socket has a subscription with this filter already');
    if (own.size >= limits.subscriptions)
      throw new FeedRefusal('too-many-subscriptions', `a socket may have ${limits.subscriptions} subscriptions`);
    const position = after === 'start' ? 0 : after === 'now' ? head : after;
    const ended = (error: unknown) => {
      if (own.get(id) !== follower) return;
      own.delete(id);
      line.socket.emit('closed', { subscription: id, ...feedError(error, this.unforeseen) });
    };
    const follower: Follower = new Follower(line, filter, position, served, ended);
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
