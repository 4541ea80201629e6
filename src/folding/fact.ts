import type { RecordedEvent } from '../event/event.js';
import { ALWAYS, NEVER, bounds, type Bounds } from '../time/occurred.js';

/** An event that reports what happened, as it is folded: what it says, and when it may have happened. */
export interface Fact extends RecordedEvent, Bounds {
  occurred: string;
}

/** What an older release accepted as a date and this one can't read happened at some time. */
const SOMETIME: Bounds = { earliest: ALWAYS, latest: NEVER };

/** What tells no date is found by none. */
const UNTOLD: Bounds = { earliest: NEVER, latest: ALWAYS };

/** Whether an event reports what happened in the world. The others, the amendments, tell about events. */
export function isFact<T extends RecordedEvent>(event: T): event is T & { occurred: string } {
  return !event.type.startsWith('Event');
}

/** The event that an amendment aims at. */
export function targetOf({ corrects, retracts, corroborates, disputes }: RecordedEvent): string | undefined {
  return corrects ?? retracts ?? corroborates ?? disputes;
}

/** An event with its bounds. Written out, because every event passes here: a copy by spreading takes several times as long. */
export function dated(event: RecordedEvent): RecordedEvent & Bounds {
  const { earliest, latest } = event.occurred === undefined ? UNTOLD : (bounds(event.occurred) ?? SOMETIME);
  return {
    sequence: event.sequence,
    id: event.id,
    stream: event.stream,
    revision: event.revision,
    type: event.type,
    version: event.version,
    occurred: event.occurred,
    recordedAt: event.recordedAt,
    recordedBy: event.recordedBy,
    sources: event.sources,
    accordingTo: event.accordingTo,
    confidence: event.confidence,
    about: event.about,
    data: event.data,
    corrects: event.corrects,
    retracts: event.retracts,
    corroborates: event.corroborates,
    disputes: event.disputes,
    commandKey: event.commandKey,
    earliest,
    latest,
  };
}

/** A fact as it is folded. */
export function factOf(event: RecordedEvent & { occurred: string }): Fact {
  return dated(event) as Fact;
}
