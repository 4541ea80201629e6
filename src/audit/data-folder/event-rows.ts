import type { Db } from '../../record/schema.js';
import { ENTRY, readable } from './readable.js';

/** An event by its columns, and its bytes by what SQLite takes them for: what is no text is served otherwise. */
export const COLUMNS =
  'sequence, id, stream, revision, type, recorded, earliest, latest, confidence, fingerprint, recordedBy, commandKey, leaf, typeof(bytes)';

/** A row of `events`: its bytes, and then its columns, where these are asked for. */
export type EventRow = readonly [bytes: Buffer, sequence: number, ...columns: unknown[]];

/** Reads events page by page, each row once: as what was hashed, and as what it is found by. */
export class EventRows {
  private first = 1;
  private rows: readonly EventRow[] = [];
  private readonly columns: string;

  constructor(
    private readonly db: Db,
    whole: boolean,
  ) {
    this.columns = whole ? COLUMNS : 'sequence';
  }

  /** The rows behind one place, up to and with another. */
  read(after: number, upTo: number): readonly EventRow[] {
    this.first = after + 1;
    this.rows = readable(this.first, () =>
      this.db
        .prepare<[number, number], EventRow>(
          `SELECT ${ENTRY}, ${this.columns} FROM events WHERE sequence > ? AND sequence <= ? ORDER BY sequence`,
        )
        .raw()
        .all(after, upTo),
    );
    return this.rows;
  }

  /** The columns of an event of the page that was read last. */
  columnsOf(sequence: number): readonly unknown[] {
    return this.rows[sequence - this.first]?.slice(1) ?? [];
  }
}
