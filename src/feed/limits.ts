import { FeedRefusal } from './codes.js';

/** What one reader may take, in milliseconds and numbers. Limits refuse and never evict: whoever is in stays in. */
export class FeedLimits {
  /** Sockets and streams, all together. */
  connections = 10_000;
  /** Subscriptions of one socket. */
  subscriptions = 50;
  /** How many subscribes a socket may send at once, and how many more with each second. */
  subscribesAtOnce = 100;
  subscribesASecond = 10;
  /** How long a reader may take nothing of what waits for it. */
  patience = 60_000;
  /** How old a stream of server-sent events gets; its reader then comes back. */
  streamAge = 30 * 60_000;
  /** How often an idle reader is told how far the record is. */
  progressEvery = 10_000;

  constructor(other: Partial<FeedLimits> = {}) {
    Object.assign(this, other);
  }
}

/** How often one socket subscribes. */
export class SubscribeRate {
  private left: number;
  private last: number;

  constructor(
    private readonly limits: FeedLimits,
    private readonly clock: () => number = Date.now,
  ) {
    this.left = limits.subscribesAtOnce;
    this.last = clock();
  }

  /** Takes one, or refuses. */
  take(): void {
    const { subscribesAtOnce, subscribesASecond } = this.limits;
    const now = this.clock();
    this.left = Math.min(subscribesAtOnce, this.left + ((now - this.last) / 1000) * subscribesASecond);
    this.last = now;
    if (this.left < 1)
      throw new FeedRefusal(
        'too-many-subscriptions',
        `a socket may subscribe ${subscribesAtOnce} times at once and ${subscribesASecond} times a second`,
      );
    this.left -= 1;
  }
}
