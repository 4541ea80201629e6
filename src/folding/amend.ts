import { canonical } from '../event/canonical.js';
import type { Confidence, Json, RecordedEvent, Source } from '../event/event.js';
import { factOf, isFact, targetOf, type Fact } from './fact.js';

/** What settled a dispute: its own retraction, its target's, or a correction of what it claimed. */
export interface Settlement {
  how: 'withdrawn' | 'retracted' | 'corrected';
  /** The event that did it. */
  by: string;
}

export interface Dispute {
  id: string;
  sequence: number;
  /** The fields as the other source has them; left out where it says that the fact did not happen. */
  claim?: Record<string, Json>;
  sources: Source[];
  confidence?: Confidence;
  settled?: Settlement;
  /** What it was against, where the fact says something else since it was settled. */
  against?: Pick<Fact, 'occurred' | 'data'>;
}

/** A fact as it holds: with the values that corrections gave it and the sources that came to corroborate it. */
export interface Standing extends Fact {
  /** The event that retracted it. */
  retractedBy?: string;
  disputedBy?: Dispute[];
}

/** Each fact as it holds with all that amends it. Events come in the order of recording, and amendments apply in it. */
export function amend(events: readonly RecordedEvent[]): Standing[] {
  const facts: Standing[] = [];
  const amendments: RecordedEvent[] = [];
  for (const event of events) {
    if (isFact(event)) facts.push('earliest' in event ? (event as Fact) : factOf(event));
    else amendments.push(event);
  }
  if (amendments.length === 0) return facts;
  const retractions = new Map<string, RecordedEvent>();
  for (const amendment of amendments) if (amendment.retracts) retractions.set(amendment.retracts, amendment);
  const byTarget = new Map<string, RecordedEvent[]>();
  for (const amendment of amendments) {
    const target = targetOf(amendment)!;
    const others = byTarget.get(target);
    if (others) others.push(amendment);
    else byTarget.set(target, [amendment]);
  }
  return facts.map((fact) => {
    const own = byTarget.get(fact.id);
    return own ? standing(fact, own, retractions) : fact;
  });
}

function standing(fact: Fact, amendments: readonly RecordedEvent[], retractions: ReadonlyMap<string, RecordedEvent>): Standing {
  const held = amendments.filter(({ id }) => !retractions.has(id));
  const corrections = held.filter(({ corrects }) => corrects !== undefined);
  const corroborations = held.filter(({ corroborates }) => corroborates !== undefined);
  const disputes = amendments.filter((amendment) => amendment.disputes !== undefined);
  // The fact as it was before each correction, and as it is after the last.
  const versions: Fact[] = [fact];
  for (const { data } of corrections) versions.push(corrected(versions.at(-1)!, data['changes'] as Record<string, Json>));
  const right = versions.at(-1)!;
  const retraction = retractions.get(fact.id);
  const disputedBy = disputes.map((event) => dispute(event, corrections, versions, retractions.get(event.id), retraction));
  return {
    ...(corroborations.length ? corroborated(right, corroborations) : right),
    ...(retraction && { retractedBy: retraction.id }),
    ...(disputedBy.length && { disputedBy }),
  };
}

/** The fields of a body that are no part of its event's data. */
const FRAME = ['occurred', 'sources', 'accordingTo', 'confidence'] as const;

/** A fact with other values in the place of its own; null takes one away. */
export function corrected(fact: Fact, changes: Record<string, Json>): Fact {
  const holds: Record<string, unknown> = { ...fact };
  const data: Record<string, Json> = { ...fact.data };
  for (const [field, value] of Object.entries(changes)) {
    if (FRAME.includes(field as (typeof FRAME)[number])) holds[field] = value ?? undefined;
    else if (value === null) delete data[field];
    else data[field] = value;
  }
  return factOf({ ...holds, data, sources: holds['sources'] ?? [] } as Fact);
}

function corroborated(fact: Fact, corroborations: readonly RecordedEvent[]): Fact {
  const sources = new Map(
    [fact, ...corroborations].flatMap((teller) => teller.sources.map((source) => [canonical(source as never), source])),
  );
  const accordingTo = new Set([fact, ...corroborations].flatMap((teller) => teller.accordingTo ?? []));
  return { ...fact, sources: [...sources.values()], ...(accordingTo.size && { accordingTo: [...accordingTo] }) };
}

function dispute(
  event: RecordedEvent,
  corrections: readonly RecordedEvent[],
  versions: readonly Fact[],
  withdrawn: RecordedEvent | undefined,
  retracted: RecordedEvent | undefined,
): Dispute {
  const { id, sequence, sources, confidence, data } = event;
  const claim = data['claim'] as Record<string, Json> | undefined;
  const correction = corrections.find(
    (later) => later.sequence > sequence && Object.keys(later.data['changes']!).some((field) => claim && Object.hasOwn(claim, field)),
  );
  const settlements: [Settlement['how'], RecordedEvent | undefined][] = [
    ['withdrawn', withdrawn],
    ['retracted', retracted],
    ['corrected', correction],
  ];
  const [first] = settlements.flatMap(([how, by]) => (by ? [{ how, by }] : [])).sort((a, b) => a.by.sequence - b.by.sequence);
  const told = { id, sequence, sources, ...(claim && { claim }), ...(confidence && { confidence }) };
  if (!first) return told;
  const { occurred, data: was } = versions[corrections.filter((correction) => correction.sequence < first.by.sequence).length]!;
  return { ...told, settled: { how: first.how, by: first.by.id }, against: { occurred, data: was } };
}
