import { named } from './event-checks.js';
import { FindingError } from './finding.js';
import type { Progress } from './rehash.js';
import type { Source } from './source.js';

/** An event that two records have otherwise, and its id in both, where it has one. */
export interface Difference {
  sequence: number;
  a?: string;
  b?: string;
}

/** A source, and the size of its checkpoint. */
interface Sized {
  source: Source;
  size: number;
}

/** The first event that two sources have otherwise, or that one of them lacks, up to where the shorter one ends. */
export async function firstDifference(a: Sized, b: Sized, progress?: Progress, signal?: AbortSignal): Promise<Difference | undefined> {
  const [ofA, ofB] = [oneByOne(a), oneByOne(b)];
  const end = Math.min(a.size, b.size);
  try {
    for (let sequence = 1; sequence <= end; sequence++) {
      signal?.throwIfAborted();
      progress?.(sequence - 1, end);
      const [{ value: inA }, { value: inB }] = [await ofA.next(), await ofB.next()];
      if (!inA && !inB) return undefined;
      if (!inA || !inB || !inA.equals(inB)) return { sequence, ...under('a', inA), ...under('b', inB) };
    }
    return undefined;
  } finally {
    await ofA.return(undefined);
    await ofB.return(undefined);
  }
}

/** The events until one is missing. */
async function* oneByOne({ source, size }: Sized): AsyncGenerator<Buffer, undefined> {
  try {
    for await (const page of source.entries(0, size)) yield* page;
  } catch (error) {
    if (!(error instanceof FindingError)) throw error;
  }
  return undefined;
}

function under(side: 'a' | 'b', entry: Buffer | undefined): Partial<Difference> {
  const id = entry && named(entry, 0).id;
  return id === undefined ? {} : { [side]: id };
}
