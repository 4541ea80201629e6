import Database from 'better-sqlite3';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { SECRET, syncFolder } from '../record/write-whole.js';
import { StartRefused } from '../start-refused.js';

/** Marks the file as Zonewatch's keys: the bytes of "ZnKy". */
const APPLICATION_ID = 0x5a6e4b79;
const VERSION = 1;

const SCHEMA = `
  CREATE TABLE keys (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    roles   TEXT NOT NULL,
    hash    BLOB NOT NULL,
    made    TEXT NOT NULL,
    madeBy  TEXT NOT NULL,
    expires TEXT,
    revoked TEXT) WITHOUT ROWID, STRICT;`;

/**
 * Opens `access.db` of a data folder, making it where there is none. It lies beside the record and not in it: keys are changed, and the
 * command line changes them while the service runs. `patience`: how many milliseconds it waits for another who is changing them.
 */
export function openAccessDb(folder: string, patience: number): Database.Database {
  const path = join(folder, 'access.db');
  let db: Database.Database | undefined;
  try {
    if (!existsSync(path)) {
      closeSync(openSync(path, 'a', SECRET));
      syncFolder(folder);
    }
    db = new Database(path, { timeout: patience });
    // Whoever reads waits for no writer: the service can't be held up by another process at its keys.
    db.pragma('journal_mode = WAL');
    // A key is in force, and a revoked one out of it, when the command that did it returns.
    db.pragma('synchronous = FULL');
    prepare(db);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof StartRefused) throw error;
    throw new StartRefused(
      `${path} can't be used: ${(error as Error).message}. Let this user read and write it, or move it away: its keys then let nobody in.`,
      { cause: error },
    );
  }
}

function prepare(db: Database.Database): void {
  db.transaction(() => {
    const id = db.pragma('application_id', { simple: true });
    const version = db.pragma('user_version', { simple: true }) as number;
    if (id === APPLICATION_ID && version === VERSION) return;
    const isEmpty = db.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
    if (!isEmpty || id !== 0)
      throw new StartRefused(
        `${db.name} ${id === APPLICATION_ID ? 'was written by a newer release. Start that one.' : 'is a database of another program. Move it away.'}`,
      );
    db.exec(SCHEMA);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${VERSION}`);
  }).immediate();
}
