import type { Confidence, Source } from '../event/event.js';
import { certainlyPrecedes, inFoldingOrder } from '../folding/order.js';
import type { Standing } from '../folding/amend.js';
import type { Bounds } from '../time/occurred.js';
import type { MakeStatement } from './statement.dto.js';

/** Where a party stood on something, by one statement. */
export interface Stand {
  stance: string;
  note?: unknown;
  statement: string;
  event: string;
  occurred: string;
  attribution: string;
  sources: Source[];
  confidence?: Confidence;
  /** Some source has it otherwise. */
  disputed?: true;
}

/** Where a party stands: the newest that holds, with what it said before and what contradicts it inside the party. */
export interface Position extends Stand {
  /** Whose it is; left out where the statement does not say. */
  party?: string;
  on: string;
  before: Stand[];
  contradictions: (Stand & { party: string })[];
}

interface Taken extends Bounds {
  sequence: number;
  party: string | undefined;
  on: string;
  stand: Stand;
}

/**
 * The positions on something, party by party. `names` are the ways in which it may be named; `groupsOf` tells what each party is a
 * member of, directly or through others.
 */
export function positions(
  statements: readonly Standing[],
  names: readonly string[],
  groupsOf: ReadonlyMap<string, ReadonlySet<string>>,
): Position[] {
  const taken = inFoldingOrder(statements.flatMap((statement) => standsIn(statement, names)));
  const byParty = new Map<string, Taken[]>();
  for (const each of taken) {
    // Nobody knows whether two that are nobody's are of one party.
    const key = each.party ?? each.stand.statement;
    const others = byParty.get(key);
    if (others) others.push(each);
    else byParty.set(key, [each]);
  }
  const members = newestOfMembers(
    [...byParty.values()].map((stands) => stands.at(-1)!),
    groupsOf,
  );
  return [...byParty.values()].map((stands) => {
    const last = stands.at(-1)!;
    const before = stands.slice(0, -1);
    const { party, on } = last;
    // Those of its own that may be as new, and the newest of each of its members.
    const within = [...before.filter((earlier) => !certainlyPrecedes(earlier, last)), ...(members.get(party!) ?? [])];
    return {
      ...(party !== undefined && { party }),
      on,
      ...last.stand,
      before: before.map(({ stand }) => stand).reverse(),
      contradictions: within
        .filter(({ stand }) => stand.stance !== last.stand.stance)
        .map((other) => ({ party: other.party!, ...other.stand })),
    };
  });
}

/** The newest stand of each member, by the party that it is a member of. */
function newestOfMembers(newest: readonly Taken[], groupsOf: ReadonlyMap<string, ReadonlySet<string>>): Map<string, Taken[]> {
  const members = new Map<string, Taken[]>();
  for (const stand of newest) {
    for (const group of (stand.party !== undefined && groupsOf.get(stand.party)) || []) {
      const others = members.get(group);
      if (others) others.push(stand);
      else members.set(group, [stand]);
    }
  }
  return members;
}

export function partiesIn(statements: readonly Standing[], names: readonly string[]): Set<string> {
  return new Set(statements.flatMap((statement) => standsIn(statement, names)).flatMap(({ party }) => party ?? []));
}

function standsIn(
  { stream, id, sequence, earliest, latest, occurred, sources, confidence, data, disputedBy }: Standing,
  names: readonly string[],
): Taken[] {
  const { speaker, onBehalfOf, attribution, stances = [] } = data as unknown as MakeStatement;
  return stances
    .filter(({ on }) => names.includes(on))
    .map(({ on, stance, party = onBehalfOf ?? speaker.party, note }, at) => ({
      // What one statement says twice stands in its own order.
      sequence: sequence + at / 1_000,
      earliest,
      latest,
      party,
      on,
      stand: {
        stance,
        ...(note && { note }),
        statement: stream,
        event: id,
        occurred,
        attribution,
        sources,
        ...(confidence && { confidence }),
        ...(disputedBy?.some(({ settled }) => !settled) && { disputed: true as const }),
      },
    }));
}
