import type { Socket } from 'socket.io';
import type { RecordReader } from '../record/record-reader.js';
import { FeedRefusal } from './codes.js';
import type { Filter } from './filter.js';
import { EventsFrame, MAX_FRAME_EVENTS } from './frames.js';
import type { Groups, Member, ProgressFrame } from './groups.js';
import type { FeedLimits } from './limits.js';
import type { Line } from './line.js';
import type { Pages } from './pages.js';
import type { Subscriber, Traffic } from './traffic.js';
import { isSlow, sendPage } from './wire.js';

/** What all subscriptions are served from. */
export interface Served {
  record: RecordReader;
  pages: Pages;
  groups: Groups;
  limits: FeedLimits;
  traffic: Traffic;
}

/**
 * One subscription of one socket. Behind the head it reads pages at the reader's pace, one unacknowledged page at a time; at the head it
 * says so and joins its group. Nothing is awaited between its last look at the head and the joining, so no commit falls between.
 */
export class Follower implements Member, Subscriber {
  readonly transport = 'socket';
  private state: 'behind' | 'live' | 'stopped' = 'behind';
  private giveUp: () => void = () => {};

  constructor(
    private readonly line: Line,
    readonly filter: Filter,
    public position: number,
    private readonly served: Served,
    /** Told when the subscription is over before the client ended it. */
    private readonly ended: (error: unknown) => void,
  ) {
    served.traffic.subscribers.add(this);
  }

  get isLive(): boolean {
    return this.state === 'live';
  }

  get socket(): Socket {
    return this.line.socket;
  }

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
    this.served.traffic.subscribers.delete(this);
    this.giveUp();
  }

  isSlow(): boolean {
    return isSlow(this.socket);
  }

  fallBehind(): void {
    this.served.groups.leave(this);
    this.served.traffic.demotions.socket += 1;
    this.state = 'behind';
    this.start();
  }

  sendEvents(frame: EventsFrame): void {
    this.socket.emit('events', frame);
    this.served.traffic.sent('socket', 'events', frame.run.bytes);
  }

  sendProgress(frame: ProgressFrame): void {
    this.socket.emit('progress', frame);
    this.served.traffic.sent('socket', 'progress');
  }

  private async catchUp(): Promise<void> {
    const { record, groups } = this.served;
    await this.drained();
    for (let wasAtHead = false; !wasAtHead && this.state === 'behind' && this.position < record.head;) wasAtHead = await this.sendPage();
    if (this.state !== 'behind') return;
    this.socket.emit('live', { subscription: this.filter.id, to: this.position });
    this.served.traffic.sent('socket', 'live');
    await this.sendRest();
    if (this.state !== 'behind') return;
    groups.join(this);
    this.state = 'live';
  }

  /** Sends a page and waits until it is acknowledged. Returns whether it reached the head, and not much was recorded on its way. */
  private async sendPage(): Promise<boolean> {
    const { record, pages } = this.served;
    const hasPlace = await this.line.place();
    if (!hasPlace) throw this.tooSlow('asked for no page');
    try {
      await this.drained();
      if (this.state !== 'behind') return false;
      const page = await pages.page(this.filter, this.position);
      if (this.state !== 'behind') return false;
      const frame = new EventsFrame(this.filter.id, this.position, page);
      const reachesHead = frame.to === record.head;
      if (!(await this.acknowledged(frame))) return false;
      this.position = frame.to;
      return reachesHead && record.head - frame.to <= MAX_FRAME_EVENTS;
    } finally {
      this.line.giveBack();
    }
  }

  /**
   * Sends what was recorded while the last page was on its way. To wait for another acknowledgement would take as long again, and a client
   * whose way is longer than the time between two commits would never be at the head.
   */
  private async sendRest(): Promise<void> {
    const { record, pages } = this.served;
    while (this.state === 'behind' && this.position < record.head) {
      await this.drained();
      const run = await pages.page(this.filter, this.position);
      if (this.state !== 'behind') return;
      if (run.events.length) this.sendEvents(new EventsFrame(this.filter.id, this.position, run));
      else this.sendProgress({ subscription: this.filter.id, from: this.position, to: run.to });
      this.position = run.to;
    }
  }

  /** Waits until the client has taken enough of what was sent to it: one that reads nothing gets no page on top. */
  private async drained(): Promise<void> {
    const until = Date.now() + this.served.limits.patience;
    while (this.state === 'behind' && this.isSlow()) {
      if (Date.now() > until) throw this.tooSlow('took nothing');
      await new Promise((resolve) => setTimeout(resolve, 50).unref());
    }
  }

  private tooSlow(what: string): FeedRefusal {
    return new FeedRefusal('consumer-too-slow', `the client ${what} for ${this.served.limits.patience / 1000} s`);
  }

  /** Sends a page and waits until the client asks for the next; false where the subscription ends before. Throws where it is too slow. */
  private async acknowledged(frame: EventsFrame): Promise<boolean> {
    let settle!: (outcome: 'asked' | 'late' | 'ended') => void;
    const settled = new Promise<'asked' | 'late' | 'ended'>((resolve) => (settle = resolve));
    const told = this.line.sending();
    const forget = sendPage(this.socket, frame, () => settle('asked'));
    this.served.traffic.sent('socket', 'page', frame.run.bytes);
    const timer = setTimeout(() => settle('late'), this.served.limits.patience);
    this.giveUp = () => settle('ended');
    const outcome = await settled;
    clearTimeout(timer);
    forget();
    if (outcome !== 'ended') told(outcome === 'asked');
    if (outcome === 'late') throw this.tooSlow('asked for no page');
    return outcome === 'asked';
  }
}
