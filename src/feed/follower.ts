import type { Socket } from 'socket.io';
import type { RecordReader } from '../record/record-reader.js';
import { CODES } from './codes.js';
import { MAX_FRAME_EVENTS, framesOf, type Recorded } from './frames.js';
import type { Groups } from './groups.js';

/** How long a page may stay unacknowledged, in milliseconds. */
const PATIENCE = 60_000;

/**
 * One subscription of one socket. Behind the head it reads pages at the reader's pace, one unacknowledged page at a time; at the head it
 * says so and joins its group. Nothing is awaited between its last look at the head and the joining, so no commit falls between.
 */
export class Follower {
  private state: 'behind' | 'live' | 'stopped' = 'behind';

  constructor(
    private readonly socket: Socket,
    private readonly subscription: string,
    private position: number,
    private readonly record: RecordReader,
    private readonly groups: Groups,
  ) {}

  /** Brings the subscriber to the head. False where it did not get there. */
  async run(): Promise<boolean> {
    while (this.state === 'behind' && this.position < this.record.head) await this.sendPage();
    if (this.state !== 'behind') return false;
    this.socket.emit('live', { subscription: this.subscription, to: this.position });
    this.groups.join(this.subscription, this.socket);
    this.state = 'live';
    return true;
  }

  stop(): void {
    if (this.state === 'live') this.groups.leave(this.subscription, this.socket);
    this.state = 'stopped';
  }

  private async sendPage(): Promise<void> {
    const page: Recorded[] = [];
    const upTo = Math.min(this.record.head, this.position + MAX_FRAME_EVENTS);
    for await (const events of this.record.events({ about: [] }, this.position, upTo)) page.push(...events);
    if (this.state !== 'behind') return;
    const frame = framesOf(this.subscription, this.position, upTo, page)[0]!;
    try {
      await this.socket.timeout(PATIENCE).emitWithAck('events', frame);
      this.position = frame.to;
    } catch {
      if (this.state === 'behind') this.close();
    }
  }

  private close(): void {
    this.stop();
    const message = `no page was asked for within ${PATIENCE / 1000} s`;
    this.socket.emit('closed', { subscription: this.subscription, code: 'consumer-too-slow', message, ...CODES['consumer-too-slow'] });
  }
}
