import { canonical } from '../event/canonical.js';
import type { Confidence, Json, Source } from '../event/event.js';
import { corrected, type Dispute, type Settlement } from './amend.js';
import type { Fact } from './fact.js';
import { StateView, foldAlone, type Folded, type Projection } from './fold.js';

/** What one source has, as the state would read with it. */
export interface Claim {
  value: Json;
  event: string;
  sources: Source[];
  confidence?: Confidence;
}

export interface Disputed {
  field: string;
  claims: Claim[];
}

export interface Settled extends Disputed, Settlement {}

/** The fields of a subject that are disputed, every claim side by side, and those that were, with what settled them. */
export function disputesOf(
  projection: Projection,
  { stream, contested }: Pick<Folded, 'stream' | 'contested'>,
  now: number,
): { disputed: Disputed[]; settled: Settled[] } {
  if (!contested) return { disputed: [], settled: [] };
  const reader = new LoneReader(projection, stream, now);
  const open = new Map<string, Map<string, Placed>>();
  const settled: Settled[] = [];
  for (const fact of contested) {
    for (const dispute of fact.disputedBy!) {
      for (const { field, held, claimed } of reader.compare({ ...fact, ...dispute.against }, dispute.claim)) {
        const claims = [claim(held, fact), claim(claimed, dispute)];
        if (dispute.settled) settled.push({ field, ...dispute.settled, claims: claims.map(({ claim }) => claim) });
        else {
          const others = open.get(field) ?? new Map<string, Placed>();
          open.set(field, others);
          for (const each of claims) others.set(each.claim.event, each);
        }
      }
    }
  }
  // Side by side in the order of arrival: the value that the state shows is the first recorded, not the better one.
  const inOrder = (claims: Map<string, Placed>) => [...claims.values()].sort((a, b) => a.sequence - b.sequence).map(({ claim }) => claim);
  return { disputed: [...open].map(([field, claims]) => ({ field, claims: inOrder(claims) })), settled };
}

interface Placed {
  sequence: number;
  claim: Claim;
}

function claim(value: Json, { id, sequence, sources, confidence }: Fact | Dispute): Placed {
  return { sequence, claim: { value, event: id, sources, ...(confidence && { confidence }) } };
}

/** Reads what the state of a subject would be, had it one fact alone. */
class LoneReader {
  constructor(
    private readonly projection: Projection,
    private readonly stream: string,
    private readonly now: number,
  ) {}

  /** Field by field, what a fact has and what is claimed instead, where these differ. */
  compare(fact: Fact, claim: Record<string, Json> | undefined): { field: string; held: Json; claimed: Json }[] {
    const held = this.read(fact);
    if (!claim)
      return Object.keys(foldAlone(this.projection, this.stream, fact).because).map((field) => ({
        field,
        held: held[field] ?? null,
        claimed: null,
      }));
    const claimed = this.read(corrected(fact, claim));
    const fields = new Map<string, { held: Json; claimed: Json }>();
    for (const [name, value] of Object.entries(claim)) {
      const shown = name === 'occurred' ? [] : differing(held, this.read(corrected(fact, { [name]: value })));
      for (const field of shown) fields.set(field, { held: held[field] ?? null, claimed: claimed[field] ?? null });
      const said = (name === 'occurred' ? fact.occurred : fact.data[name]) ?? null;
      if (shown.length === 0 && canonical(said) !== canonical(value)) fields.set(name, { held: said, claimed: value });
    }
    return [...fields].map(([field, values]) => ({ field, ...values }));
  }

  private read(fact: Fact): Record<string, Json | undefined> {
    return this.projection.view(new StateView(foldAlone(this.projection, this.stream, fact)), this.now);
  }
}

function differing(before: Record<string, Json | undefined>, after: Record<string, Json | undefined>): string[] {
  return Object.keys(before).filter((field) => canonical(before[field] ?? null) !== canonical(after[field] ?? null));
}
