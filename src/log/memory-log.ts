import type { NewEvent, StreamEvent } from '../event/event.js';
import { AppendFailed, type Cursor, type EventLog, type Expected } from './event-log.js';
import { checkRevision } from './revision.js';
import { Growth } from './follower.js';
import { GroupCommit, type ReadSide, type Transactional } from './group-commit.js';

/** The reference: what the port means, with nothing to install. It keeps nothing beyond its process. */
export class MemoryLog implements EventLog, Transactional {
  private readonly all: StreamEvent[] = [];
  private readonly streams = new Map<string, StreamEvent[]>();
  private readonly growth = new Growth();
  private readonly group = new GroupCommit(this);
  private durable = 0;
  private closed = false;

  constructor(private readonly readSide?: ReadSide) {}

  append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<{ revision: number }> {
    if (this.closed) return Promise.reject(new AppendFailed('it is closed', 'closed'));
    return this.group.run(() => {
      const entries = this.streams.get(stream) ?? [];
      const first = checkRevision(stream, expected, entries.length - 1, events, (revision) => entries[revision]?.id);
      const result = { revision: first + events.length - 1 };
      if (first < entries.length) return { result, events: 0, bytes: 0 };
      const placed = events.map((event, at) => ({ ...event, stream, revision: first + at }));
      const bytes = this.readSide?.take(placed).bytes ?? 0;
      entries.push(...placed);
      this.all.push(...placed);
      this.streams.set(stream, entries);
      return { result, events: events.length, bytes };
    });
  }

  async *readStream(stream: string, from = 0): AsyncIterable<StreamEvent> {
    for (const event of this.all.slice(0, this.durable)) if (event.stream === stream && event.revision >= from) yield event;
  }

  follow(cursor?: Cursor, signal?: AbortSignal): AsyncIterable<{ event: StreamEvent; next: Cursor }> {
    const page = (from: Cursor | undefined) => {
      const start = Number(from ?? 0);
      return this.all.slice(start, this.durable).map((event, at) => ({ event, next: String(start + at + 1) }));
    };
    return this.growth.follow(page, cursor, signal);
  }

  async close(): Promise<void> {
    this.group.flush();
    this.closed = true;
    this.growth.close();
  }

  begin(): void {
    this.readSide?.begin();
  }

  commit(): void {
    this.readSide?.commit();
    this.durable = this.all.length;
    this.growth.grew();
  }

  rollback(): void {
    this.readSide?.rollback();
    for (const { stream } of this.all.splice(this.durable)) this.streams.get(stream)!.pop();
  }
}
