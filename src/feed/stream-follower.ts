import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Filter } from './filter.js';
import type { Served } from './follower.js';
import { sentEvent, type EventsFrame, type Run } from './frames.js';
import type { Member, ProgressFrame } from './groups.js';
import type { FrameKind, Subscriber } from './traffic.js';

/** How much may wait for a reader that is at the head before it is taken for slow. */
const MAX_WAITING = 1024 * 1024;

/**
 * One stream of server-sent events. Behind the head it reads pages as fast as its reader takes them; at the head it is a member of its
 * group like any socket.
 */
export class StreamFollower implements Member, Subscriber {
  readonly transport = 'sse';
  isLive = false;
  private isOver = false;

  constructor(
    private readonly response: ServerResponse,
    readonly filter: Filter,
    public position: number,
    private readonly served: Served,
    private readonly failed: (error: unknown) => void,
  ) {
    served.traffic.subscribers.add(this);
    response.on('close', () => this.stop());
  }

  start(): void {
    this.catchUp().catch((error) => {
      this.failed(error);
      this.end();
    });
  }

  /** Ends the stream: the reader comes back and goes on where it was. */
  end(): void {
    this.stop();
    this.response.end();
  }

  isSlow(): boolean {
    return this.response.writableLength > MAX_WAITING;
  }

  fallBehind(): void {
    this.served.groups.leave(this);
    this.served.traffic.demotions.sse += 1;
    this.isLive = false;
    this.start();
  }

  sendEvents({ run }: EventsFrame): void {
    this.write('events', this.textOf(run), run.bytes);
  }

  sendProgress({ to }: ProgressFrame): void {
    this.write('progress', this.progress(to));
  }

  private async catchUp(): Promise<void> {
    const { record, pages, groups } = this.served;
    if (this.response.writableNeedDrain) await this.drained();
    while (!this.isOver && this.position < record.head) {
      const run = await pages.page(this.filter, this.position);
      if (this.isOver) return;
      const hasRoom = this.write('events', this.textOf(run), run.bytes);
      this.position = run.to;
      if (!hasRoom) await this.drained();
    }
    if (this.isOver) return;
    this.write('progress', this.progress(this.position));
    groups.join(this);
    this.isLive = true;
  }

  private async drained(): Promise<void> {
    try {
      await once(this.response, 'drain', { signal: AbortSignal.timeout(this.served.limits.patience) });
    } catch {
      // Nothing was taken for so long: whoever it was is gone, or may come back.
      this.isOver = true;
      this.served.traffic.closes['consumer-too-slow'] += 1;
      this.response.destroy();
    }
  }

  private stop(): void {
    if (this.isLive) this.served.groups.leave(this);
    this.isLive = false;
    this.isOver = true;
    this.served.traffic.subscribers.delete(this);
  }

  private write(kind: FrameKind, text: string, bytes = 0): boolean {
    this.served.traffic.sent('sse', kind, bytes);
    return this.response.write(text);
  }

  /** The events of a run; where the filter passed over the last of them, also how far it went. */
  private textOf(run: Run): string {
    const { epoch } = this.served.record;
    const passedOver = run.events.at(-1)?.sequence !== run.to;
    return run.streamOf(epoch) + (passedOver ? this.progress(run.to) : '');
  }

  private progress(to: number): string {
    return sentEvent('progress', this.served.record.epoch, to, `{"to":${to}}`);
  }
}
