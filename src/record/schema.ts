import Database from 'better-sqlite3';
import { randomUUID } from 'node:crypto';
import { leafHash } from '../proof/hash.js';
import { StartRefused } from '../start-refused.js';

export type Db = Database.Database;

/** Mark a SQLite file as a Zonewatch record, or as a backup of one: the bytes of "ZnWt" and of "ZnBk". */
export const RECORD_ID = 0x5a6e5774;
export const BACKUP_ID = 0x5a6e426b;

/** Each subject as its facts left it. A rebuild makes the same table beside it. */
export const STATES_TABLE = `CREATE TABLE states (
  stream   TEXT PRIMARY KEY,
  since    INTEGER NOT NULL,
  changed  INTEGER NOT NULL,
  folded   TEXT NOT NULL) WITHOUT ROWID;`;

/**
 * The schema, one step for each version, forward only. A file of version n has had the first n steps.
 *
 * `events` holds each event's canonical bytes and what it is found by. `tags` says what an event is found under: the streams that it is
 * about and, with a colon in the name, its type, its publishers and so on. What few values share stands in columns instead.
 * `states` holds each subject since its first event and as the last one changed it. `leaf` is the hash of an event's bytes, and `tiles` are
 * the full tiles of the tree over the leaves, whose edge is made from the last events at each start. `unsigned` in `meta` says that the
 * events came from elsewhere and that no checkpoint of this record has been signed yet.
 */
const MIGRATIONS = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE events (
     sequence    INTEGER PRIMARY KEY,
     id          TEXT NOT NULL UNIQUE,
     stream      TEXT NOT NULL,
     revision    INTEGER NOT NULL,
     type        TEXT NOT NULL,
     recorded    INTEGER NOT NULL,
     earliest    INTEGER NOT NULL,
     latest      INTEGER NOT NULL,
     confidence  TEXT,
     fingerprint BLOB NOT NULL,
     recordedBy  TEXT NOT NULL,
     commandKey  TEXT,
     bytes       TEXT NOT NULL,
     UNIQUE (stream, revision));
   CREATE INDEX events_by_fingerprint ON events (fingerprint);
   CREATE UNIQUE INDEX events_by_key ON events (recordedBy, commandKey) WHERE commandKey IS NOT NULL;
   CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;
   CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;
   CREATE TABLE tags (tag TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (tag, sequence)) WITHOUT ROWID;
   CREATE TRIGGER tags_are_not_updated BEFORE UPDATE ON tags BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;
   CREATE TRIGGER tags_are_not_deleted BEFORE DELETE ON tags BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;
   ${STATES_TABLE}`,
  `DROP TRIGGER events_are_not_updated;
   ALTER TABLE events ADD COLUMN leaf BLOB NOT NULL DEFAULT x'';
   UPDATE events SET leaf = leaf_hash(bytes);
   CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;
   CREATE TABLE tiles (id INTEGER PRIMARY KEY, nodes BLOB NOT NULL);
   CREATE TRIGGER tiles_are_not_updated BEFORE UPDATE ON tiles BEGIN SELECT RAISE(ABORT, 'tiles are immutable'); END;
   CREATE TRIGGER tiles_are_not_deleted BEFORE DELETE ON tiles BEGIN SELECT RAISE(ABORT, 'tiles are immutable'); END;
   INSERT INTO meta SELECT 'unsigned', '1' WHERE EXISTS (SELECT 1 FROM events);`,
];

/** What refuses changes, as a record of this release has it. */
export function triggersOf(db: Db): { name: string; sql: string }[] {
  return db.prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name").all();
}

/** An empty record in memory, as a release with this schema makes it, to hold others against. */
export function blankRecord(version = MIGRATIONS.length): Db {
  const db = new Database(':memory:');
  migrate(db, version);
  return db;
}

/** The newest schema that this release knows. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** A file that this release must not touch. The message says what to do. */
export class UnfitFile extends StartRefused {}

/**
 * Opens record.db for writing, making it or bringing its schema forward where needed. A file that is not a record, or that a newer release
 * has written, is refused as it is.
 */
export function openForWriting(path: string): Db {
  const db = openFile(path, {});
  try {
    checkFile(db, path);
    db.pragma('journal_mode = WAL');
    // Durable when the commit returns: with WAL only FULL fsyncs each commit.
    db.pragma('synchronous = FULL');
    // Without this REPLACE deletes without asking the triggers.
    db.pragma('recursive_triggers = ON');
    // 64 MB of log before it is written back: pages that change again and again are written once, and a start after a crash still reads it fast.
    db.pragma('wal_autocheckpoint = 16000');
    db.pragma('cache_size = -65536');
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens record.db for reading what is committed. */
export function openForReading(path: string): Db {
  const db = openFile(path, { readonly: true, fileMustExist: true });
  db.pragma('query_only = ON');
  db.pragma('cache_size = -65536');
  return db;
}

function openFile(path: string, options: Database.Options): Db {
  try {
    return new Database(path, options);
  } catch (error) {
    throw new UnfitFile(`${path} cannot be opened: ${(error as Error).message}. Check that the folder exists and may be written.`, {
      cause: error,
    });
  }
}

/** Refuses a file that is not a record, or not what else it is expected to be, of this release or an earlier one. */
export function checkFile(db: Db, path: string, expected = RECORD_ID): void {
  let id: number;
  let tables: number;
  try {
    id = db.pragma('application_id', { simple: true }) as number;
    tables = db.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get()!;
  } catch (error) {
    throw new UnfitFile(`${path} is not a Zonewatch record: ${(error as Error).message}. Point ZONEWATCH_DATA at another folder.`, {
      cause: error,
    });
  }
  const version = db.pragma('user_version', { simple: true }) as number;
  if (id === BACKUP_ID && expected === RECORD_ID)
    throw new UnfitFile(`${path} is a backup, which no service may go on from. Move it away, and give it to \`zonewatch restore\`.`);
  if (id !== expected && (id !== 0 || tables > 0 || version > 0))
    throw new UnfitFile(`${path} is a database of another program. Point ZONEWATCH_DATA at another folder.`);
  if (version > SCHEMA_VERSION)
    throw new UnfitFile(
      `${path} was written by a newer release (schema ${version}; this one knows ${SCHEMA_VERSION}). Start that release, or a newer one.`,
    );
}

/** Brings a file's schema forward. */
export function migrate(db: Db, to = MIGRATIONS.length): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version === to) return;
  db.function('leaf_hash', { deterministic: true }, (bytes) => leafHash(bytes as string));
  db.transaction(() => {
    for (const step of MIGRATIONS.slice(version, to)) db.exec(step);
    if (version === 0) {
      db.prepare("INSERT INTO meta VALUES ('epoch', ?)").run(randomUUID());
      db.pragma(`application_id = ${RECORD_ID}`);
    }
    db.pragma(`user_version = ${to}`);
  })();
}
