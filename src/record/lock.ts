import Database from 'better-sqlite3';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { StartRefused } from '../start-refused.js';
import { UnfitFile } from './schema.js';

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
  const path = join(folder, 'writer.lock');
  let lock: Database.Database | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    lock = new Database(path, { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
    return () => lock!.close();
  } catch (error) {
    lock?.close();
    if ((error as { code?: string }).code === 'SQLITE_BUSY') throw new FolderInUse(folder);
    throw new UnfitFile(
      `${path} cannot be used: ${(error as Error).message}. Check that ${folder} is a folder of this service that it may write to.`,
      { cause: error },
    );
  }
}
