import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from './write-whole.js';

/** What SQLite may leave beside a file. */
const SIDE_FILES = ['-wal', '-shm', '-journal'];

/** The record.db of a folder while it is being made: it counts only once it is whole. The caller holds the folder. */
export class UnfinishedRecord {
  readonly path: string;
  private readonly place: string;

  constructor(private readonly folder: string) {
    this.place = join(folder, 'record.db');
    this.path = `${this.place}.unfinished`;
  }

  /** Takes it away, or what one that was killed has left of it. */
  remove(): void {
    removeDatabase(this.path);
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
