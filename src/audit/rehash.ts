import { leafHash } from '../proof/hash.js';
import { grow, resolver, type Edge } from '../proof/tiles.js';
import { root } from '../proof/tree.js';
import { FindingError } from './finding.js';
import type { Source, HashedPage } from './source.js';

/** Is told how many events are done, of how many: none where it begins, and then page by page. */
export type Progress = (done: number, of: number) => void;

/** Hashes the first `size` events of a source into a tree of which only the edge is kept. Throws a FindingError where an event is missing. */
export async function* rehash(source: Source, size: number, progress?: Progress, signal?: AbortSignal): AsyncGenerator<HashedPage> {
  let after = 0;
  let edge: Edge = [];
  progress?.(0, size);
  for await (const entries of source.entries(0, size)) {
    signal?.throwIfAborted();
    if (entries.length > size - after) throw new RangeError(`${source.name} gave more events than were asked for`);
    const leaves = entries.map(leafHash);
    const { edge: grown, full } = grow(edge, leaves);
    edge = grown;
    yield { after, entries, leaves, full, edge };
    after += entries.length;
    progress?.(after, size);
  }
  signal?.throwIfAborted();
  if (after === size) return;
  const message = `the events end with ${after}, where the checkpoint has ${size}`;
  throw new FindingError({ code: 'event-missing', sequence: after + 1, message });
}

/** The root of a tree, out of its edge alone. */
export function edgeRoot(edge: Edge, size: number): Buffer {
  const noTile = (): never => {
    throw new RangeError(`this is not the edge of a tree of ${size}`);
  };
  return root(resolver(edge, noTile), size);
}

/** The root that the tree had at a size, while its events go by. */
export class RootAt {
  /** Known once the events go so far. */
  root: Buffer | undefined;
  private edge: Edge = [];

  constructor(readonly size: number) {
    if (size === 0) this.root = edgeRoot([], 0);
  }

  see({ after, leaves, edge }: Pick<HashedPage, 'after' | 'leaves' | 'edge'>): void {
    if (this.root) return;
    if (after + leaves.length >= this.size) this.root = edgeRoot(grow(this.edge, leaves.slice(0, this.size - after)).edge, this.size);
    this.edge = edge;
  }
}
