import type { Checkpoint } from '../../proof/checkpoint.js';
import { blankRecord, type Db } from '../../record/schema.js';
import { epochOf } from '../export-layout.js';
import type { Finding } from '../finding.js';

/** Holds the file as such against its checkpoint's name, and against a record as this release makes it. */
export function* checkSchema(db: Db, { origin }: Checkpoint): Generator<Finding> {
  const epoch = db.prepare<[], string>("SELECT value FROM meta WHERE key = 'epoch'").pluck().get();
  if (epochOf(origin) !== epoch)
    yield { code: 'checkpoint-invalid', message: 'the checkpoint was signed for another record than this one' };
  const [found, expected] = [schemaOf(db), ofBlank(schemaOf)];
  for (const name of differing(found, expected))
    yield { code: 'schema-changed', message: `the record is not kept as it should be: ${name} is gone or changed` };
  const triggers = [...found.keys()].filter((name) => name.startsWith('trigger '));
  if (triggers.some((name) => !expected.has(name)))
    yield { code: 'schema-changed', message: 'somebody has added a trigger, which may change what is recorded' };
}

/** The tables that are not as a record of this release has them. Nothing of it may be read then. */
export function changedTables(db: Db): string[] {
  return changedIn(db).filter((name) => name.startsWith('table '));
}

/** The tables, views, indexes and triggers that a record of this release, or of the one with this schema, has not. */
export function strangersIn(db: Db, version?: number): string[] {
  const all = (of: Db) => of.prepare<[], string>("SELECT type || ' ' || name FROM sqlite_schema").pluck().all();
  const own = new Set(ofBlank(all, version));
  return all(db).filter((name) => !own.has(name));
}

/** What is not as a record of this release, or of the one with this schema, has it. */
export function changedIn(db: Db, version?: number): string[] {
  return differing(schemaOf(db), ofBlank(schemaOf, version));
}

function differing(found: ReadonlyMap<string, string>, expected: ReadonlyMap<string, string>): string[] {
  return [...expected].flatMap(([name, sql]) => (found.get(name) === sql ? [] : [name]));
}

function ofBlank<T>(read: (blank: Db) => T, version?: number): T {
  const blank = blankRecord(version);
  try {
    return read(blank);
  } finally {
    blank.close();
  }
}

/** What makes the file a record: its tables, indexes and triggers. A rebuild leaves its table's name in quotes. */
function schemaOf(db: Db): Map<string, string> {
  const all = db
    .prepare<[], { name: string; sql: string }>(
      "SELECT type || ' ' || name AS name, replace(sql, '\"', '') AS sql FROM sqlite_schema WHERE sql > ''",
    )
    .all();
  return new Map(all.map(({ name, sql }) => [name, sql]));
}
