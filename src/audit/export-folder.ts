import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HASH_BYTES } from '../proof/hash.js';
import { tilePath, type Tile } from '../proof/tile-path.js';
import { MAX_BUNDLE_BYTES, entriesOfBundles } from './bundle.js';
import { checkExport } from './export-check.js';
import { CHECKPOINT, MANIFEST, MAX_NOTE_BYTES, VKEY } from './export-layout.js';
import { FindingError, WrongUse } from './finding.js';
import { readRegular } from './regular-file.js';
import type { Source } from './source.js';

/**
 * Opens a folder that `exportTo` has written, or that came with that claim. Throws `WrongUse` where it is none, and a FindingError where
 * its checkpoint is missing, is a link or can't be read.
 */
export async function openExport(folder: string): Promise<Source> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) throw new WrongUse(`${folder} is no folder`);
  const note = await readRegular(folder, CHECKPOINT, MAX_NOTE_BYTES);
  if (!note && !existsSync(join(folder, MANIFEST)))
    throw new WrongUse(`${folder} is no export: it has neither a ${MANIFEST} nor a ${CHECKPOINT}`);
  if (!note)
    throw new FindingError({ code: 'checkpoint-invalid', message: `${folder} has no ${CHECKPOINT}: nothing says what was signed` });
  const tile = (place: Tile, most: number) => readRegular(folder, tilePath(place), most);
  return {
    name: folder,
    checkpoint: async () => note,
    vkeys: async () => ((await readRegular(folder, VKEY, MAX_NOTE_BYTES)) ?? '').toString().split('\n').filter(Boolean),
    entries: (after, size) => entriesOfBundles((bundle) => tile(bundle, MAX_BUNDLE_BYTES), after, size),
    tile: (place) => tile(place, place.width * HASH_BYTES),
    check: (checkpoint, { hashesOnly }) => checkExport(folder, checkpoint, hashesOnly),
    close: async () => {},
  };
}
