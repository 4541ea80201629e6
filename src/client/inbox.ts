import type { RecordedEvent } from '../event/event.js';

/** What came in one frame. `ack` asks for the next page, where the frame was one. */
export interface Frame {
  name: 'events' | 'progress' | 'live';
  from: number;
  to: number;
  events: readonly RecordedEvent[];
  ack?: (() => void) | undefined;
}

/** How many live events may wait for the consumer. */
const MAX_WAITING = 1_000;

/** The frames between the connection, which puts them in, and the one consumer, who takes them out. */
export class Inbox {
  private readonly frames: Frame[] = [];
  private waiting: (() => void)[] = [];
  private weight = 0;
  private end: { error?: unknown } | undefined;

  get isFull(): boolean {
    return this.weight > MAX_WAITING;
  }

  put(frame: Frame): void {
    if (this.end) return;
    this.frames.push(frame);
    this.weight += weightOf(frame);
    this.wake();
  }

  /** The next frame, when there is one; undefined at the end. Rejects with what has ended it. */
  async take(): Promise<Frame | undefined> {
    await this.until(() => this.frames.length > 0);
    if (!this.end) return this.frames.shift();
    if ('error' in this.end) throw this.end.error;
    return undefined;
  }

  /** The consumer is through with a frame that it took. */
  done(frame: Frame): void {
    this.weight -= weightOf(frame);
    frame.ack?.();
    this.wake();
  }

  /** Resolves when the consumer is through with all there is, or at the end. */
  async drained(): Promise<void> {
    await this.until(() => this.weight === 0);
  }

  /** Ends it at once, with an error where there is one; what still waits is not handed over. */
  close(end: { error?: unknown } = {}): void {
    this.end ??= end;
    this.frames.length = 0;
    this.wake();
  }

  private async until(met: () => boolean): Promise<void> {
    while (!this.end && !met()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }
}

/** A frame without events takes room too: a consumer that takes nothing must not gather them for ever. */
function weightOf({ events }: Frame): number {
  return events.length + 1;
}
