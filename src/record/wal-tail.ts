import { closeSync, fsyncSync, ftruncateSync, openSync } from 'node:fs';
import type { Db } from './schema.js';

const HEADER = 32;
const FRAME_HEADER = 24;

/**
 * Cuts off what a failed commit has left at the end of the write-ahead log. Where all of a transaction was written and only the last step
 * failed (an fsync, the growth of the index beside it), nobody in this process sees it; but a start after a crash reads the log from the
 * disk, and would take for recorded what was refused. Returns whether that is ruled out for good.
 *
 * No transaction may be open. The file is not one of those that SQLite locks, so that opening it once more lets go of no lock.
 */
export function cutTail(db: Db): boolean {
  try {
    // It writes nothing and tells how many frames are committed.
    const [told] = db.pragma('wal_checkpoint(NOOP)') as [{ busy: number; log: number }];
    if (told.busy !== 0 || told.log < 0) return false;
    const pageSize = db.pragma('page_size', { simple: true }) as number;
    const file = openSync(`${db.name}-wal`, 'r+');
    try {
      ftruncateSync(file, told.log === 0 ? 0 : HEADER + told.log * (FRAME_HEADER + pageSize));
      fsyncSync(file);
      return true;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
