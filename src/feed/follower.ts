import type { Socket } from 'socket.io';
import type { RecordReader } from '../record/record-reader.js';
import { FeedRefusal } from './codes.js';
import type { Filter } from './filter.js';
import { EventsFrame } from './frames.js';
import type { Groups, Member, ProgressFrame } from './groups.js';
import type { FeedLimits } from './limits.js';
import type { Pages } from './pages.js';
import { isSlow } from './wire.js';

/** How many pages of all its subscriptions may be on their way to one socket. */
const MAX_PAGES = 4;
const pagesOut = new WeakMap<Socket, number>();

/** What all subscriptions are served from. */
export interface Served {
  record: RecordReader;
  pages: Pages;
  groups: Groups;
  limits: FeedLimits;
}

/**
 * One subscription of one socket. Behind the head it reads pages at the reader's pace, one unacknowledged page at a time; at the head it
 * says so and joins its group. Nothing is awaited between its last look at the head and the joining, so no commit falls between.
 */
export class Follower implements Member {
  private state: 'behind' | 'live' | 'stopped' = 'behind';
  private giveUp: () => void = () => {};

  constructor(
    readonly socket: Socket,
    readonly filter: Filter,
    public position: number,
    private readonly served: Served,
    /** Told when the subscription is over before the client ended it. */
    private readonly ended: (error: unknown) => void,
  ) {}

  /** Brings the subscriber to the head, now and whenever it falls behind. */
  start(): void {
    this.catchUp().catch((error) => {
      this.stop();
      this.ended(error);
    });
  }

  stop(): void {
    if (this.state === 'live') this.served.groups.leave(this);
    this.state = 'stopped';
    this.giveUp();
  }

  isSlow(): boolean {
    return isSlow(this.socket);
  }

  fallBehind(): void {
    this.served.groups.leave(this);
    this.state = 'behind';
    this.start();
  }

  sendEvents(frame: EventsFrame): void {
    this.socket.emit('events', frame);
  }

  sendProgress(frame: ProgressFrame): void {
    this.socket.emit('progress', frame);
  }

  private async catchUp(): Promise<void> {
    const { record, groups } = this.served;
    await this.drained();
    while (this.state === 'behind' && this.position < record.head) await this.sendPage();
    if (this.state !== 'behind') return;
    this.socket.emit('live', { subscription: this.filter.id, to: this.position });
    groups.join(this);
    this.state = 'live';
  }

  private async sendPage(): Promise<void> {
    await this.drained();
    // Kept for it from here on: nothing is awaited between the look for room and the taking of it.
    pagesOut.set(this.socket, (pagesOut.get(this.socket) ?? 0) + 1);
    try {
      const page = await this.served.pages.page(this.filter, this.position);
      if (this.state !== 'behind') return;
      const frame = new EventsFrame(this.filter.id, this.position, page);
      if (await this.acknowledged(frame)) this.position = frame.to;
      else if (this.state === 'behind') throw this.tooSlow('asked for no page');
    } finally {
      pagesOut.set(this.socket, pagesOut.get(this.socket)! - 1);
    }
  }

  /** Waits until the client has taken enough of what was sent to it: one that reads nothing gets no page on top. */
  private async drained(): Promise<void> {
    const until = Date.now() + this.served.limits.patience;
    while (this.state === 'behind' && (this.isSlow() || (pagesOut.get(this.socket) ?? 0) >= MAX_PAGES)) {
      if (Date.now() > until) throw this.tooSlow('took nothing');
      await new Promise((resolve) => setTimeout(resolve, 50).unref());
    }
  }

  private tooSlow(what: string): FeedRefusal {
    return new FeedRefusal('consumer-too-slow', `the client ${what} for ${this.served.limits.patience / 1000} s`);
  }

  /** Sends a page and waits until the client asks for the next; false where it does not in time, or the subscription ends. */
  private acknowledged(frame: EventsFrame): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (asked: boolean) => {
        clearTimeout(timer);
        resolve(asked);
      };
      const timer = setTimeout(() => settle(false), this.served.limits.patience);
      this.giveUp = () => settle(false);
      this.socket.emit('events', frame, () => settle(true));
    });
  }
}
