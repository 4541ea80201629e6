import type { BareCheckpoint } from './diff.js';
import { MAX_NOTE_BYTES } from './export-layout.js';
import { WrongUse } from './finding.js';
import { readBeginning } from './regular-file.js';

/** Opens a file that holds a checkpoint and nothing else. Throws `WrongUse` where it can't be read. */
export async function openBareCheckpoint(path: string): Promise<BareCheckpoint> {
  try {
    const note = await readBeginning(path, MAX_NOTE_BYTES);
    return { name: path, checkpoint: async () => note };
  } catch (error) {
    throw new WrongUse(`${path} can't be read: ${(error as Error).message}`, { cause: error });
  }
}
