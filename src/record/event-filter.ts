import type { Confidence } from '../event/event.js';
import type { Kind } from '../event/subject.js';
import { AXES, tag, type Axis } from './tags.js';

/** Which events are asked for: any value within an axis, all across axes. Instants in milliseconds. */
export interface EventFilter extends Partial<Record<Axis, readonly string[]>> {
  /** Lists of streams, each of which an event must be about one of. */
  about: readonly (readonly string[])[];
  /** The kinds of the subjects in whose streams they stand. */
  kind?: readonly Kind[];
  confidence?: readonly Confidence[];
  /** Events that may have happened at this instant or later. */
  occurredFrom?: number;
  occurredTo?: number;
  recordedFrom?: number;
  recordedTo?: number;
}

/** The statement that finds a filter's events in a window of sequences, and the parameters that it takes before its limit. */
export function queryOf(filter: EventFilter): { sql: string; parameters(from: number, to: number): unknown[] } {
  const axes: string[][] = filter.about.map((streams) => [...streams]);
  for (const axis of AXES) if (filter[axis]) axes.push(filter[axis].map((value) => tag(axis, value)));
  // The first axis is walked, the others are looked up: subjects come first, as the narrowest.
  const [driver, ...others] = axes;
  const conditions: string[] = others.map((tags) => `EXISTS (SELECT 1 FROM tags WHERE tag IN (${marks(tags)}) AND sequence = e.sequence)`);
  const values: unknown[] = others.flat();
  const compare = (condition: string, instant: number | undefined) => {
    if (instant === undefined) return;
    conditions.push(condition);
    values.push(instant);
  };
  if (filter.kind) {
    conditions.push(`(${filter.kind.map(() => '(e.stream > ? AND e.stream < ?)').join(' OR ')})`);
    // A hyphen and the character behind it: every stream of the kind is between.
    values.push(...filter.kind.flatMap((kind) => [`${kind}-`, `${kind}.`]));
  }
  if (filter.confidence) {
    conditions.push(`e.confidence IN (${marks(filter.confidence)})`);
    values.push(...filter.confidence);
  }
  compare('e.latest >= ?', filter.occurredFrom);
  compare('e.earliest <= ?', filter.occurredTo);
  const where = conditions.map((condition) => ` AND ${condition}`).join('');
  if (!driver) {
    const sql = `SELECT e.sequence, e.bytes FROM events e WHERE e.sequence > ? AND e.sequence <= ?${where} ORDER BY e.sequence LIMIT ?`;
    return { sql, parameters: (from, to) => [from, to, ...values] };
  }
  const found = `SELECT DISTINCT sequence FROM tags WHERE tag IN (${marks(driver)}) AND sequence > ? AND sequence <= ?`;
  const sql = `SELECT e.sequence, e.bytes FROM (${found}) f CROSS JOIN events e ON e.sequence = f.sequence WHERE true${where} ORDER BY e.sequence LIMIT ?`;
  return { sql, parameters: (from, to) => [...driver, from, to, ...values] };
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join();
}
