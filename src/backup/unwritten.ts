import { WrongUse } from '../audit/finding.js';

const NOT_WRITTEN = /^SQLITE_(FULL|IOERR|CANTOPEN|READONLY|PERM)/;

/** What ended a copy, in words that help: a disk that is full is nothing against the record. */
export function unwritten(error: unknown, what: string): unknown {
  const { code = '', syscall, message } = error as NodeJS.ErrnoException;
  if (syscall === undefined && !NOT_WRITTEN.test(code)) return error;
  return new WrongUse(`${what}: ${message}. Check that there is room, and that this user may write there.`, { cause: error });
}
