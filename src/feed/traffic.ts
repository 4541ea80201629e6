import { CODES, type FeedCode } from './codes.js';

export const TRANSPORTS = ['socket', 'sse'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** A `page` is a frame of events that waits to be acknowledged; a stream of server-sent events has none. */
export const FRAME_KINDS = ['page', 'events', 'progress', 'live', 'closed'] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

/** A subscription, as it is counted. */
export interface Subscriber {
  readonly transport: Transport;
  readonly isLive: boolean;
  /** The last sequence that it was brought to. */
  readonly position: number;
}

/** What passes through the feed, in plain numbers: whoever wants to know adds them up when asked, and nobody who sends waits for it. */
export class Traffic {
  readonly subscribers = new Set<Subscriber>();
  readonly connections = each(TRANSPORTS, () => 0);
  readonly frames = each(TRANSPORTS, () => each(FRAME_KINDS, () => 0));
  /** Bytes of events, each as often as it was sent. */
  readonly bytes = each(TRANSPORTS, () => 0);
  /** Subscribers at the head that took too little and went back to paging. */
  readonly demotions = each(TRANSPORTS, () => 0);
  readonly closes = each(Object.keys(CODES) as FeedCode[], () => 0);
  readonly refusals = each(Object.keys(CODES) as FeedCode[], () => 0);
  /** How long it took to send groups to all who follow, in milliseconds. */
  fanOut = 0;

  /** A frame with so many bytes of events has been sent to so many. */
  sent(transport: Transport, kind: FrameKind, bytes = 0, to = 1): void {
    this.frames[transport][kind] += to;
    this.bytes[transport] += bytes * to;
  }
}

function each<K extends string, V>(keys: readonly K[], value: () => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, value()])) as Record<K, V>;
}
