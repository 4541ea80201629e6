import { MAX_ENTRY_BYTES } from '../../proof/entry-bundle.js';
import { FindingError, type Finding } from '../finding.js';
import { visible } from '../visible.js';

/** The bytes of an event, in SQL, whatever somebody has put in their place. Of more than an event can have, no more is read than shows it. */
export const ENTRY = `ifnull(substr(CAST(bytes AS BLOB), 1, ${MAX_ENTRY_BYTES + 1}), x'')`;

/** Runs a read, and says at which event the file could not be read any more, where it was about one. */
export function readable<T>(sequence: number | undefined, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw new FindingError(unreadable(error, sequence));
  }
}

/** What is told of damage. */
export function unreadable(error: unknown, sequence?: number): Finding {
  const at = sequence === undefined ? '' : ` at event ${sequence}`;
  const message = `record.db cannot be read${at}: ${visible((error as Error).message)}`;
  return { code: 'unreadable', message, ...(sequence !== undefined && { sequence }) };
}

/** Whether an error says that a file is no whole database any more. A disk that fails says nothing of it. */
export function isDamage(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: string };
  return /^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT_READ|ERROR|MISMATCH|FORMAT|TOOBIG)/.test(code ?? '');
}
