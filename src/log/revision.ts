import type { NewEvent } from '../event/event.js';
import { WrongRevision, type Expected } from './event-log.js';

/**
 * The revision at which the events of an append stand, or `WrongRevision`. Where they stand already, under the same ids, the append is a
 * repeat, and that revision is not above `last`. `last` is the stream's last revision, -1 where it does not exist.
 */
export function checkRevision(
  stream: string,
  expected: Expected,
  last: number,
  events: readonly NewEvent[],
  idAt: (revision: number) => string | undefined,
): number {
  const first = expected === 'none' ? 0 : expected + 1;
  if (first === last + 1) return first;
  const repeated = events.length > 0 && events.every((event, at) => idAt(first + at) === event.id);
  if (repeated) return first;
  throw new WrongRevision(stream, expected, last < 0 ? 'none' : last);
}
