import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedEvent } from '../event/event.js';
import { backoff } from './backoff.js';
import { FeedClosed, GapError } from './errors.js';
import { Inbox, type Frame } from './inbox.js';
import { Saver, type PositionStore } from './position-store.js';
import type { Token } from './token.js';
import { subscribeOnce, type Closed, type FeedFilter, type Place } from './subscription.js';

export interface FollowOptions {
  /** Where the service is: `http://host:port`. */
  url: string;
  /** An API key or a JWT, or what gets one: it is asked at each connection, since a token ends. Not needed where all may read. */
  token?: Token | undefined;
  filter?: FeedFilter | undefined;
  /** The sequence to go on behind, or `start` (the default), or `now`. A position in the `store` goes before it. */
  after?: number | 'start' | 'now' | undefined;
  /** The record to follow; another one ends it with `other-record`. Without it, the one that is there at the first subscribe. */
  epoch?: string | undefined;
  /** Where to begin, and where to save how far the consumer has come. */
  store?: PositionStore | undefined;
  /** Aborting it closes. */
  signal?: AbortSignal | undefined;
  /** Takes the events, some at a time, instead of a loop over the `Following`. The next ones come when its promise is kept. */
  onEvents?: ((events: readonly RecordedEvent[], ends: { from: number; to: number }) => unknown) | undefined;
  /** The consumer has taken all there is, up to and with `to`. */
  onLive?: ((to: number) => void) | undefined;
  /** The filter lets nothing pass up to and with `to`. */
  onProgress?: ((to: number) => void) | undefined;
  /** The connection or the subscription is over; with `retry` it comes back by itself. */
  onClosed?: ((closed: Closed) => void) | undefined;
}

/** How many gaps in a row, without an event between them, are taken for more than chance. */
const MAX_GAPS = 3;

/**
 * The events of a record: in order, each once, none missed, over whatever disconnects. It connects at once and hands the events to one
 * consumer: a `for await` loop, or `onEvents`.
 *
 * An event is taken when the consumer asks for the next one. One that it has in hand when it leaves (by `break`, an error or a crash) is not,
 * and comes again to whoever goes on from the `position` or the `store`.
 *
 * The loop ends after `close` or an abort. It throws `FeedClosed` where the service refuses for good, `GapError` where it leaves events out, and
 * whatever the store has thrown.
 */
export class Following implements AsyncIterable<RecordedEvent> {
  /** Settles when it is over: rejects with what the loop throws. */
  readonly ended: Promise<void>;
  private readonly inbox = new Inbox();
  private readonly stopping = new AbortController();
  private readonly saver: Saver;
  private readonly place: Place;
  private readonly url: URL;
  private taken: number | undefined;
  private failure: { error: unknown } | undefined;
  private hasConsumer = false;

  /** Throws a `TypeError` where `url` is none. */
  constructor(private readonly options: FollowOptions) {
    const { url, after = 'start', epoch, store, signal, onEvents } = options;
    this.url = new URL(url);
    this.place = { after, epoch };
    this.saver = new Saver(store, (error) => this.fail(error));
    if (signal?.aborted) this.stop();
    signal?.addEventListener('abort', () => this.stop(), { once: true, signal: this.stopping.signal });
    this.ended = this.run();
    // Told to the consumer too: whoever does not look at it here has missed nothing.
    this.ended.catch(() => {});
    if (onEvents) void this.hand(onEvents);
  }

  /** The consumer has taken all that is up to here; undefined until the first subscribe, where no position was given. */
  get position(): number | undefined {
    return this.taken;
  }

  /** The record's; undefined until the first subscribe, where none was given. */
  get epoch(): string | undefined {
    return this.place.epoch;
  }

  /** Ends it: nothing more is handed over. Resolves when it is disconnected and the position is saved. Never rejects. */
  async close(): Promise<void> {
    this.stop();
    await this.ended.catch(() => {});
    await this.saver.idle();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordedEvent, void, undefined> {
    this.claim();
    try {
      for (let frame = await this.inbox.take(); frame; frame = await this.inbox.take()) {
        for (const event of frame.events) {
          yield event;
          this.moveTo(event.sequence);
          if (this.stopping.signal.aborted) break;
        }
        if (!this.stopping.signal.aborted) this.through(frame);
      }
    } finally {
      await this.close();
    }
  }

  private async hand(onEvents: NonNullable<FollowOptions['onEvents']>): Promise<void> {
    try {
      this.claim();
      for (let frame = await this.inbox.take(); frame; frame = await this.inbox.take()) {
        const { from, to, events } = frame;
        if (events.length) await onEvents(events, { from, to });
        this.through(frame);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  private claim(): void {
    if (this.hasConsumer) throw new Error('this has a consumer already: each event is handed over once');
    this.hasConsumer = true;
  }

  private through(frame: Frame): void {
    const { name, to } = frame;
    this.moveTo(to);
    if (name === 'live') this.options.onLive?.(to);
    if (name === 'progress') this.options.onProgress?.(to);
    this.inbox.done(frame);
  }

  private moveTo(position: number): void {
    if (position === this.taken) return;
    this.taken = position;
    this.saver.save({ epoch: this.place.epoch!, position });
  }

  private stop(): void {
    this.inbox.close();
    this.stopping.abort();
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
    this.inbox.close({ error });
    this.stopping.abort();
  }

  private async run(): Promise<void> {
    try {
      await this.begin();
      await this.follow();
    } catch (error) {
      // A wait that was cut short is no failure.
      if (!this.stopping.signal.aborted) this.fail(error);
    }
    await this.saver.idle();
    if (this.failure) throw this.failure.error;
  }

  private async begin(): Promise<void> {
    const { store, epoch } = this.options;
    const at = await store?.load();
    if (at && epoch !== undefined && at.epoch !== epoch)
      throw new FeedClosed('other-record', `the store has a position in record ${at.epoch}`);
    if (at) Object.assign(this.place, { after: at.position, epoch: at.epoch });
    if (typeof this.place.after === 'number') this.taken = this.place.after;
  }

  /** Subscribes again and again, each time behind what has come in, until it is stopped or to go on is no use. */
  private async follow(): Promise<void> {
    const { place, inbox, url, stopping } = this;
    const { token, filter, onClosed } = this.options;
    const { signal } = stopping;
    const subscribed = () => this.taken ?? this.moveTo(place.after as number);
    for (let [failures, gaps] = [0, 0]; !signal.aborted;) {
      const { after } = place;
      const { wasServed, gap, ...closed } = await subscribeOnce({ url, token, filter, place, inbox, signal, subscribed });
      if (signal.aborted) return;
      onClosed?.(closed);
      if (wasServed) failures = 0;
      gaps = gap ? (place.after === after ? gaps : 0) + 1 : 0;
      const isHopeless = !closed.retry || gaps >= MAX_GAPS;
      // What has come in is taken first: so there is never more than one page, and the error stands behind the last event.
      await Promise.all([inbox.drained(), isHopeless || sleep(backoff(failures, closed.retryAfter), undefined, { signal })]);
      if (!closed.retry) throw new FeedClosed(closed.code, closed.message);
      if (gap && isHopeless) throw new GapError(gap.expected, gap.found);
    }
  }
}

/** Follows a record: `for await (const event of follow({ url, after: 'start' })) ...`. */
export function follow(options: FollowOptions): Following {
  return new Following(options);
}
