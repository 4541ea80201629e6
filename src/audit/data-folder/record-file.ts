import { HASH_BYTES } from '../../proof/hash.js';
import { TILE_WIDTH } from '../../proof/tile-path.js';
import { UnfitFile, openForReading, type Db } from '../../record/schema.js';
import { tileId } from '../../record/tree.js';
import { StartRefused } from '../../start-refused.js';
import { FindingError, WrongUse, type FindingCode } from '../finding.js';
import { NO_CHECK, type HashTile, type Source } from '../source.js';
import { EventRows } from './event-rows.js';
import { isDamage, readable } from './readable.js';
import { changedTables } from './schema-check.js';
import { TablesCheck } from './tables-check.js';

const PAGE = 1_000;

/**
 * Opens a record.db, or a copy of one, as it stands now. `check` throws where it is not one to be read here. Throws `WrongUse` where nothing
 * can be said of it, and a FindingError where it is damaged, or has other tables than a record.
 */
export function openRecordFile(path: string, name: string, check: (db: Db) => void): Db {
  let db: Db | undefined;
  try {
    db = openForReading(path);
    check(db);
    // All that is read is of one moment, which the first read sets, also while a service writes on.
    db.exec('BEGIN; SELECT 1 FROM sqlite_schema');
    // A view in the place of a table could go on without end.
    const [changed] = changedTables(db);
    if (changed !== undefined) throw fault('schema-changed', `the record is not kept as it should be: ${changed} is gone or changed`);
    return db;
  } catch (error) {
    db?.close();
    const damage = error instanceof UnfitFile ? error.cause : error;
    if (isDamage(damage)) throw fault('unreadable', `${name} cannot be read: ${(damage as Error).message}`);
    if ((error as { code?: string }).code?.startsWith('SQLITE_'))
      throw new WrongUse(
        `${name} cannot be opened: ${(error as Error).message}. Where the folder may not be written to, verify a copy of it.`,
      );
    throw error instanceof StartRefused ? new WrongUse(error.message, { cause: error }) : error;
  }
}

/** The events of an open record.db, its tiles, and the check of its tables. */
export function recordIn(db: Db): Required<Pick<Source, 'entries' | 'tile' | 'check' | 'close'>> {
  let rows = new EventRows(db, false);
  async function* entries(after: number, size: number): AsyncGenerator<Buffer[]> {
    for (let last = after; last < size;) {
      const read = rows.read(last, Math.min(last + PAGE, size));
      const gap = read.findIndex(([, sequence], at) => sequence !== last + 1 + at);
      const whole = gap < 0 ? read : read.slice(0, gap);
      if (whole.length === 0) throw missing(last + 1);
      yield whole.map(([bytes]) => bytes);
      last += whole.length;
      // A signal is heard only between two turns.
      await new Promise(setImmediate);
    }
  }
  return {
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
