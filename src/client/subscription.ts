import { io } from 'socket.io-client';
import type { RecordedEvent } from '../event/event.js';
import type { Frame, Inbox } from './inbox.js';
import { tokenNow, type Token } from './token.js';

/** What passes: any value within an axis, all across axes (docs/PROTOCOL.md). */
export type FeedFilter = Partial<Record<'zones' | 'parties' | 'subjects' | 'kinds' | 'types', readonly string[]>>;

/**
 * Why a subscription, or the connection under it, is over. `code` is one of docs/PROTOCOL.md, or `unreachable`, `disconnected`, `no-answer`,
 * `no-token` or `gap`, which only the client knows. With `retry` it comes back by itself, not before `retryAfter` milliseconds.
 */
export interface Closed {
  code: string;
  message: string;
  retry: boolean;
  retryAfter?: number;
}

/** Where the next frame has to begin. It moves on with each frame that comes in. */
export interface Place {
  after: number | 'start' | 'now';
  epoch: string | undefined;
}

export interface Attempt {
  url: URL;
  token: Token | undefined;
  filter: FeedFilter | undefined;
  place: Place;
  inbox: Inbox;
  signal: AbortSignal;
  /** Told after each subscribe: `place` is a number and has its epoch from now on. */
  subscribed: () => void;
}

/** How an attempt ended: whether a frame came in before, and between which numbers the gap was, if that was it. */
export interface Ended extends Closed {
  wasServed: boolean;
  gap?: { expected: number; found: number };
}

type Answer = { ok: true; subscription: string; epoch: string; head: number } | { ok: false; error: Closed };
type Sent = { from: number; to: number; events: RecordedEvent[] };

/** How long the service may take to let a socket in and to answer it. */
const PATIENCE = 20_000;

/**
 * Connects, subscribes at `place` and puts what comes in into the inbox, until the connection or the subscription is over; then it resolves, and
 * nothing of it is left. Socket.IO's own reconnection stays off: a socket that is made anew each time has no state to be wrong about.
 */
export function subscribeOnce({ url, token, filter, place, inbox, signal, subscribed }: Attempt): Promise<Ended> {
  return new Promise((resolve) => {
    const socket = io(`${url.origin}/feed`, {
      path: `${url.pathname.replace(/\/$/, '')}/socket.io`,
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      auth: (give) => void tokenNow(token).then((now) => give(now === undefined ? {} : { token: now }), noToken),
    });
    let wasServed = false;
    // While it is not subscribed, frames that are still on their way are let go: it will ask for them again.
    let isSubscribed = false;
    let isOver = false;

    const over = (closed: Closed, gap?: Ended['gap']): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(patience);
      signal.removeEventListener('abort', stop);
      socket.off();
      socket.disconnect();
      resolve({ ...closed, wasServed, ...(gap && { gap }) });
    };
    const noToken = (error: Error) => over({ code: 'no-token', message: `there is no token: ${error.message}`, retry: true });
    const stop = () => over({ code: 'disconnected', message: 'the client has closed', retry: false });
    const awaitAnswer = () => setTimeout(() => over({ code: 'no-answer', message: 'the service does not answer', retry: true }), PATIENCE);

    const subscribe = (): void => {
      const { after, epoch } = place;
      const message = { after, ...(epoch !== undefined && { epoch }), ...(filter && { filter }) };
      socket.emit('subscribe', message, (answer: Answer) => {
        clearTimeout(patience);
        if (!answer.ok) return over(answer.error);
        place.after = after === 'start' ? 0 : after === 'now' ? answer.head : after;
        place.epoch = answer.epoch;
        isSubscribed = true;
        subscription = answer.subscription;
        subscribed();
      });
    };

    /** The consumer is too far behind what is live: takes nothing more until it has caught up, and goes on from there. */
    const pause = (): void => {
      isSubscribed = false;
      socket.emit('unsubscribe', { subscription });
      void inbox.drained().then(() => {
        if (isOver) return;
        patience = awaitAnswer();
        subscribe();
      });
    };

    const accept = (frame: Frame): void => {
      if (!isSubscribed) return;
      const expected = place.after as number;
      if (frame.from !== expected || !isWhole(frame))
        return over(
          { code: 'gap', message: `a frame begins at ${frame.from}, not at ${expected}`, retry: true },
          { expected, found: frame.from },
        );
      wasServed = true;
      place.after = frame.to;
      inbox.put(frame);
      // A page holds itself back: the next one comes when it is acknowledged.
      if (!frame.ack && inbox.isFull) pause();
    };

    let subscription = '';
    let patience = awaitAnswer();
    signal.addEventListener('abort', stop);
    socket.on('connect', subscribe);
    socket.on('connect_error', (error: Error & { data?: Closed }) =>
      over(error.data?.code === undefined ? { code: 'unreachable', message: error.message, retry: true } : error.data),
    );
    socket.on('disconnect', (reason) => over({ code: 'disconnected', message: reason, retry: true }));
    socket.on('closed', (closed: Closed) => over(closed));
    socket.on('events', ({ from, to, events }: Sent, ack?: () => void) => accept({ name: 'events', from, to, events, ack }));
    socket.on('progress', ({ from, to }: Sent) => accept({ name: 'progress', from, to, events: [] }));
    socket.on('live', ({ to }: Sent) => accept({ name: 'live', from: to, to, events: [] }));
  });
}

/** Whether the events of a frame stand in order between its ends. */
function isWhole({ from, to, events }: Frame): boolean {
  let at = from;
  return events.every(({ sequence }) => sequence > at && (at = sequence) <= to) && to >= at;
}
