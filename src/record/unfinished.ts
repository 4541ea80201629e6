import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, rmdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { LOCK } from './lock.js';
import { syncFolder } from './write-whole.js';

/** What SQLite may leave beside a file. */
const SIDE_FILES = ['-wal', '-shm', '-journal'];

/** The record.db of a folder while it is being made: it counts only once it is whole. The caller holds the folder from then on. */
export class UnfinishedRecord {
  readonly path: string;
  private readonly place: string;
  /** The folders that are not there yet, from the innermost. */
  private readonly missing: string[] = [];

  constructor(private readonly folder: string) {
    this.place = join(folder, 'record.db');
    this.path = `${this.place}.unfinished`;
    for (let path = resolve(folder); !existsSync(path); path = dirname(path)) this.missing.push(path);
  }

  /** Takes it away, or what one that was killed has left of it. */
  remove(): void {
    removeDatabase(this.path);
  }

  /** To be done at the end, while the folder is still held: where no record came of it, folders that were made for one go as well. */
  leave(): void {
    this.remove();
    if (this.missing.length === 0 || existsSync(this.place)) return;
    removeDatabase(join(this.folder, LOCK));
    try {
      for (const path of this.missing) rmdirSync(path);
    } catch {
      // Somebody else has put something in it.
    }
  }

  /** Puts it in its place, durably. `others` are files that belong to what was there before. */
  putInPlace(others: readonly string[] = []): void {
    makeDurable(this.path);
    for (const path of [...others, ...SIDE_FILES.map((side) => this.place + side)]) rmSync(path, { force: true });
    // Gone for good before the new record is there: the two together would not start.
    syncFolder(this.folder);
    renameSync(this.path, this.place);
    syncFolder(this.folder);
  }
}

/** Removes a database with what SQLite may have left beside it. */
export function removeDatabase(path: string): void {
  for (const each of ['', ...SIDE_FILES]) rmSync(path + each, { force: true });
}

/** Has a file on the disk that was written without waiting for it. */
export function makeDurable(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
