import Database from 'better-sqlite3';
import { join } from 'node:path';

/** Another process holds the data folder. */
export class FolderInUse extends Error {
  constructor(folder: string) {
    super(`another process is writing to ${folder}. Stop it first, or point ZONEWATCH_DATA at another folder.`);
  }
}

/**
 * Takes the data folder for one writer. The lock is an open transaction on a small database beside the record: the operating system drops
 * it with the process, however that dies, so that there is never a stale one to clear away. Returns what lets go of it.
 */
export function lockFolder(folder: string): () => void {
  const lock = new Database(join(folder, 'writer.lock'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw (error as { code?: string }).code === 'SQLITE_BUSY' ? new FolderInUse(folder) : error;
  }
  return () => lock.close();
}
