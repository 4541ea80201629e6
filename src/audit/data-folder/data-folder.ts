import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HASH_BYTES } from '../../proof/hash.js';
import { readSigners } from '../../proof/log-keys.js';
import { ProofError } from '../../proof/proof-error.js';
import { TILE_WIDTH } from '../../proof/tile-path.js';
import { SCHEMA_VERSION, UnfitFile, checkFile, openForReading, type Db } from '../../record/schema.js';
import { tileId } from '../../record/tree.js';
import { StartRefused } from '../../start-refused.js';
import { TablesCheck } from './tables-check.js';
import { MAX_NOTE_BYTES } from '../export-layout.js';
import { FindingError, WrongUse, type FindingCode } from '../finding.js';
import { EventRows } from './event-rows.js';
import { isDamage, readable } from './readable.js';
import { changedTables } from './schema-check.js';
import { NO_CHECK, type HashTile, type Source } from '../source.js';

const PAGE = 1_000;

/**
 * The data folder of a service, running or not. It is read as it stood when it was opened: the checkpoint first, so that the events are at
 * least those that it covers.
 */
export function openDataFolder(folder: string): Source {
  const path = join(folder, 'record.db');
  if (!existsSync(path)) throw new WrongUse(`there is no record in ${folder}. Name the data folder, or set ZONEWATCH_DATA.`);
  const signed = join(folder, 'checkpoint');
  const note = readNote(signed);
  const db = opened(path);
  if (!note && existsSync(signed)) {
    // The service has signed its first checkpoint in between, and what was opened may be newer than that.
    db.close();
    return openDataFolder(folder);
  }

  let rows = new EventRows(db, false);
  async function* entries(after: number, size: number): AsyncGenerator<Buffer[]> {
    for (let last = after; last < size; last += PAGE) {
      const read = rows.read(last, Math.min(last + PAGE, size));
      const gap = read.findIndex(([, sequence], at) => sequence !== last + 1 + at);
      const whole = gap < 0 ? read : read.slice(0, gap);
      if (whole.length > 0) yield whole.map(([bytes]) => bytes);
      if (last + whole.length < Math.min(last + PAGE, size)) throw missing(last + whole.length + 1);
      // A signal is heard only between two turns.
      await new Promise(setImmediate);
    }
  }

  return {
    name: folder,
    checkpoint: async () => {
      if (note) return note;
      if (readable(undefined, () => isUnsigned(db)))
        throw new WrongUse(`nothing of the record in ${folder} has been signed yet. Start the service on it once.`);
      throw fault('checkpoint-invalid', `${signed} is missing: nothing says what was signed`);
    },
    vkeys: async () => vkeysOf(folder, note),
    entries,
    tile: async (tile) => readable(tile.index * TILE_WIDTH ** (tile.level + 1) + 1, () => storedTile(db, tile)),
    check: (checkpoint, { hashesOnly }) => {
      if (hashesOnly) return NO_CHECK;
      rows = new EventRows(db, true);
      return readable(undefined, () => new TablesCheck(db, rows, checkpoint));
    },
    close: async () => void db.close(),
  };
}

function opened(path: string): Db {
  let db: Db | undefined;
  try {
    db = openForReading(path);
    checkFile(db, path);
    const version = db.pragma('user_version', { simple: true });
    if (version !== SCHEMA_VERSION)
      throw new WrongUse(`${path} was written by an earlier release (schema ${version as number}). Start the service on it once.`);
    // All that is read is of one moment, which the first read sets, also while the service writes on.
    db.exec('BEGIN; SELECT 1 FROM sqlite_schema');
    // A view in the place of a table could go on without end.
    const [changed] = changedTables(db);
    if (changed !== undefined) throw fault('schema-changed', `the record is not kept as it should be: ${changed} is gone or changed`);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof UnfitFile && isDamage(error.cause)) throw fault('unreadable', error.message);
    if (isDamage(error)) throw fault('unreadable', `${path} cannot be read: ${(error as Error).message}`);
    if ((error as { code?: string }).code?.startsWith('SQLITE_'))
      throw new WrongUse(
        `${path} cannot be opened: ${(error as Error).message}. Where the folder may not be written to, verify a copy of it.`,
      );
    throw error instanceof StartRefused ? new WrongUse(error.message, { cause: error }) : error;
  }
}

/** The checkpoint, as far as it could be one: whatever is longer is cut, and does not hold. */
function readNote(path: string): Buffer | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { size, isFile } = { size: statSync(path).size, isFile: statSync(path).isFile() };
    return isFile && size <= MAX_NOTE_BYTES ? readFileSync(path) : Buffer.of();
  } catch (error) {
    throw new WrongUse(`${path} can't be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Whether no checkpoint can be there yet: nothing is recorded, or what is came from elsewhere. */
function isUnsigned(db: Db): boolean {
  return db.prepare("SELECT 1 FROM meta WHERE key = 'unsigned' OR NOT EXISTS (SELECT 1 FROM events)").get() !== undefined;
}

/** The keys of the folder, under the name that its checkpoint has. */
function vkeysOf(folder: string, note: Buffer | undefined): string[] {
  if (!note) return [];
  const origin = note.toString('utf8', 0, Math.max(note.indexOf('\n'), 0));
  try {
    return readSigners(folder, origin).map(({ verifier }) => verifier.vkey);
  } catch (error) {
    // No key has such a name: it is the checkpoint that does not hold then.
    if (error instanceof ProofError) return [];
    throw new WrongUse(`the log's key can't be had from ${folder}: ${(error as Error).message} Give it with --vkey.`, { cause: error });
  }
}

/** The hashes of a tile as the tables have them: of one that is not full, the leaves of its events or the roots of the tiles below it. */
function storedTile(db: Db, { level, index, width }: HashTile): Buffer | undefined {
  const pluck = (sql: string, ...parameters: number[]) =>
    db
      .prepare<number[], Buffer>(sql)
      .pluck()
      .all(...parameters);
  if (width === TILE_WIDTH)
    return pluck(`SELECT ${part('nodes', 1, TILE_WIDTH * HASH_BYTES)} FROM tiles WHERE id = ?`, tileId(level, index))[0];
  const first = index * TILE_WIDTH;
  const hashes =
    level === 0
      ? pluck(
          `SELECT ${part('leaf', 1, HASH_BYTES + 1)} FROM events WHERE sequence > ? AND sequence <= ? ORDER BY sequence`,
          first,
          first + width,
        )
      : pluck(
          `SELECT ${part('nodes', -HASH_BYTES, HASH_BYTES)} FROM tiles WHERE id >= ? AND id < ? ORDER BY id`,
          tileId(level - 1, first),
          tileId(level - 1, first + width),
        );
  return hashes.length === 0 ? undefined : Buffer.concat(hashes);
}

/** Some bytes of a column, whatever somebody has put in their place. */
function part(column: string, from: number, length: number): string {
  return `ifnull(substr(CAST(${column} AS BLOB), ${from}, ${length}), x'')`;
}

function missing(sequence: number): FindingError {
  return new FindingError({ code: 'event-missing', sequence, message: 'it is not there' });
}

function fault(code: FindingCode, message: string): FindingError {
  return new FindingError({ code, message });
}
