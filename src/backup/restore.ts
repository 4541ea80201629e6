import Database from 'better-sqlite3';
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readable } from '../audit/data-folder/readable.js';
import { changedIn, strangersIn } from '../audit/data-folder/schema-check.js';
import { FindingError, WrongUse, orWrongUse } from '../audit/finding.js';
import { epochOf } from '../audit/export-layout.js';
import type { Progress } from '../audit/rehash.js';
import { lockFolder } from '../record/lock.js';
import { rebuild } from '../record/rebuild.js';
import { RECORD_ID, SCHEMA_VERSION, migrate, type Db } from '../record/schema.js';
import { RecordTree } from '../record/tree.js';
import { UnfinishedRecord } from '../record/unfinished.js';
import { OPEN } from '../record/write-whole.js';
import { backupHeader, openBackup } from './backup-file.js';
import { unwritten } from './unwritten.js';
import { held, verifyBackup, type Verified, type Verifying } from './verify-backup.js';

export interface RestoreOptions extends Verifying {
  /** How many bytes are copied, of how many. */
  copying?: Progress;
}

export interface Restored extends Verified {
  /** Of the record that the backup was made of, and of the one that it is now. */
  epochs: { old: string; new: string };
}

/** What a folder may not have: each belongs to a record. */
const TAKEN = ['record.db', 'record.db-wal', 'record.db-journal', 'checkpoint', 'log.key'];

/**
 * Makes a backup the record of a data folder that has none. It is another log from then on, with an epoch of its own: the service that the
 * backup was made of may have gone on behind it, and two histories under one name could not be told apart. Throws `WrongUse` where the file is no
 * backup or the folder is not fit for it, a FindingError where the backup does not hold, and the signal's reason; the folder has no record
 * then, or is gone where it was made for it.
 */
export async function restoreInto(folder: string, file: string, options: RestoreOptions = {}): Promise<Restored> {
  const header = backupHeader(file);
  if (!header) throw new WrongUse(`${file} is no backup: only what \`zonewatch backup\` has made can be restored`);
  if (header.schema > SCHEMA_VERSION) throw new WrongUse(`${file} was made by a newer release. Restore it with that one, or a newer one.`);
  const unfinished = new UnfinishedRecord(folder);
  const unlock = orWrongUse(() => lockFolder(folder));
  try {
    checkIsFree(folder);
    unfinished.remove();
    // What is verified is what is put in place, whatever becomes of the file meanwhile.
    await copy(file, unfinished.path, options);
    await bringForward(unfinished.path, file, header.schema, options);
    const verified = await verifyBackup(unfinished.path, file, options);
    options.signal?.throwIfAborted();
    const restored = { ...verified, epochs: { old: epochOf(verified.report.origin), new: randomUUID() } };
    beginAnew(unfinished.path, restored);
    unfinished.putInPlace();
    return restored;
  } catch (error) {
    throw unwritten(error, `the backup can't be restored into ${folder}`);
  } finally {
    unfinished.leave();
    unlock();
  }
}

function checkIsFree(folder: string): void {
  const found = TAKEN.find((name) => lstatSync(join(folder, name), { throwIfNoEntry: false }));
  if (found !== undefined)
    throw new WrongUse(
      `${folder} has a ${found}, which belongs to another record. Restore into a new folder, or move record.db, checkpoint and log.key away together.`,
    );
}

async function copy(from: string, to: string, { copying, signal }: RestoreOptions): Promise<void> {
  const { size } = statSync(from);
  let done = 0;
  const counting = new Transform({
    transform(bytes: Buffer, _encoding, next) {
      copying?.((done += bytes.length), size);
      next(null, bytes);
    },
  });
  const highWaterMark = 2 ** 20;
  const out = createWriteStream(to, { flags: 'wx', mode: OPEN, highWaterMark });
  await pipeline(createReadStream(from, { highWaterMark }), counting, out, signal ? { signal } : {});
}

/** Does to the copy what a start of this release would do to a record of an earlier one. */
async function bringForward(path: string, name: string, version: number, options: RestoreOptions): Promise<void> {
  if (version < SCHEMA_VERSION) changing(path, (db) => migrateSound(db, version));
  const backup = openBackup(path, name);
  try {
    if (backup.statesAreCurrent) return;
    // States are folded only from events that are known to be those of the record.
    await held(backup, { ...options, hashesOnly: true });
  } finally {
    await backup.close();
  }
  changing(path, (db) => rebuild(db));
}

/** Nothing that somebody has put into the file may run while it is changed. */
function migrateSound(db: Db, version: number): void {
  const [odd] = [...changedIn(db, version), ...strangersIn(db, version).filter((name) => name !== 'table backup')];
  if (odd !== undefined)
    throw new FindingError({ code: 'schema-changed', message: `the backup is not as one is made: ${odd} is changed, or none of it` });
  migrate(db);
  // Makes what tiles are missing.
  new RecordTree(db);
}

/** Makes the copy a record of its own: nothing that it signs can be taken for the old one's. */
function beginAnew(path: string, { kept, report: { origin, size }, epochs }: Restored): void {
  const from = { ...kept, origin, events: size, restored: new Date().toISOString() };
  changing(path, (db) =>
    db.transaction(() => {
      db.exec('DROP TABLE backup');
      const set = db.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value');
      set.run('epoch', epochs.new);
      set.run('unsigned', '1');
      set.run(`restored-from ${epochs.old}`, JSON.stringify(from));
      db.pragma(`application_id = ${RECORD_ID}`);
    })(),
  );
}

function changing(path: string, change: (db: Db) => void): void {
  const db = new Database(path);
  try {
    // It counts only once it is whole, and is made durable then.
    db.pragma('synchronous = OFF');
    readable(undefined, () => change(db));
  } finally {
    db.close();
  }
}
