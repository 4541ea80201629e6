import type { RecordedEvent } from '../event/event.js';
import type { Checkpoint } from '../proof/checkpoint.js';
import { root } from '../proof/tree.js';
import type { Copy } from './copy.js';
import { inStretches } from '../record/record-reader.js';
import type { RecordTree } from '../record/tree.js';
import { FindingError } from './finding.js';
import { opened, ownKeys, quorumFault, type Trust } from './opening.js';
import { rehash, type Progress } from './rehash.js';
import type { Source } from './source.js';

/** What the log of a source has signed. Throws a FindingError where those whom the auditor trusts do not vouch for it. */
export async function signedBy(source: Source, trust: Trust): Promise<Checkpoint> {
  const checkpoint = opened(await source.checkpoint(), { ...trust, keys: trust.keys ?? (await ownKeys(source)) });
  const unwitnessed = quorumFault(checkpoint, trust);
  if (unwitnessed) throw new FindingError(unwitnessed);
  return checkpoint;
}

interface Reading {
  size: number;
  upTo?: number;
  progress?: Progress | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The first `upTo` events of a source as a copy reads them, each to be written before the next is asked for. `size` is that of its checkpoint:
 * there may be no bundles for another. Throws a FindingError where one is missing or is none that a record would hold, and the signal's reason.
 */
export async function* readInto(
  copy: Copy,
  source: Source,
  { size, upTo = size, progress, signal }: Reading,
): AsyncGenerator<RecordedEvent> {
  const told = progress && ((done: number) => progress(Math.min(done, upTo), upTo));
  for await (const { after, entries } of rehash(source, size, told, signal)) {
    if (after >= upTo) return;
    for await (const entry of inStretches(entries.slice(0, upTo - after))) {
      signal?.throwIfAborted();
      yield copy.read(entry);
    }
  }
}

/** Throws a FindingError where the tree of what was copied is not the one that was signed. It gives the root. */
export function checkRoot(tree: RecordTree, { size, root: signed }: Checkpoint, { name }: Source): Buffer {
  const made = root(tree.hashes(), size);
  if (made.equals(signed)) return made;
  const message = `the events of ${name} have the root ${made.toString('base64')}, and ${signed.toString('base64')} was signed`;
  throw new FindingError({ code: 'root-mismatch', message });
}
