import { accessSync, constants, statfsSync } from 'node:fs';
import type { FailureReason } from '../log/event-log.js';

const BY_CODE: readonly [codes: RegExp, reason: FailureReason][] = [
  [/^(ENOSPC|EDQUOT|EFBIG|SQLITE_FULL|SQLITE_IOERR_SHMSIZE)$/, 'disk-full'],
  [/^(EROFS|EACCES|EPERM|SQLITE_PERM|SQLITE_READONLY)$/, 'read-only'],
  [/^(EIO|ENXIO|ENODEV|SQLITE_IOERR.*)$/, 'io-error'],
  [/^(EMFILE|ENFILE|ENOMEM|SQLITE_(CANTOPEN|READONLY|CORRUPT|NOTADB|BUSY|LOCKED|PROTOCOL|NOMEM).*)$/, 'unknown'],
];

/** What an error of SQLite or of the system says of the disk under a folder; undefined where it is not the disk's. */
export function diskError(error: unknown, folder: string): FailureReason | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  const reason = typeof code === 'string' ? BY_CODE.find(([codes]) => codes.test(code))?.[1] : undefined;
  // SQLite has one word for many errors of the system: what is amiss is asked of the system itself.
  return reason === 'io-error' || reason === 'unknown' ? (foundOut(folder) ?? reason) : reason;
}

/** How many bytes may still be written under a folder; undefined where the system does not tell. */
export function roomUnder(folder: string): number | undefined {
  try {
    const { bavail, bsize, ffree, files } = statfsSync(folder);
    return files > 0 && ffree === 0 ? 0 : bavail * bsize;
  } catch {
    return undefined;
  }
}

/** Less than that can't be said to be room. */
const NO_ROOM = 64 * 1024;

function foundOut(folder: string): FailureReason | undefined {
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EROFS') return 'read-only';
  }
  const room = roomUnder(folder);
  return room !== undefined && room < NO_ROOM ? 'disk-full' : undefined;
}
