import { Inject, type BeforeApplicationShutdown } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayInit } from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { Sessions } from '../access/sessions.js';
import { ENDED } from '../access/sign-in-refused.js';
import { SignIn } from '../access/sign-in.js';
import type { Caller } from '../access/caller.js';
import { LOGGER, Unforeseen, type Logger } from '../logger.js';
import { Rate } from '../rate.js';
import { Seldom } from '../seldom.js';
import { anyOf } from './any-of.js';
import { feedError, FeedRefusal, told, type FeedError } from './codes.js';
import { Feed } from './feed.js';
import { Follower } from './follower.js';
import { Line } from './line.js';
import { readSubscribe } from './subscribe.js';
import { cutUnread } from './wire.js';

/** How long a client that is told of the end should wait at the least and at the most, in milliseconds. */
const RETRY_AFTER = [500, 5_000] as const;
/** How many sockets that were refused are told of at once. */
const REFUSALS = 20;

/**
 * The feed. A subscriber that is behind is served pages at its own pace (`Follower`); at the head it joins the group of its
 * subscription (`Groups`). Plain listeners on the socket cost less than Nest's message handlers, and a sign-in
 * before the connection can only be done as a middleware.
 */
@WebSocketGateway({ namespace: '/feed' })
export class FeedGateway implements OnGatewayInit<Namespace>, BeforeApplicationShutdown {
  private readonly followers = new Map<Socket, Map<string, Follower>>();
  /** The connections that have a socket, and who is at it. Socket.IO would make another one for each `connect` that comes before the first is let in. */
  private readonly callers = new WeakMap<object, Caller>();
  private readonly seldom = new Seldom(REFUSALS);

  constructor(
    @Inject(SignIn) private readonly signIn: SignIn,
    @Inject(Sessions) private readonly sessions: Sessions,
    @Inject(Feed) private readonly feed: Feed,
    @Inject(Unforeseen) private readonly unforeseen: Unforeseen,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  afterInit(namespace: Namespace): void {
    cutUnread(namespace.server);
    // Whoever connects elsewhere would be neither signed in nor counted.
    namespace.server.of('/').use((_socket, next) => next(new Error('the feed is at /feed')));
    namespace.use(async (socket, next) => next(await this.admit(socket)));
    namespace.on('connection', (socket) => this.serve(socket));
  }

  beforeApplicationShutdown(): void {
    for (const socket of this.followers.keys()) {
      this.close(socket, { ...told('shutting-down', 'the service is being stopped'), retryAfter: anyOf(RETRY_AFTER) });
      socket.disconnect(true);
    }
  }

  /** Lets a socket in, or tells why not: the error becomes its `connect_error`. */
  private async admit(socket: Socket): Promise<Error | undefined> {
    const { conn, handshake } = socket;
    try {
      const caller = await this.caller(handshake.auth['token']);
      if (this.callers.has(conn)) throw new FeedRefusal('bad-request', 'this connection has a socket already');
      if (conn.readyState !== 'open') throw new FeedRefusal('bad-request', 'this connection has gone');
      conn.once('close', this.feed.enter(handshake.address, 'socket'));
      this.callers.set(conn, caller);
      return undefined;
    } catch (refusal) {
      const data = this.refused(refusal);
      const told = { code: data.code, address: handshake.address, ...whyIn(refusal) };
      this.seldom.tell(data.code, (more) => this.logger.info({ ...told, ...more }, 'socket refused'));
      return Object.assign(new Error((refusal as Error).message), { data });
    }
  }

  private async caller(token: unknown): Promise<Caller> {
    if (token !== undefined && typeof token !== 'string') throw new FeedRefusal('forbidden', 'the token must be a text');
    const caller = await this.signIn.caller(token);
    if (caller.roles.has('subscriber')) return caller;
    throw new FeedRefusal('forbidden', token === undefined ? 'this needs a key: auth: {token}' : 'this needs the role subscriber');
  }

  private serve(socket: Socket): void {
    const own = new Map<string, Follower>();
    this.followers.set(socket, own);
    const { subscribesAtOnce, subscribesASecond } = this.feed.limits;
    const rate = new Rate(subscribesAtOnce, subscribesASecond);
    const line = new Line(socket);
    const forget = this.sessions.watch(this.callers.get(socket.conn)!, (why) => {
      this.close(socket, told(why, ENDED[why]));
      socket.disconnect(true);
    });
    socket.onAny((name: unknown, ...said: unknown[]) =>
      this.answer(said, (message) => {
        if (name === 'subscribe') return this.subscribe(line, own, rate, message);
        if (name === 'unsubscribe') return this.unsubscribe(own, message);
        throw new FeedRefusal('bad-request', `${String(name).slice(0, 80)} is not a message; there are subscribe and unsubscribe`);
      }),
    );
    this.logger.debug(
      { socket: socket.id, caller: this.callers.get(socket.conn)?.name, address: socket.handshake.address },
      'socket connected',
    );
    socket.on('disconnect', (reason) => {
      this.logger.debug({ socket: socket.id, reason }, 'socket disconnected');
      for (const follower of own.values()) follower.stop();
      this.followers.delete(socket);
      forget();
      // A connection without a socket has no business here.
      socket.conn.close();
    });
  }

  private subscribe(line: Line, own: Map<string, Follower>, rate: Rate, message: unknown) {
    const { limits, served } = this.feed;
    if (rate.take() > 0) {
      const { subscribesAtOnce, subscribesASecond } = limits;
      throw new FeedRefusal(
        'too-many-subscriptions',
        `a socket may subscribe ${subscribesAtOnce} times at once and ${subscribesASecond} times a second`,
      );
    }
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
      this.close(line.socket, { subscription: id, ...feedError(error, this.unforeseen) });
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

  private refused(error: unknown): FeedError {
    const refusal = feedError(error, this.unforeseen);
    this.feed.traffic.refusals[refusal.code] += 1;
    return refusal;
  }

  /** Tells a client that a subscription is over, or all of them. */
  private close(socket: Socket, frame: FeedError & { subscription?: string; retryAfter?: number }): void {
    const { code, subscription } = frame;
    const { traffic } = this.feed;
    traffic.closes[code] += 1;
    traffic.sent('socket', 'closed');
    this.logger.debug({ socket: socket.id, code, subscription }, 'closed');
    socket.emit('closed', frame);
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
      reply({ ok: false, error: this.refused(error) });
    }
  }
}

/** What lies behind a refusal that says nothing of it to the client. */
function whyIn(refusal: unknown): { err?: unknown } {
  const { cause } = refusal as Error;
  return cause === undefined ? {} : { err: cause };
}
