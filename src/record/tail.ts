import type { RecordedEvent } from '../event/event.js';
import type { Folded } from '../folding/fold.js';
import type { RecordWriter } from './record-writer.js';
import { EVENTS_OF_A_TAG, amends } from './tags.js';

/** What the decider sees: all that is committed and all that the open group has written before. */
export class Tail {
  private readonly selectById;
  private readonly selectByPlace;
  private readonly selectByKey;
  private readonly selectByFingerprint;
  private readonly selectSince;
  private readonly selectTagged;

  constructor(private readonly writer: RecordWriter) {
    const { db } = writer;
    this.selectById = db.prepare<[string], string>('SELECT bytes FROM events WHERE id = ?').pluck();
    this.selectByPlace = db.prepare<[string, number], string>('SELECT bytes FROM events WHERE stream = ? AND revision = ?').pluck();
    this.selectByKey = db.prepare<[string, string], string>('SELECT bytes FROM events WHERE recordedBy = ? AND commandKey = ?').pluck();
    this.selectByFingerprint = db
      .prepare<[Buffer], string>('SELECT bytes FROM events WHERE fingerprint = ? ORDER BY sequence DESC LIMIT 1')
      .pluck();
    this.selectTagged = db.prepare<[string], string>(EVENTS_OF_A_TAG).pluck();
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

  state(stream: string): Folded | undefined {
    return this.writer.projector.state(stream);
  }

  /** The event that an id or a place in a stream names. */
  event(ref: { id: string } | { stream: string; revision: number }): RecordedEvent | undefined {
    return parse('id' in ref ? this.selectById.get(ref.id) : this.selectByPlace.get(ref.stream, ref.revision));
  }

  /** The event that a caller's earlier command of the same key made. */
  byKey(caller: string, key: string): RecordedEvent | undefined {
    return parse(this.selectByKey.get(caller, key));
  }

  /** The newest event that says the same. */
  byFingerprint(fingerprint: Buffer): RecordedEvent | undefined {
    return parse(this.selectByFingerprint.get(fingerprint));
  }

  /** The events of a stream behind a revision, in order. To be read through, or left, before anything is written. */
  *since(stream: string, revision: number): Iterable<RecordedEvent> {
    for (const bytes of this.selectSince.iterate(stream, revision)) yield JSON.parse(bytes) as RecordedEvent;
  }

  /** The events that corroborate one. */
  corroborations(id: string): RecordedEvent[] {
    return this.selectTagged.all(amends(id)).map((bytes) => JSON.parse(bytes) as RecordedEvent);
  }
}

function parse(bytes: string | undefined): RecordedEvent | undefined {
  return bytes === undefined ? undefined : (JSON.parse(bytes) as RecordedEvent);
}
