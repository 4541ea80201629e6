import Database from 'better-sqlite3';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { StartRefused } from '../start-refused.js';
import { diskError } from './disk-error.js';
import { UnfitFile } from './schema.js';
import { syncFolder } from './write-whole.js';

/** The file in a data folder that its writer holds. */
export const LOCK = 'writer.lock';

/** Another process holds the data folder. */
export class FolderInUse extends StartRefused {
  constructor(folder: string) {
    super(`another process is writing to ${folder}. Stop it first, or point ZONEWATCH_DATA at another folder.`);
  }
}

/**
 * Takes the data folder for one writer. The lock is an open transaction on a small database beside the record: the operating system drops
 * it with the process, however that dies, so that there is never a stale one to clear away. Returns what lets go of it.
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, LOCK);
  let lock: Database.Database | undefined;
  try {
    makeFolder(folder);
    // SQLite would open what it finds on a disk that is read-only, and lock nothing.
    accessSync(folder, constants.W_OK);
    lock = new Database(path, { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
    return () => lock!.close();
  } catch (error) {
    lock?.close();
    if ((error as { code?: string }).code === 'SQLITE_BUSY') throw new FolderInUse(folder);
    if (diskError(error, folder) === 'disk-full')
      throw new UnfitFile(`the disk of ${folder} is full. A start needs a little room: make some, and start again.`, { cause: error });
    if ((error as { code?: string }).code === 'EROFS')
      throw new UnfitFile(`the disk of ${folder} is read-only. Mount it so that it can be written, and start again.`, { cause: error });
    throw new UnfitFile(
      `${path} cannot be used: ${(error as Error).message}. Check that ${folder} is a folder of this service that it may write to.`,
      { cause: error },
    );
  }
}

/** Makes a folder and those above it, and their names durable: without that a loss of power could take all that is in it. */
function makeFolder(folder: string): void {
  // What is in it is for those whom the service lets in, and not for everybody on the machine.
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const above = dirname(resolve(first));
  for (let made = resolve(folder); made !== above; made = dirname(made)) syncFolder(dirname(made));
}
