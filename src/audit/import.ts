import Database from 'better-sqlite3';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Checkpoint } from '../proof/checkpoint.js';
import { CheckpointFile } from '../proof/checkpoint-file.js';
import { Copy } from './copy.js';
import { lockFolder } from '../record/lock.js';
import { rebuild } from '../record/rebuild.js';
import { RecordWriter } from '../record/record-writer.js';
import { checkFile, openForWriting } from '../record/schema.js';
import { UnfinishedRecord } from '../record/unfinished.js';
import { checkRoot, readInto, signedBy } from './filling.js';
import { WrongUse, orWrongUse } from './finding.js';
import { unsigned, type Trust } from './opening.js';
import type { Progress } from './rehash.js';
import type { Source } from './source.js';

export interface ImportOptions extends Trust {
  /** How many events are in, of how many. */
  progress?: Progress;
  /** Ends the import with the signal's reason, and with the folder as it was. */
  signal?: AbortSignal;
}

export interface Imported {
  /** Of the new record: another than that of the record that it came from. */
  epoch: string;
  events: number;
  root: Buffer;
}

/**
 * Fills the record of a data folder, which must hold no event, with the events of a source up to its checkpoint, byte for byte, so that its
 * tree is the same. It is another log all the same, with an epoch of its own: two services that sign under one name could contradict each
 * other. Rejects with `WrongUse` where the folder is not fit for it and with `FindingError` where an event or the checkpoint is not; whatever
 * goes wrong, the folder's record is as it was, and a folder that was made for it is gone.
 */
export async function importInto(folder: string, source: Source, { progress, signal, ...trust }: ImportOptions = {}): Promise<Imported> {
  const checkpoint = await signedBy(source, trust);
  signal?.throwIfAborted();
  const unfinished = new UnfinishedRecord(folder);
  const unlock = orWrongUse(() => lockFolder(folder));
  const path = join(folder, 'record.db');
  try {
    checkIsEmpty(folder, path);
    unfinished.remove();
    const imported = await fill(unfinished.path, source, checkpoint, { ...(progress && { progress }), ...(signal && { signal }) });
    // An empty record that was here before had a checkpoint, which would not be one of this record's.
    unfinished.putInPlace([join(folder, 'checkpoint')]);
    return imported;
  } finally {
    unfinished.leave();
    unlock();
  }
}

/** An import begins a record; it never adds to one, and never hides that one was lost. */
function checkIsEmpty(folder: string, path: string): void {
  if (existsSync(path) && hasEvents(path))
    throw new WrongUse(`the record in ${folder} has events already. Import into a folder without a record.`);
  const size = signedSize(folder);
  if (size > 0)
    throw new WrongUse(
      `a checkpoint over ${size} events was signed in ${folder}, and they are not in its record. Import into another folder, and find out why.`,
    );
}

/** Whatever else the file is, another program's or a newer release's, is told and left alone; so is a damaged one, which may have events. */
function hasEvents(path: string): boolean {
  const db = new Database(path);
  try {
    orWrongUse(() => checkFile(db, path));
    const isNew = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'events'").get() === undefined;
    return !isNew && db.prepare('SELECT 1 FROM events LIMIT 1').get() !== undefined;
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
    throw new WrongUse(`${path} can't be read: ${error.message}. Import into a folder without a record.`, { cause: error });
  } finally {
    db.close();
  }
}

/** How many events the folder's own checkpoint covers. One that can't be read is not passed over. */
function signedSize(folder: string): number {
  const note = new CheckpointFile(folder).read();
  return note ? unsigned(note, `the file checkpoint in ${folder}`).size : 0;
}

async function fill(path: string, source: Source, checkpoint: Checkpoint, { progress, signal }: ImportOptions): Promise<Imported> {
  const { size } = checkpoint;
  const db = openForWriting(path);
  try {
    // Nobody relies on the file before it is whole, and it is made durable then.
    db.pragma('synchronous = OFF');
    rebuild(db);
    const writer = new RecordWriter(db);
    const copy = new Copy(writer);
    for await (const event of readInto(copy, source, { size, progress, signal })) copy.write(event);
    copy.flush();
    const root = checkRoot(writer.tree, checkpoint, source);
    db.prepare("INSERT INTO meta VALUES ('unsigned', '1')").run();
    const epoch = db.prepare<[], string>("SELECT value FROM meta WHERE key = 'epoch'").pluck().get()!;
    db.pragma('wal_checkpoint(TRUNCATE)');
    return { epoch, events: size, root };
  } finally {
    db.close();
  }
}
