import type { RecordedEvent } from '../event/event.js';
import { fingerprint } from '../event/fingerprint.js';
import { amend, type Standing } from '../folding/amend.js';
import { isFact, targetOf } from '../folding/fact.js';
import type { Bounds } from '../time/occurred.js';
import { foldsElsewhere, type HistoryReader } from './history-reader.js';
import { tagsOf } from './tags.js';

/** What an event is found by, and which subjects it changes. */
export interface Filing {
  tags: string[];
  /** What its fact says: of an amendment, what the fact says with it. */
  print: Buffer;
  /** The subjects of other streams that it changes. */
  elsewhere: string[];
  /** The fact that it is, or amends, as it holds with it. */
  holds: Standing;
}

/** How an event is filed: it follows from the event and from those before it, and from nothing that is recorded later. */
export function filed(event: RecordedEvent & Bounds, histories: HistoryReader): Filing {
  if (isFact(event)) {
    const own = foldsElsewhere(event);
    const elsewhere = own === undefined ? [] : [own];
    return { tags: tagsOf(event, elsewhere), print: fingerprint(event), elsewhere, holds: event };
  }
  const fact = histories.factOf(event);
  const amendments = [...histories.amendments(fact.id, event.sequence - 1), event];
  const holds = amend([fact, ...amendments])[0]!;
  const corrections = amendments.filter(({ corrects }) => corrects !== undefined);
  const elsewhere = [...histories.elsewhere(fact, corrections)];
  // What may change a fact is found by what the fact says with it, so that a repeat of that is known as one.
  const print = fingerprint(event.corrects || event.retracts ? holds : event);
  return { tags: tagsOf(event, elsewhere, new Set([targetOf(event)!, fact.id])), print, elsewhere, holds };
}

/** An event as the columns of `events` have it, in their order, but for its bytes and its leaf. */
export function columnsOf(event: RecordedEvent & Bounds, print: Buffer) {
  const { sequence, id, stream, revision, type, recordedAt, recordedBy, confidence, commandKey, earliest, latest } = event;
  const found = [Date.parse(recordedAt), earliest, latest, confidence ?? null, print, recordedBy, commandKey ?? null] as const;
  return [sequence, id, stream, revision, type, ...found] as const;
}
