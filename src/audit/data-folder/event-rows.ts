import type { Db } from '../../record/schema.js';
import { ENTRY, isDamage, readable } from './readable.js';

/** An event by its columns, and its bytes by what SQLite takes them for: what is no text is served otherwise. */
const COLUMNS =
  'sequence, id, stream, revision, type, recorded, earliest, latest, confidence, fingerprint, recordedBy, commandKey, leaf, typeof(bytes)'.split(
    ', ',
  );

/** All of them as one text, in SQL's own way of writing values: to read fourteen takes three times as long. */
const QUOTED = COLUMNS.map((column) => `quote(${column})`).join(" || ' ' || ");

/** A row of `events`: its bytes, its place, and its columns as one text, where they are asked for. */
export type EventRow = readonly [bytes: Buffer, sequence: number, columns?: string];

/** Reads events page by page, each row once: as what was hashed, and as what it is found by. */
export class EventRows {
  private first = 1;
  private rows: readonly EventRow[] = [];
  private readonly select;

  constructor(
    private readonly db: Db,
    whole: boolean,
  ) {
    const columns = whole ? `, ${QUOTED}` : '';
    this.select = readable(undefined, () =>
      db
        .prepare<[number, number], EventRow>(
          `SELECT ${ENTRY}, sequence${columns} FROM events WHERE sequence > ? AND sequence <= ? ORDER BY sequence`,
        )
        .raw(),
    );
  }

  /** The rows behind one place, up to and with another, or up to one that can't be read: that it can't is said where it would be the first. */
  read(after: number, upTo: number): readonly EventRow[] {
    this.first = after + 1;
    try {
      this.rows = this.select.all(after, upTo);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.rows = this.oneByOne(after, upTo);
    }
    return this.rows;
  }

  /** A page that can't be read as one: slower, and it shows which row it is. */
  private oneByOne(after: number, upTo: number): EventRow[] {
    const rows: EventRow[] = [];
    const one = (sequence: number) => this.select.all(sequence - 1, sequence);
    try {
      for (let sequence = after + 1; sequence <= upTo; sequence++) rows.push(...one(sequence));
    } catch (error) {
      if (rows.length === 0) readable(after + 1, () => one(after + 1));
      if (!isDamage(error)) throw error;
    }
    return rows;
  }

  /** Which column of an event of the page that was read last does not hold what it should, in words. */
  wrongColumn(sequence: number, expected: readonly unknown[]): string | undefined {
    const all = expected.map(quoted);
    if (this.rows[sequence - this.first]?.[2] === all.join(' ')) return undefined;
    const select = this.db.prepare<[number], string[]>(
      `SELECT ${COLUMNS.map((column) => `quote(${column})`).join()} FROM events WHERE sequence = ?`,
    );
    const found = select.raw().get(sequence) ?? [];
    return `the column ${COLUMNS[all.findIndex((value, at) => value !== found[at])]}`;
  }
}

/** A value as SQL's `quote` writes it. */
function quoted(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : value > 0 ? '9.0e+999' : '-9.0e+999';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return Buffer.isBuffer(value) ? `X'${value.toString('hex').toUpperCase()}'` : 'NULL';
}
