/** What one reader may take, in milliseconds and numbers. Limits refuse and never evict: whoever is in stays in. */
export class FeedLimits {
  /** Sockets and streams, all together. */
  connections = 10_000;
  /** Those of one address. */
  connectionsPerAddress = 2_000;
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
