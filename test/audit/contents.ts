import type { OpenRecord } from '../../src/record/record.js';

const TABLES = ['events', 'tags', 'states', 'tiles', "meta WHERE key NOT IN ('epoch', 'unsigned')"];

/** What is in every table of a record, but for what tells one record from another. */
export function contentsOf({ writer }: OpenRecord): unknown[][] {
  return TABLES.map((table) => writer.db.prepare<[], Record<string, unknown>>(`SELECT * FROM ${table} ORDER BY 1, 2`).all().map(readable));
}

/** The order of keys in a stored state says only in which order it was folded. Bytes become a text: an assertion looks at each by itself. */
function readable(row: Record<string, unknown>): unknown {
  const shown = Object.entries(row).map(([column, value]) => [column, Buffer.isBuffer(value) ? value.toString('hex') : value]);
  const { folded, ...others } = Object.fromEntries(shown) as Record<string, unknown>;
  return folded === undefined ? others : { ...others, folded: JSON.parse(folded as string) as unknown };
}
