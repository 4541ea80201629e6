import type { Socket } from 'socket.io';
import type { RecordReader } from '../record/record-reader.js';
import { FeedRefusal } from './codes.js';
import { MAX_FRAME_BYTES, MAX_FRAME_EVENTS, framesOf, type EventsFrame, type Recorded } from './frames.js';
import type { Groups, Member } from './groups.js';

/** How long a page may stay unacknowledged, in milliseconds. */
const PATIENCE = 60_000;

/** How many packets may wait for a client that is live before it is taken for slow. */
const MAX_WAITING = 16;

/**
 * One subscription of one socket. Behind the head it reads pages at the reader's pace, one unacknowledged page at a time; at the head it
 * says so and joins its group. Nothing is awaited between its last look at the head and the joining, so no commit falls between.
 */
export class Follower implements Member {
  private state: 'behind' | 'live' | 'stopped' = 'behind';
  private giveUp: () => void = () => {};

  constructor(
    readonly socket: Socket,
    readonly subscription: string,
    private position: number,
    private readonly record: RecordReader,
    private readonly groups: Groups,
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
    if (this.state === 'live') this.groups.leave(this);
    this.state = 'stopped';
    this.giveUp();
  }

  /** Whether frames pile up because the client does not take them. */
  isSlow(): boolean {
    // What engine.io has not handed to the transport yet; its types keep it to itself.
    const { writeBuffer } = this.socket.conn as unknown as { writeBuffer: unknown[] };
    return writeBuffer.length > MAX_WAITING;
  }

  /** Leaves the group: from this position on the subscriber asks for its pages again. */
  fallBehind(position: number): void {
    this.groups.leave(this);
    this.state = 'behind';
    this.position = position;
    this.start();
  }

  private async catchUp(): Promise<void> {
    while (this.state === 'behind' && this.position < this.record.head) await this.sendPage();
    if (this.state !== 'behind') return;
    this.socket.emit('live', { subscription: this.subscription, to: this.position });
    this.groups.join(this);
    this.state = 'live';
  }

  private async sendPage(): Promise<void> {
    const page: Recorded[] = [];
    let upTo = Math.min(this.record.head, this.position + MAX_FRAME_EVENTS);
    let size = 0;
    for await (const events of this.record.events({ about: [] }, this.position, upTo)) {
      page.push(...events);
      size += events.reduce((sum, { bytes }) => sum + bytes.length, 0);
      if (size < MAX_FRAME_BYTES) continue;
      upTo = events.at(-1)!.sequence;
      break;
    }
    if (this.state !== 'behind') return;
    const frame = framesOf(this.subscription, this.position, upTo, page)[0]!;
    if (await this.acknowledged(frame)) this.position = frame.to;
    else if (this.state === 'behind') throw new FeedRefusal('consumer-too-slow', `no page was asked for within ${PATIENCE / 1000} s`);
  }

  /** Sends a page and waits until the client asks for the next; false where it does not in time, or the subscription ends. */
  private acknowledged(frame: EventsFrame): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (asked: boolean) => {
        clearTimeout(timer);
        resolve(asked);
      };
      const timer = setTimeout(() => settle(false), PATIENCE);
      this.giveUp = () => settle(false);
      this.socket.emit('events', frame, () => settle(true));
    });
  }
}
