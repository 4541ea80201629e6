import Database from 'better-sqlite3';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FindingError, WrongUse } from '../../src/audit/finding.js';

/** A folder for one spec, taken away behind it. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'zonewatch-backup-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** How something ended, in a word: with the code of a finding, as wrong use, or as nothing that was foreseen. */
export async function ending(of: Promise<unknown>): Promise<{ how: string; message: string }> {
  try {
    await of;
    return { how: 'done', message: '' };
  } catch (error) {
    const { name, message } = error as Error;
    if (error instanceof FindingError) return { how: error.finding.code, message };
    return { how: error instanceof WrongUse ? 'wrong use' : name, message };
  }
}

/** A copy of a file that somebody has changed behind everybody's back: with SQL, without the triggers that would refuse it. */
export function changedBy(file: string, to: string, change: (db: Database.Database) => void): string {
  copyFileSync(file, to);
  const db = new Database(to);
  const triggers = db
    .prepare<[], { name: string; sql: string; of: string }>("SELECT name, sql, tbl_name AS of FROM sqlite_schema WHERE type = 'trigger'")
    .all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
  change(db);
  const tables = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  for (const { sql, of } of triggers) if (tables.includes(of)) db.exec(sql);
  db.close();
  return to;
}

/** What a folder has, if it is there, but for the lock, which says nothing. */
export function namesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name !== 'writer.lock')
    .sort();
}
