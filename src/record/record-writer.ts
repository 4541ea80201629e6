import type { Statement } from 'better-sqlite3';
import { canonicalEvent } from '../event/canonical.js';
import type { RecordedEvent, StreamEvent } from '../event/event.js';
import { fingerprint } from '../event/fingerprint.js';
import { amend } from '../folding/amend.js';
import { subjectOf } from '../event/subject.js';
import { dated, isFact, targetOf, type Fact } from '../folding/fact.js';
import { EventTooLarge } from '../log/event-log.js';
import type { ReadSide } from '../log/group-commit.js';
import { MAX_ENTRY_BYTES } from '../proof/entry-bundle.js';
import type { Bounds } from '../time/occurred.js';
import { HistoryReader, foldsElsewhere } from './history-reader.js';
import { Projector } from './projector.js';
import type { Db } from './schema.js';
import { kindTag, tagsOf } from './tags.js';

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
 * with the states that they change, all in the transaction that the log opened.
 */
export class RecordWriter implements ReadSide {
  readonly projector: Projector;
  readonly histories: HistoryReader;
  private readonly listeners: ((events: readonly Written[]) => void)[] = [];
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
    // FAIL spares SQLite a journal for each statement: what fails here fails the group, and all of it is rolled back.
    this.insertEvent = db.prepare('INSERT OR FAIL INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
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

  /** Tells of each group as it has become durable and visible. A listener must not throw. */
  onCommit(listener: (events: readonly Written[]) => void): void {
    this.listeners.push(listener);
  }

  begin(): void {
    this.beginTransaction.run();
  }

  /** The last revision of a stream, -1 where there is none. */
  revisionOf(stream: string): number {
    return this.projector.state(stream)?.revision ?? -1;
  }

  take(events: readonly StreamEvent[]): { bytes: number } {
    const placed = this.place(events);
    let size = 0;
    for (const { event, bytes } of placed) {
      if (isFact(event)) this.storeFact(event, bytes);
      else this.storeAmendment(event, bytes);
      size += bytes.length;
    }
    return { bytes: size };
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

  private storeFact(fact: Fact, bytes: string): void {
    const elsewhere = foldsElsewhere(fact);
    this.projector.take(fact, elsewhere);
    this.store(fact, bytes, tagsOf(fact, elsewhere === undefined ? [] : [elsewhere]), fingerprint(fact));
  }

  /** Stores an amendment under what its fact says with it, and folds anew what the fact changes or ever changed. */
  private storeAmendment(amendment: RecordedEvent & Bounds, bytes: string): void {
    const fact = this.histories.factOf(amendment);
    const amendments = [...this.histories.amendments(fact.id), amendment];
    const holds = amend([fact, ...amendments])[0]!;
    const elsewhere = this.histories.elsewhere(
      fact,
      amendments.filter(({ corrects }) => corrects !== undefined),
    );
    // What may change a fact is found by what the fact says with it, so that a repeat of that is known as one.
    const print = fingerprint(amendment.corrects || amendment.retracts ? holds : amendment);
    this.store(amendment, bytes, tagsOf(amendment, elsewhere, new Set([targetOf(amendment)!, fact.id])), print);
    this.projector.amend(amendment, holds, [amendment.stream, ...elsewhere]);
  }

  private store(event: RecordedEvent & Bounds, bytes: string, tags: string[], print: Buffer): void {
    const { sequence, id, stream, revision, type, recordedAt, recordedBy, confidence, commandKey, earliest, latest } = event;
    this.insertEvent.run(
      sequence,
      id,
      stream,
      revision,
      type,
      Date.parse(recordedAt),
      earliest,
      latest,
      confidence ?? null,
      print,
      recordedBy,
      commandKey ?? null,
      bytes,
    );
    this.insertTags(tags.length).run(...tags.flatMap((tag) => [tag, sequence]));
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
    this.projector.store();
    this.commitTransaction.run();
    this.committed = this.newest;
    const written = this.taken;
    this.taken = [];
    this.newestGroup = new Map(written.map(({ id, sequence }) => [id, sequence]));
    if (written.length) for (const listener of this.listeners) listener(written);
  }

  rollback(): void {
    if (this.db.inTransaction) this.rollbackTransaction.run();
    this.projector.forget();
    this.taken = [];
    this.newest = this.committed;
  }
}
