import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { openRecordFile, recordIn } from '../audit/data-folder/record-file.js';
import { readable } from '../audit/data-folder/readable.js';
import { strangersIn } from '../audit/data-folder/schema-check.js';
import { MAX_NOTE_BYTES } from '../audit/export-layout.js';
import { FindingError, WrongUse, type Finding } from '../audit/finding.js';
import { unsigned } from '../audit/opening.js';
import type { Source } from '../audit/source.js';
import { BACKUP_ID, SCHEMA_VERSION, checkFile, type Db } from '../record/schema.js';
import { statesAreCurrent } from '../record/rebuild.js';

/** What a backup has beside the tables of its record: what vouches for it, and when it was made. */
export const BACKUP_TABLE = 'CREATE TABLE backup (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID';

/** The keys of that table. `checkpoint` is over every event that the backup has, and `published` the newest that the service had given out. */
export const KEPT = ['checkpoint', 'published', 'vkeys', 'made'] as const;
export type Kept = Record<(typeof KEPT)[number], string>;

export interface Backup extends Source {
  kept: Kept;
  /** Whether its states were folded by this release, and can be held against its events. */
  statesAreCurrent: boolean;
}

const MAGIC = 'SQLite format 3\0';

/** Where things stand in the header of a SQLite file. */
const HEADER_BYTES = 100;
const PAGE_SIZE_AT = 16;
const PAGES_AT = 28;
const VERSION_AT = 60;
const ID_AT = 68;

interface Header {
  schema: number;
  /** How many bytes the file has, and how many it says that it has. */
  bytes: { found: number; expected: number };
}

/** What a file says of itself if it is a backup; undefined where it is none, or no file. */
export function backupHeader(path: string): Header | undefined {
  let file: number;
  try {
    // A pipe would wait for a writer.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new WrongUse(`${path} can't be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    const stat = fstatSync(file);
    if (!stat.isFile() || readSync(file, header) < HEADER_BYTES) return undefined;
    if (header.toString('latin1', 0, MAGIC.length) !== MAGIC || header.readUInt32BE(ID_AT) !== BACKUP_ID) return undefined;
    const expected = header.readUInt16BE(PAGE_SIZE_AT) * header.readUInt32BE(PAGES_AT);
    return { schema: header.readUInt32BE(VERSION_AT), bytes: { found: stat.size, expected } };
  } finally {
    closeSync(file);
  }
}

/**
 * Opens a backup as a record that can be verified, exported or imported. Every event in it must be covered by its checkpoint, and nothing may
 * be in the file that a backup has not. Throws `WrongUse` and a FindingError as other sources do.
 */
export function openBackup(path: string, name = path): Backup {
  checkLength(path, name);
  const db = openRecordFile(path, name, (file) => checkRelease(file, name));
  try {
    return readable(undefined, () => {
      const [stranger] = strangersIn(db).filter((each) => each !== 'table backup' && each !== 'index sqlite_autoindex_backup_1');
      if (stranger !== undefined) throw changed(`${stranger} is none of a backup`);
      const kept = keptIn(db);
      checkCover(db, kept);
      return {
        name,
        kept,
        statesAreCurrent: statesAreCurrent(db),
        checkpoint: async () => Buffer.from(kept.checkpoint),
        vkeys: async () => kept.vkeys.split('\n').filter(Boolean),
        ...recordIn(db),
      };
    });
  } catch (error) {
    db.close();
    throw error;
  }
}

/** SQLite takes what is missing of the last page for zeros. */
function checkLength(path: string, name: string): void {
  const { found, expected } = backupHeader(path)?.bytes ?? {};
  if (found === expected) return;
  throw new FindingError({
    code: 'unreadable',
    message: `${name} has ${found} bytes, and was made with ${expected}: it was cut or changed`,
  });
}

function checkRelease(db: Db, name: string): void {
  checkFile(db, name, BACKUP_ID);
  const version = db.pragma('user_version', { simple: true });
  if (version !== SCHEMA_VERSION)
    throw new WrongUse(`${name} was made by an earlier release (schema ${version as number}). \`zonewatch restore\` brings it forward.`);
}

function keptIn(db: Db): Kept {
  const sql = db.prepare<[], string>("SELECT sql FROM sqlite_schema WHERE name = 'backup' AND type = 'table'").pluck().get();
  if (sql !== BACKUP_TABLE) throw changed('the table backup is gone or changed');
  const select = db.prepare<[string], Buffer>(`SELECT substr(CAST(value AS BLOB), 1, ${MAX_NOTE_BYTES}) FROM backup WHERE key = ?`).pluck();
  const values = KEPT.map((key) => {
    const value = select.get(key);
    if (!value) throw new FindingError({ code: 'checkpoint-invalid', message: `nothing is kept in the backup as its ${key}` });
    return [key, value.toString()];
  });
  return Object.fromEntries(values) as Kept;
}

/** An event that no checkpoint covers could be anybody's. */
function checkCover(db: Db, { checkpoint, published }: Kept): void {
  const { size } = parsed(checkpoint, 'checkpoint');
  parsed(published, 'published');
  const last = db.prepare<[], number | null>('SELECT max(sequence) FROM events').pluck().get() ?? 0;
  if (last <= size) return;
  const uncovered: Finding = { code: 'checkpoint-invalid', message: `the events end with ${last}, and the checkpoint covers ${size}` };
  throw new FindingError({ ...uncovered, sequence: size + 1 });
}

function parsed(note: string, key: string) {
  try {
    return unsigned(Buffer.from(note), `what is kept as its ${key}`);
  } catch (error) {
    if (!(error instanceof WrongUse)) throw error;
    throw new FindingError({ code: 'checkpoint-invalid', message: error.message });
  }
}

function changed(what: string): FindingError {
  return new FindingError({ code: 'schema-changed', message: `the backup is not as one is made: ${what}` });
}
