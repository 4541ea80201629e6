import type { NewEvent, RecordedEvent, StreamEvent } from '../event/event.js';
import type { RecordWriter } from '../record/record-writer.js';
import type { Db } from '../record/schema.js';
import { AppendFailed, type Cursor, type EventLog, type Expected } from './event-log.js';
import { Growth } from './follower.js';
import { GroupCommit } from './group-commit.js';
import { checkRevision } from './revision.js';

const PAGE = 256;

/**
 * The default: the record's own table of events is the log, so that one transaction holds an event and all that follows from it. The
 * writer gives the sequence and keeps it to itself; a cursor is that sequence as a text.
 */
export class SqliteLog implements EventLog {
  private readonly growth = new Growth();
  private readonly group: GroupCommit;
  private readonly selectId;
  private readonly selectStream;
  private readonly selectAfter;
  private closed = false;

  /** `durable` is another connection to the writer's file, which sees what is committed. */
  constructor(
    private readonly writer: RecordWriter,
    durable: Db,
  ) {
    this.group = new GroupCommit(writer);
    this.selectId = writer.db.prepare<[string, number], string>('SELECT id FROM events WHERE stream = ? AND revision = ?').pluck();
    this.selectStream = durable
      .prepare<[string, number], string>(`SELECT bytes FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ${PAGE}`)
      .pluck();
    this.selectAfter = durable
      .prepare<[number], string>(`SELECT bytes FROM events WHERE sequence > ? ORDER BY sequence LIMIT ${PAGE}`)
      .pluck();
    writer.onCommit(() => this.growth.grew());
  }

  append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<{ revision: number }> {
    if (this.closed) return Promise.reject(new AppendFailed('it is closed', 'closed'));
    return this.group.run(() => {
      const last = this.writer.revisionOf(stream);
      const first = checkRevision(stream, expected, last, events, (revision) => this.selectId.get(stream, revision));
      const result = { revision: first + events.length - 1 };
      if (first <= last) return { result, events: 0, bytes: 0 };
      const placed = events.map((event, at) => ({ ...event, stream, revision: first + at }));
      return { result, events: events.length, bytes: this.writer.take(placed).bytes };
    });
  }

  async *readStream(stream: string, from = 0): AsyncIterable<StreamEvent> {
    for (let next = from; ; next += PAGE) {
      const page = this.selectStream.all(stream, next);
      for (const bytes of page) yield asLogged(bytes).event;
      if (page.length < PAGE) return;
    }
  }

  follow(cursor?: Cursor, signal?: AbortSignal): AsyncIterable<{ event: StreamEvent; next: Cursor }> {
    return this.growth.follow((from) => this.selectAfter.all(Number(from ?? 0)).map(asLogged), cursor, signal);
  }

  async close(): Promise<void> {
    this.group.flush();
    this.closed = true;
    this.growth.close();
  }
}

function asLogged(bytes: string): { event: StreamEvent; next: Cursor } {
  const { sequence, ...event } = JSON.parse(bytes) as RecordedEvent;
  return { event, next: String(sequence) };
}
