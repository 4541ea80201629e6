import type { RecordedEvent, Source } from '../event/event.js';
import { NEVER, bounds } from '../time/occurred.js';
import { amend, type Standing } from './amend.js';
import { isFact } from './fact.js';

/** Where a read stands in time, in milliseconds: only what had happened, and only what had been published, by then. */
export interface Viewpoint {
  asOf?: number | undefined;
  publishedBy?: number | undefined;
}

/** All that changes the state of one subject, as it is seen from somewhere. */
export interface History {
  stream: string;
  /** The revision and the sequence of the last event of its own stream, whatever it is about. */
  revision: number;
  sequence: number;
  /** Of its creations that are seen, none stands. */
  retracted: boolean;
  /** The facts, the retracted ones too, in the order of recording. */
  facts: Standing[];
  asOf: number;
}

/**
 * The history of a subject out of the events that may change it, in the order of recording. What amends comes first, then what had been
 * published, then what had happened: docs/design/time-and-truth.md.
 */
export function historyOf(stream: string, events: readonly RecordedEvent[], { asOf = NEVER, publishedBy }: Viewpoint = {}): History {
  let [revision, sequence] = [-1, 0];
  for (const event of events) {
    if (event.stream !== stream) continue;
    revision = Math.max(revision, event.revision);
    sequence = Math.max(sequence, event.sequence);
  }
  const all = amend(applying(events, publishedBy));
  const created = all.find((fact) => fact.stream === stream && fact.revision === 0)?.type;
  const facts = seenFrom(all, { asOf, publishedBy });
  const creations = facts.filter((fact) => fact.stream === stream && fact.type === created);
  const retracted = creations.length > 0 && creations.every(({ retractedBy }) => retractedBy !== undefined);
  return { stream, revision, sequence, retracted, facts, asOf };
}

/** The events without the amendments that nobody had published by then. One without sources is the record's own, and always applies. */
export function applying(events: readonly RecordedEvent[], publishedBy: number | undefined): readonly RecordedEvent[] {
  if (publishedBy === undefined) return events;
  return events.filter((event) => isFact(event) || event.sources.length === 0 || arePublished(event.sources, publishedBy));
}

/** The facts that had been published, and had happened, by then. */
export function seenFrom(facts: Standing[], { asOf = NEVER, publishedBy }: Viewpoint): Standing[] {
  const published = publishedBy === undefined ? facts : facts.filter(({ sources }) => arePublished(sources, publishedBy));
  return asOf === NEVER ? published : published.filter(({ earliest }) => earliest <= asOf);
}

/** Whether the subject had anything to tell of as of then. What was retracted counts: that it was told is known. */
export function isThere({ stream, facts }: History): boolean {
  return facts.some((fact) => fact.stream === stream);
}

/** Whether one of the sources was certainly published by then. */
function arePublished(sources: readonly Source[], publishedBy: number): boolean {
  return sources.some(({ published }) => published !== undefined && (bounds(published)?.latest ?? NEVER) <= publishedBy);
}
