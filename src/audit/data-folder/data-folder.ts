import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readSigners } from '../../proof/log-keys.js';
import { ProofError } from '../../proof/proof-error.js';
import { SCHEMA_VERSION, checkFile, type Db } from '../../record/schema.js';
import { MAX_NOTE_BYTES } from '../export-layout.js';
import { FindingError, WrongUse } from '../finding.js';
import type { Source } from '../source.js';
import { readable } from './readable.js';
import { openRecordFile, recordIn } from './record-file.js';

/**
 * The data folder of a service, running or not. It is read as it stood when it was opened: the checkpoint first, so that the events are at
 * least those that it covers.
 */
export function openDataFolder(folder: string): Source {
  const path = join(folder, 'record.db');
  if (!existsSync(path)) throw new WrongUse(`there is no record in ${folder}. Name the data folder, or set ZONEWATCH_DATA.`);
  const signed = join(folder, 'checkpoint');
  const note = readNote(signed);
  const db = openRecordFile(path, path, (file) => checkRelease(file, path));
  if (!note && existsSync(signed)) {
    // The service has signed its first checkpoint in between, and what was opened may be newer than that.
    db.close();
    return openDataFolder(folder);
  }
  return {
    name: folder,
    checkpoint: async () => {
      if (note) return note;
      if (readable(undefined, () => isUnsigned(db)))
        throw new WrongUse(`nothing of the record in ${folder} has been signed yet. Start the service on it once.`);
      throw new FindingError({ code: 'checkpoint-invalid', message: `${signed} is missing: nothing says what was signed` });
    },
    vkeys: async () => vkeysOf(folder, note),
    ...recordIn(db),
  };
}

function checkRelease(db: Db, path: string): void {
  checkFile(db, path);
  const version = db.pragma('user_version', { simple: true });
  if (version !== SCHEMA_VERSION)
    throw new WrongUse(`${path} was written by an earlier release (schema ${version as number}). Start the service on it once.`);
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
