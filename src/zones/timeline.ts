import { referencesIn } from '../body/validate.js';
import type { RecordedEvent } from '../event/event.js';
import { eventRef } from '../event/subject.js';
import { amend } from '../folding/amend.js';
import { isFact, targetOf, type Fact } from '../folding/fact.js';
import { applying, seenFrom, type Viewpoint } from '../folding/history.js';
import { inFoldingOrder } from '../folding/order.js';
import { commandOf } from '../subjects.js';

/**
 * What happened in a subject and about it, in the order of folding: the facts that hold, each at the place that its corrections give it, with
 * the amendments of it that stand right behind it.
 */
export function timeline(
  stream: string,
  events: readonly RecordedEvent[],
  from: Viewpoint,
  bytesOf: (id: string) => string | undefined,
): RecordedEvent[] {
  const held = applying(events, from.publishedBy);
  const recorded = new Map(held.map((event) => [event.id, event]));
  const facts = seenFrom(amend(held), from).filter((fact) => !fact.retractedBy && isAbout(stream, fact, recorded.get(fact.id)!, bytesOf));
  const retracted = new Set(held.map(({ retracts }) => retracts));
  const behind = new Map<string, RecordedEvent[]>();
  for (const event of held) {
    if (isFact(event) || event.retracts || retracted.has(event.id)) continue;
    const target = targetOf(event)!;
    behind.set(target, [...(behind.get(target) ?? []), event]);
  }
  return inFoldingOrder(facts).flatMap((fact) => [recorded.get(fact.id)!, ...(behind.get(fact.id) ?? [])]);
}

/** Whether a fact, as it holds, is about a subject: what it was about when it was recorded, without what corrections took out of it. */
function isAbout(stream: string, holds: Fact, recorded: RecordedEvent, bytesOf: (id: string) => string | undefined): boolean {
  if (holds.stream === stream || holds.data === recorded.data) return recorded.about.includes(stream);
  const named = ({ type, data }: RecordedEvent) =>
    referencesIn(commandOf(type).body, data).some(({ name }) => name === stream || streamOfEvent(name, bytesOf) === stream);
  return named(holds) || (recorded.about.includes(stream) && !named(recorded));
}

/** The stream of an event that is named by its place or its id. */
function streamOfEvent(name: string, bytesOf: (id: string) => string | undefined): string | undefined {
  const ref = eventRef(name);
  if (!ref || 'stream' in ref) return ref?.stream;
  const bytes = bytesOf(ref.id);
  return bytes === undefined ? undefined : (JSON.parse(bytes) as RecordedEvent).stream;
}
