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
 * The positions on something, party by party. `names` are the ways in which it may be named; `groupsOf` tells what a party is a member of,
 * directly or through others.
 */
export function positions(
  statements: readonly Standing[],
  names: readonly string[],
  groupsOf: (party: string) => readonly string[],
): Position[] {
  const taken = inFoldingOrder(statements.flatMap((statement) => standsIn(statement, names)));
  const byParty = new Map<string, Taken[]>();
  for (const each of taken) {
    // Nobody knows whether two that are nobody's are of one party.
    const key = each.party ?? each.stand.statement;
    byParty.set(key, [...(byParty.get(key) ?? []), each]);
  }
  const newest = [...byParty.values()].map((stands) => stands.at(-1)!);
  return [...byParty.values()].map((stands) => {
    const last = stands.at(-1)!;
    const before = stands.slice(0, -1);
    const { party, on } = last;
    // Those of its own that may be as new, and the newest of each of its members.
    const within = [
      ...before.filter((earlier) => !certainlyPrecedes(earlier, last)),
      ...newest.filter((other) => party !== undefined && other.party !== undefined && groupsOf(other.party).includes(party)),
    ];
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

function standsIn(
  { stream, id, sequence, earliest, latest, occurred, sources, confidence, data }: Standing,
  names: readonly string[],
): Taken[] {
  const { speaker, onBehalfOf, attribution, stances = [] } = data as unknown as MakeStatement;
  return stances
    .filter(({ on }) => names.includes(on))
    .map(({ on, stance, party = onBehalfOf ?? speaker.party, note }) => ({
      sequence,
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
      },
    }));
}
