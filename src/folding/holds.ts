import type { RecordedEvent } from '../event/event.js';
import { sourceKey } from './source.js';

/** What holds of an event with all that amends it: its fields as they read now, with the sources and statements that came to corroborate it. */
export function holds(
  event: RecordedEvent,
  amendments: readonly RecordedEvent[],
): Pick<RecordedEvent, 'occurred' | 'sources' | 'accordingTo' | 'confidence' | 'data'> {
  const { occurred, confidence, data } = event;
  const tellers = [event, ...amendments.filter(({ corroborates }) => corroborates === event.id)];
  const sources = new Map(
    tellers
      .flatMap((teller) => teller.sources)
      .map((source) => [sourceKey(source), source] as const)
      .reverse(),
  );
  const accordingTo = [...new Set(tellers.flatMap((teller) => teller.accordingTo ?? []))];
  return {
    occurred,
    sources: [...sources.values()].reverse(),
    ...(accordingTo.length && { accordingTo }),
    ...(confidence && { confidence }),
    data,
  };
}
