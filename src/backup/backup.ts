import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, linkSync, lstatSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { openDataFolder } from '../audit/data-folder/data-folder.js';
import { WrongUse, orWrongUse } from '../audit/finding.js';
import { opened } from '../audit/opening.js';
import type { Progress } from '../audit/rehash.js';
import { readSigners } from '../proof/log-keys.js';
import type { Signer } from '../proof/note-keys.js';
import { ProofError } from '../proof/proof-error.js';
import { openForReading } from '../record/schema.js';
import { makeDurable, removeDatabase } from '../record/unfinished.js';
import { SECRET, syncFolder } from '../record/write-whole.js';
import { seal, type Published } from './seal.js';
import { unwritten } from './unwritten.js';
import { verifyBackup, type Verified, type Verifying } from './verify-backup.js';

export interface BackupOptions extends Omit<Verifying, 'keys'> {
  /** How many pages of the file are copied, of how many. */
  copying?: Progress;
}

export interface BackedUp extends Verified {
  bytes: number;
}

/** How many pages are copied between two looks at the signal: some 16 MB, and some 50 ms. */
const PAGES = 4_000;

/**
 * Makes one file of the record in a data folder as it stands at one moment, while a service may write on, and verifies it. It is there whole,
 * durable and verified, or not at all. Throws `WrongUse` where it can't be made, a FindingError where the record does not hold, and the
 * signal's reason.
 */
export async function backupTo(folder: string, file: string, options: BackupOptions = {}): Promise<BackedUp> {
  const target = resolve(file);
  const unfinished = join(dirname(target), `.${basename(target)}.unfinished-${randomBytes(4).toString('hex')}`);
  // The checkpoint is older than the copy, so that the copy has all that it covers.
  const published = await publishedIn(folder);
  begin(unfinished, target, file);
  try {
    await copyRecord(join(folder, 'record.db'), unfinished, options);
    seal(unfinished, published);
    makeDurable(unfinished);
    const verified = await verifyBackup(unfinished, file, options);
    const bytes = statSync(unfinished).size;
    options.signal?.throwIfAborted();
    name(unfinished, target, file);
    return { ...verified, bytes };
  } catch (error) {
    throw unwritten(error, `${file} can't be written`);
  } finally {
    removeDatabase(unfinished);
  }
}

/** What the service has signed last, with the keys that sign. */
async function publishedIn(folder: string): Promise<Published> {
  const source = openDataFolder(folder);
  try {
    const note = await source.checkpoint();
    const origin = note.toString('utf8', 0, Math.max(note.indexOf('\n'), 0));
    const signers = signersIn(folder, origin);
    return { note, checkpoint: opened(note, { keys: signers.map(({ verifier }) => verifier) }), signers };
  } finally {
    await source.close();
  }
}

function signersIn(folder: string, origin: string): Signer[] {
  try {
    return orWrongUse(() => readSigners(folder, origin));
  } catch (error) {
    // No key has such a name: it is the checkpoint that does not hold then.
    if (error instanceof ProofError) return [];
    throw error;
  }
}

/** Nobody else may read it, from its first byte on. */
function begin(unfinished: string, target: string, file: string): void {
  try {
    if (isTaken(target)) throw taken(file);
    closeSync(openSync(unfinished, 'wx', SECRET));
  } catch (error) {
    throw unwritten(error, `${file} can't be written`);
  }
}

/** Copies the pages of one moment, which the first read sets. */
async function copyRecord(from: string, to: string, { copying, signal }: BackupOptions): Promise<void> {
  const db = openForReading(from);
  try {
    db.exec('BEGIN; SELECT 1 FROM sqlite_schema');
    const progress = ({ totalPages, remainingPages }: { totalPages: number; remainingPages: number }) => {
      signal?.throwIfAborted();
      copying?.(totalPages - remainingPages, totalPages);
      return PAGES;
    };
    await db.backup(to, { progress });
  } finally {
    db.close();
  }
}

/** Gives the file its name, and takes it from nothing that has come there meanwhile. */
function name(unfinished: string, target: string, file: string): void {
  try {
    linkSync(unfinished, target);
  } catch {
    if (isTaken(target)) throw taken(file);
    // Some file systems have no second names for a file.
    renameSync(unfinished, target);
  }
  if (existsSync(unfinished)) rmSync(unfinished);
  syncFolder(dirname(target));
}

function isTaken(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function taken(file: string): WrongUse {
  return new WrongUse(`${file} is there already, and a backup takes the place of nothing. Name another file.`);
}
