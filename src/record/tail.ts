import type { RecordedEvent } from '../event/event.js';
import { eventRef, subjectOf } from '../event/subject.js';
import type { Facts } from '../event/fingerprint.js';
import { fingerprint } from '../event/fingerprint.js';
import type { Standing } from '../folding/amend.js';
import { factOf, isFact } from '../folding/fact.js';
import type { Folded } from '../folding/fold.js';
import type { FailureReason } from '../log/event-log.js';
import type { RecordWriter } from './record-writer.js';

/** What the decider sees: all that is committed and all that the open group has written before. */
export class Tail {
  private readonly selectByKey;
  private readonly selectByFingerprint;
  private readonly selectSince;
  private readonly selectAmendedSince;

  constructor(private readonly writer: RecordWriter) {
    const { db } = writer;
    this.selectByKey = db.prepare<[string, string], string>('SELECT bytes FROM events WHERE recordedBy = ? AND commandKey = ?').pluck();
    this.selectByFingerprint = db
      .prepare<[Buffer, number], string>('SELECT bytes FROM events WHERE fingerprint = ? ORDER BY sequence DESC LIMIT ?')
      .pluck();
    this.selectAmendedSince = db
      .prepare<[string, number], string>(
        "SELECT bytes FROM events WHERE stream = ? AND revision > ? AND type LIKE 'Event%' ORDER BY revision",
      )
      .pluck();
    this.selectSince = db
      .prepare<[string, number], string>('SELECT bytes FROM events WHERE stream = ? AND revision > ? ORDER BY revision')
      .pluck();
  }

  /** The sequence of the last event that is durable. */
  get head(): number {
    return this.writer.head;
  }

  sequenceOf(id: string): number | undefined {
    return this.writer.sequenceOf(id);
  }

  /** Why looking failed, where that was for the disk. */
  failed(error: unknown): FailureReason | undefined {
    return this.writer.disk.failed(error, performance.now());
  }

  state(stream: string): Folded | undefined {
    return this.writer.projector.state(stream);
  }

  /** The event that an id or a place in a stream names. */
  event(ref: { id: string } | { stream: string; revision: number }): RecordedEvent | undefined {
    return parse(this.writer.histories.bytesOf(ref));
  }

  /** The stream that a reference is about, if what it names exists. */
  streamNamed(name: string): string | undefined {
    if (subjectOf(name)) return this.state(name) && name;
    const ref = eventRef(name);
    return ref && this.event(ref)?.stream;
  }

  /** The event that a caller's earlier command of the same key made. */
  byKey(caller: string, key: string): RecordedEvent | undefined {
    return parse(this.selectByKey.get(caller, key));
  }

  /** The newest fact that says the same as it holds now; undefined where there is none, or it was retracted. */
  sameAs(facts: Facts): Standing | undefined {
    const print = fingerprint(facts);
    // An amendment is found by what its fact says with it. The fact may have come to say something else since.
    for (const bytes of this.selectByFingerprint.all(print, MAX_ALIKE)) {
      const fact = this.factOf(JSON.parse(bytes) as RecordedEvent);
      const holds = this.standing(fact);
      if (!holds.retractedBy && fingerprint(holds).equals(print)) return holds;
    }
    return undefined;
  }

  /** The facts of a stream behind a revision, and those that were amended there, as they hold. To be read, or left, before anything is written. */
  *since(stream: string, revision: number): Iterable<Standing> {
    // Few are amended: those are looked up, and the others taken as they are.
    const amended = new Map(this.selectAmendedSince.all(stream, revision).map((bytes) => this.amendedBy(bytes)));
    for (const holds of amended.values()) if (!holds.retractedBy) yield holds;
    for (const bytes of this.selectSince.iterate(stream, revision)) {
      const event = JSON.parse(bytes) as RecordedEvent;
      if (isFact(event) && !amended.has(event.id)) yield factOf(event);
    }
  }

  private amendedBy(bytes: string): [id: string, holds: Standing] {
    const holds = this.standing(this.factOf(JSON.parse(bytes) as RecordedEvent));
    return [holds.id, holds];
  }

  /** The fact that an event is, or that an amendment aims at in the end. */
  factOf(event: RecordedEvent): RecordedEvent {
    return isFact(event) ? event : this.writer.histories.factOf(event);
  }

  /** What amends an event, in order. */
  amendments(id: string): RecordedEvent[] {
    return this.writer.histories.amendments(id);
  }

  /** A fact as it holds. */
  standing(fact: RecordedEvent): Standing {
    return this.writer.histories.standing(fact);
  }
}

/** How many events of one content are looked through. Another of it is recorded only where those before it no longer hold. */
const MAX_ALIKE = 100;

function parse(bytes: string | undefined): RecordedEvent | undefined {
  return bytes === undefined ? undefined : (JSON.parse(bytes) as RecordedEvent);
}
