import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '../proof/checkpoint.js';
import { TILE_WIDTH, parseTilePath, tileWidth } from '../proof/tile-path.js';
import { CHECKPOINT, LINES, MANIFEST, MAX_MANIFEST_BYTES, MAX_NOTE_BYTES, VKEY, epochOf, factsOf, manifestOf } from './export-layout.js';
import { FindingError, type Finding } from './finding.js';
import { LinesCheck } from './lines-check.js';
import { isPlain } from './plain.js';
import { readRegular } from './regular-file.js';
import type { Check } from './source.js';
import { visible } from './visible.js';

/** What a folder beneath `tile` may be called. */
const TILE_FOLDER = /^(?:[0-9]{1,2}|entries|x[0-9]{3}|[0-9]{3}\.p)$/;

/** What lies at the top of an export. */
const AT_TOP = new Set([CHECKPOINT, VKEY, MANIFEST, ...Object.keys(LINES), 'tile']);

/**
 * Holds the other files of an export against its events: the lines, the manifest, and that there is nothing else, no tiles but those of its
 * size. Only these tiles are looked at where hashes alone are asked for.
 */
export function checkExport(folder: string, checkpoint: Checkpoint, hashesOnly: boolean): Check {
  if (hashesOnly) return { page: async () => [], end: () => strangers(folder, 'tile', checkpoint.size) };
  const lines = Object.entries(LINES).map(([path, form]) => new LinesCheck(folder, path, epochOf(checkpoint.origin), form));
  return {
    page: async (page) => (await Promise.all(lines.map((file) => file.page(page)))).flat(),
    async *end() {
      for (const file of lines) yield* await file.end(checkpoint.size);
      yield* await checkManifest(folder, checkpoint, lines);
      yield* strangersAtTop(folder);
      yield* strangers(folder, 'tile', checkpoint.size);
    },
    close: async () => {
      for (const file of lines) await file.close();
    },
  };
}

/** A manifest has one form, so that it is made anew and compared. */
async function checkManifest(folder: string, checkpoint: Checkpoint, lines: readonly LinesCheck[]): Promise<Finding[]> {
  const files = Object.fromEntries(lines.map(({ path, facts }) => [path, facts]));
  try {
    for (const path of [CHECKPOINT, VKEY]) files[path] = factsOf((await readRegular(folder, path, MAX_NOTE_BYTES)) ?? Buffer.of());
    const found = await readRegular(folder, MANIFEST, MAX_MANIFEST_BYTES);
    if (found?.equals(manifestOf(checkpoint, files))) return [];
    const message = found ? `${MANIFEST} does not agree with ${disagreeing(found, files)}` : `${MANIFEST} is not there`;
    return [{ code: 'file-changed', message }];
  } catch (error) {
    if (error instanceof FindingError) return [error.finding];
    throw error;
  }
}

/** Which files a manifest describes otherwise than they are. */
function disagreeing(manifest: Buffer, files: Readonly<Record<string, unknown>>): string {
  let told: Record<string, unknown> = {};
  try {
    const parsed = JSON.parse(manifest.toString()) as { files?: typeof told } | null;
    if (isPlain(parsed)) told = parsed?.files ?? {};
  } catch {
    // What is no JSON describes nothing.
  }
  const others = Object.keys(files).filter((path) => JSON.stringify(told[path]) !== JSON.stringify(files[path]));
  return others.join(', ') || 'the checkpoint';
}

/** What lies beside the files of an export, and was never exported: nothing proves it. */
async function* strangersAtTop(folder: string): AsyncGenerator<Finding> {
  try {
    for await (const { name } of await opendir(folder))
      if (!AT_TOP.has(name)) yield { code: 'file-changed', message: `${visible(name)} is no file of an export` };
  } catch (error) {
    yield unreadable('the folder', error);
  }
}

/** What lies beneath `tile` and is none of the tiles of a tree of this size. */
async function* strangers(folder: string, path: string, size: number): AsyncGenerator<Finding> {
  try {
    if (!(await lstat(join(folder, path))).isDirectory()) return yield stranger(path, size);
    for await (const entry of await opendir(join(folder, path))) {
      const inner = `${path}/${entry.name}`;
      const tile = entry.isFile() ? parseTilePath(inner) : undefined;
      if (entry.isDirectory() && TILE_FOLDER.test(entry.name)) yield* strangers(folder, inner, size);
      else if (!tile || tile.width !== tileWidth(tile, size)) yield stranger(inner, size);
    }
  } catch (error) {
    // A tree without leaves has no tiles. Where others are not there, their tiles are missed one by one.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') yield unreadable(path, error);
  }
}

/** A stranger touches the event that its hashes would begin with, where there is such. */
function stranger(path: string, size: number): Finding {
  const tile = parseTilePath(path);
  const sequence = tile && tile.index * TILE_WIDTH * (tile.level === 'entries' ? 1 : TILE_WIDTH ** tile.level) + 1;
  const isThere = sequence !== undefined && sequence <= size;
  return { code: 'file-changed', message: `${visible(path)} is no tile of this record`, ...(isThere && { sequence }) };
}

function unreadable(path: string, error: unknown): Finding {
  return { code: 'unreadable', message: `${visible(path)} can't be read: ${visible((error as Error).message)}` };
}
