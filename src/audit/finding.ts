import { StartRefused } from '../start-refused.js';

/** In what a record does not hold. */
export type FindingCode =
  | 'event-changed'
  | 'event-missing'
  | 'event-order'
  | 'event-malformed'
  | 'root-mismatch'
  | 'checkpoint-invalid'
  | 'not-a-continuation'
  | 'other-record'
  | 'quorum'
  | 'tile-changed'
  | 'file-changed'
  | 'state-changed'
  | 'index-changed'
  | 'schema-changed'
  | 'unreadable';

/** One thing that does not hold. `sequence` is the first event that it touches, and `id` that event's, where they can be told. */
export interface Finding {
  code: FindingCode;
  message: string;
  sequence?: number;
  id?: string;
}

/** The record does not hold, and what it is read for ends here. */
export class FindingError extends Error {
  override readonly name = 'FindingError';

  constructor(readonly finding: Finding) {
    super(finding.message);
  }
}

/** Nothing can be said of the record: it is not there, can't be opened, is refused, or was asked for in a way that makes no sense. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse';
}

/** Opens something of a service, whose refusals say what to do here too. */
export function orWrongUse<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof StartRefused) throw new WrongUse(error.message, { cause: error });
    throw error;
  }
}
