import type { Statement } from 'better-sqlite3';
import { canonicalEvent } from '../event/canonical.js';
import type { RecordedEvent, StreamEvent } from '../event/event.js';
import { subjectOf } from '../event/subject.js';
import { dated, isFact } from '../folding/fact.js';
import { AppendFailed, EventTooLarge, type FailureReason } from '../log/event-log.js';
import type { ReadSide } from '../log/group-commit.js';
import { MAX_ENTRY_BYTES } from '../proof/entry-bundle.js';
import type { Bounds } from '../time/occurred.js';
import { dirname } from 'node:path';
import { DiskWatch, type WriteFailure } from './disk-watch.js';
import { columnsOf, filed } from './filing.js';
import { HistoryReader } from './history-reader.js';
import { Projector } from './projector.js';
import type { Db } from './schema.js';
import { kindTag } from './tags.js';
import { RecordTree } from './tree.js';
import { cutTail } from './wal-tail.js';

/** An event as it left the writer. */
export interface Written {
  id: string;
  sequence: number;
  /** Its canonical bytes, as text. */
  bytes: string;
  tags: string[];
}

/**
 * The one writer of record.db. It gives each event its place in the record, makes its canonical bytes, and stores them with their tags and
 * with the states that they change and their leaves, all in the transaction that the log opened.
 */
export class RecordWriter implements ReadSide {
  readonly projector: Projector;
  readonly histories: HistoryReader;
  readonly tree: RecordTree;
  readonly disk: DiskWatch;
  /** How many groups were lost, by what kept them from being written. */
  readonly lost = new Map<FailureReason, number>();
  private readonly listeners: ((events: readonly Written[], took: number) => void)[] = [];
  private readonly insertEvent;
  /** A statement for each number of tags: one call for all the tags of an event. */
  private readonly tagInserts = new Map<number, Statement>();
  private readonly beginTransaction;
  private readonly commitTransaction;
  private readonly rollbackTransaction;
  private readonly selectLast;
  private readonly selectSequence;
  private taken: Written[] = [];
  private newestGroup = new Map<string, number>();
  private committed: { sequence: number; recordedAt: string };
  private newest: { sequence: number; recordedAt: string };

  constructor(readonly db: Db) {
    this.histories = new HistoryReader(db);
    this.projector = new Projector(db, this.histories);
    this.tree = new RecordTree(db);
    this.disk = new DiskWatch(dirname(db.name), () => this.probe());
    // FAIL spares SQLite a journal for each statement: what fails here fails the group, and all of it is rolled back.
    this.insertEvent = db.prepare('INSERT OR FAIL INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.beginTransaction = db.prepare('BEGIN IMMEDIATE');
    this.commitTransaction = db.prepare('COMMIT');
    this.rollbackTransaction = db.prepare('ROLLBACK');
    this.selectSequence = db.prepare<[string], number>('SELECT sequence FROM events WHERE id = ?').pluck();
    this.selectLast = db.prepare<[], string>('SELECT bytes FROM events ORDER BY sequence DESC LIMIT 1').pluck();
    const last = this.selectLast.get();
    this.newest = this.committed = last ? (JSON.parse(last) as RecordedEvent) : { sequence: 0, recordedAt: '' };
  }

  /** The sequence of the last event that is durable. */
  get head(): number {
    return this.committed.sequence;
  }

  /** The sequence of an event that is durable. Those of the newest group are at hand: their writers ask for them next. */
  sequenceOf(id: string): number | undefined {
    return this.newestGroup.get(id) ?? this.selectSequence.get(id);
  }

  /** Tells of each group as it has become durable and visible, and how many milliseconds that took. A listener must not throw. */
  onCommit(listener: (events: readonly Written[], took: number) => void): void {
    this.listeners.push(listener);
  }

  /** Why nothing can be written just now; undefined as long as it can. */
  get failure(): WriteFailure | undefined {
    return this.disk.failure;
  }

  begin(): void {
    this.disk.admit();
    this.undo();
    this.guarded(() => this.beginTransaction.run());
  }

  /** The last revision of a stream, -1 where there is none. */
  revisionOf(stream: string): number {
    return this.projector.state(stream)?.revision ?? -1;
  }

  take(events: readonly StreamEvent[]): { bytes: number } {
    const placed = this.place(events);
    return this.guarded(() => {
      let size = 0;
      for (const { event, bytes } of placed) {
        this.store(event, bytes);
        size += bytes.length;
      }
      return { bytes: size };
    });
  }

  /** Gives events their places and their bytes. */
  private place(events: readonly StreamEvent[]): { event: RecordedEvent & Bounds; bytes: string }[] {
    let { sequence, recordedAt } = this.newest;
    return events.map((recorded) => {
      sequence += 1;
      // The clock may jump back; the record does not.
      if (recorded.recordedAt > recordedAt) recordedAt = recorded.recordedAt;
      const event = dated({ ...recorded, sequence, recordedAt });
      const bytes = canonicalEvent(event);
      // No text has more than three bytes of UTF-8 for each of its characters.
      if (bytes.length * 3 > MAX_ENTRY_BYTES && Buffer.byteLength(bytes) > MAX_ENTRY_BYTES)
        throw new EventTooLarge(Buffer.byteLength(bytes), MAX_ENTRY_BYTES);
      return { event, bytes };
    });
  }

  private store(event: RecordedEvent & Bounds, bytes: string): void {
    const { id, sequence, stream, recordedAt } = event;
    const { tags, print, elsewhere, holds } = filed(event, this.histories);
    // A fact is folded before it can be read back, an amendment once it can.
    if (isFact(event)) this.projector.take(event, elsewhere[0]);
    this.insertEvent.run(...columnsOf(event, print), bytes, this.tree.take(bytes));
    this.insertTags(tags.length).run(...tags.flatMap((tag) => [tag, sequence]));
    if (!isFact(event)) this.projector.amend(event, holds, [stream, ...elsewhere]);
    this.newest = { sequence, recordedAt };
    this.taken.push({ id, sequence, bytes, tags: [...tags, kindTag(subjectOf(stream)!.kind)] });
  }

  private insertTags(count: number): Statement {
    let insert = this.tagInserts.get(count);
    if (!insert)
      this.tagInserts.set(count, (insert = this.db.prepare(`INSERT OR FAIL INTO tags VALUES ${Array(count).fill('(?, ?)').join()}`)));
    return insert;
  }

  commit(): void {
    const began = performance.now();
    this.guarded(() => {
      this.projector.store();
      this.tree.store();
      this.commitTransaction.run();
    }, 'commits');
    this.tree.settle();
    this.committed = this.newest;
    this.disk.worked();
    const took = performance.now() - began;
    const written = this.taken;
    this.taken = [];
    this.newestGroup = new Map(written.map(({ id, sequence }) => [id, sequence]));
    if (written.length) for (const listener of this.listeners) listener(written, took);
  }

  rollback(): void {
    const reason = this.failure?.reason ?? 'unknown';
    this.lost.set(reason, (this.lost.get(reason) ?? 0) + 1);
    this.projector.forget();
    this.tree.forget();
    this.taken = [];
    this.newest = this.committed;
    this.undo();
  }

  /** SQLite undoes most of what a disk fails by itself. Where that fails too, the next transaction has to. */
  private undo(): void {
    try {
      if (this.db.inTransaction) this.rollbackTransaction.run();
    } catch (error) {
      this.disk.failed(error, performance.now());
    }
  }

  /** Runs what writes. Where the disk fails it, nothing of the transaction is kept, and the error says why. */
  private guarded<T>(write: () => T, what?: 'commits'): T {
    const began = performance.now();
    try {
      return write();
    } catch (error) {
      // Asked before anything is taken back, which makes room.
      const reason = this.disk.reasonOf(error);
      this.undo();
      const isLost = what !== 'commits' || cutTail(this.db);
      this.disk.failed(error, began, reason);
      throw reason || !isLost ? new AppendFailed(error, reason, !isLost) : error;
    }
  }

  /** Writes one page that says what it said before. While a group is open, that is what shows whether the disk works. */
  private probe(): void {
    if (!this.db.inTransaction) this.db.pragma(`user_version = ${this.db.pragma('user_version', { simple: true }) as number}`);
  }
}
