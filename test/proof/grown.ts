import type { NewEvent, StreamEvent } from '../../src/event/event.js';
import type { OpenRecord } from '../../src/record/record.js';
import { made } from '../log/made.js';

/** So that no stream grows long. */
const STREAMS = 64;

/** The next events of a record, each with a text of its own, as a log would hand them to the writer. */
export function next({ writer }: OpenRecord, count: number, more: Partial<NewEvent> = {}): StreamEvent[] {
  const revisions = new Map<string, number>();
  return Array.from({ length: count }, (_, at) => {
    const stream = `zone-z${(writer.head + at) % STREAMS}`;
    const revision = (revisions.get(stream) ?? writer.revisionOf(stream)) + 1;
    revisions.set(stream, revision);
    return { ...made(stream, `${writer.head + at}`, more), stream, revision };
  });
}

/** Grows a record to so many events, in groups of `group` at the most. It is not durable: a test does not lose its power. */
export function growTo(record: OpenRecord, size: number, group = 2_000, more: Partial<NewEvent> = {}): void {
  const { writer } = record;
  writer.db.pragma('synchronous = OFF');
  while (writer.head < size) {
    writer.begin();
    writer.take(next(record, Math.min(group, size - writer.head), more));
    writer.commit();
  }
  writer.db.pragma('synchronous = FULL');
}
