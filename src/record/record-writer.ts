import { canonicalEvent } from '../event/canonical.js';
import type { RecordedEvent, StreamEvent } from '../event/event.js';
import { fingerprint } from '../event/fingerprint.js';
import type { ReadSide } from '../log/group-commit.js';
import { subjectOfStream } from '../subjects.js';
import { Projector } from './projector.js';
import type { Db } from './schema.js';
import { tagsOf } from './tags.js';

/** An event as it left the writer. */
export interface Written {
  sequence: number;
  /** Its canonical bytes, as text. */
  bytes: string;
  tags: string[];
}

/**
 * The one writer of record.db. It gives each event its place in the record, makes its canonical bytes, and stores them with their tags and
 * with the states that they change, all in the transaction that the log opened.
 */
export class RecordWriter implements ReadSide {
  readonly projector: Projector;
  private readonly listeners: ((events: readonly Written[]) => void)[] = [];
  private readonly insertEvent;
  private readonly insertTag;
  private readonly beginTransaction;
  private readonly commitTransaction;
  private readonly rollbackTransaction;
  private readonly selectLast;
  private taken: Written[] = [];
  private committed: { sequence: number; recordedAt: string };
  private newest: { sequence: number; recordedAt: string };

  constructor(readonly db: Db) {
    this.projector = new Projector(db);
    this.insertEvent = db.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.insertTag = db.prepare('INSERT INTO tags VALUES (?, ?)');
    this.beginTransaction = db.prepare('BEGIN IMMEDIATE');
    this.commitTransaction = db.prepare('COMMIT');
    this.rollbackTransaction = db.prepare('ROLLBACK');
    this.selectLast = db.prepare<[], string>('SELECT bytes FROM events ORDER BY sequence DESC LIMIT 1').pluck();
    const last = this.selectLast.get();
    this.newest = this.committed = last ? (JSON.parse(last) as RecordedEvent) : { sequence: 0, recordedAt: '' };
  }

  /** The sequence of the last event that is durable. */
  get head(): number {
    return this.committed.sequence;
  }

  /** Tells of each group as it has become durable and visible. A listener must not throw. */
  onCommit(listener: (events: readonly Written[]) => void): void {
    this.listeners.push(listener);
  }

  begin(): void {
    this.beginTransaction.run();
  }

  take(event: StreamEvent): { bytes: number } {
    const sequence = this.newest.sequence + 1;
    // The clock may jump back; the record does not.
    const recordedAt = event.recordedAt < this.newest.recordedAt ? this.newest.recordedAt : event.recordedAt;
    const recorded: RecordedEvent = { ...event, sequence, recordedAt };
    const alsoFoldsInto = subjectOfStream(event.stream).alsoFoldsInto?.(event.type, event.data);
    const bytes = canonicalEvent(recorded);
    const tags = tagsOf(recorded, alsoFoldsInto);
    const { earliest, latest } = this.projector.take(recorded, alsoFoldsInto);
    this.insertEvent.run(
      sequence,
      event.id,
      event.stream,
      event.revision,
      event.type,
      Date.parse(recordedAt),
      earliest,
      latest,
      fingerprint(event),
      event.recordedBy,
      event.commandKey ?? null,
      bytes,
    );
    for (const tag of tags) this.insertTag.run(tag, sequence);
    this.newest = { sequence, recordedAt };
    this.taken.push({ sequence, bytes, tags });
    return { bytes: bytes.length };
  }

  commit(): void {
    this.projector.store();
    this.commitTransaction.run();
    this.committed = this.newest;
    const written = this.taken;
    this.taken = [];
    if (written.length) for (const listener of this.listeners) listener(written);
  }

  rollback(): void {
    if (this.db.inTransaction) this.rollbackTransaction.run();
    this.projector.forget();
    this.taken = [];
    this.newest = this.committed;
  }
}
