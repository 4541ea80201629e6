import { referencesIn } from '../body/validate.js';
import type { RecordedEvent } from '../event/event.js';
import { amend } from '../folding/amend.js';
import { isFact, targetOf, type Fact } from '../folding/fact.js';
import { applying, seenFrom, type Viewpoint } from '../folding/history.js';
import { inFoldingOrder } from '../folding/order.js';
import { commandOf } from '../subjects.js';

/**
 * What happened in a subject and about it, in the order of folding: the facts that hold, each at the place that its corrections give it, with
 * the amendments of it that stand right behind it.
 */
export function timeline(stream: string, events: readonly RecordedEvent[], from: Viewpoint): RecordedEvent[] {
  const held = applying(events, from.publishedBy);
  const recorded = new Map(held.map((event) => [event.id, event]));
  const facts = seenFrom(amend(held), from).filter((fact) => !fact.retractedBy && isAbout(stream, fact, recorded.get(fact.id)!));
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
function isAbout(stream: string, holds: Fact, recorded: RecordedEvent): boolean {
  const named = ({ type, data }: RecordedEvent) => referencesIn(commandOf(type).body, data).some(({ name }) => name === stream);
  if (holds.stream === stream || named(holds)) return true;
  return recorded.about.includes(stream) && !named(recorded);
}
