import type { RecordedEvent } from '../event/event.js';
import { ALWAYS, NEVER, bounds, type Bounds } from '../time/occurred.js';

/** An event as it is folded: what it says, and when it may have happened. */
export interface Fact extends RecordedEvent, Bounds {}

export function factOf(event: RecordedEvent): Fact {
  // What an older release accepted as a date and this one can't read happened at some time.
  return { ...event, ...(bounds(event.occurred) ?? { earliest: ALWAYS, latest: NEVER }) };
}
