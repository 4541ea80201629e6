import Database from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataFolder } from '../../src/audit/data-folder/data-folder.js';
import { verify } from '../../src/audit/verify.js';
import { readConfig } from '../../src/config.js';
import { createLogger } from '../../src/logger.js';
import { publish } from '../../src/proof/publish.js';
import { openRecord } from '../../src/record/record.js';
import { growTo } from '../proof/grown.js';

/** As many as make it worth a second thread, and some. */
const EVENTS = 5_300;

/** Their tags and states are looked at by a thread of its own: it must find what the first one finds in a short record. */
describe('a long record', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zonewatch-long-'));
  const verified = async () => {
    const source = openDataFolder(folder);
    try {
      return await verify(source);
    } finally {
      await source.close();
    }
  };
  /** Changes the record behind the back of its triggers, and has it verified; then changes it back. */
  const tampered = async (change: string, back: string) => {
    const run = (sql: string) => {
      const db = new Database(join(folder, 'record.db'));
      const triggers = db.prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all();
      for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
      db.exec(sql);
      for (const trigger of triggers) db.exec(trigger.sql);
      db.close();
    };
    run(change);
    const { findings } = await verified();
    run(back);
    return findings;
  };
  beforeAll(async () => {
    const record = openRecord(folder);
    const log = publish(record, { ...readConfig({}), data: folder }, createLogger('silent'));
    growTo(record, EVENTS, 256);
    await log.close();
    await record.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('holds', async () => {
    expect(await verified()).toMatchObject({ events: EVENTS, count: 0 });
  });

  test('has no state that its events do not tell', async () => {
    const set = (one: string, other: string) => `UPDATE states SET folded = replace(folded, '${one}', '${other}')`;
    const findings = await tampered(set('"clash":', '"strike":'), set('"strike":', '"clash":'));
    expect(findings[0]).toMatchObject({ code: 'state-changed', sequence: expect.any(Number), id: expect.any(String) });
  });

  test('has no event that is not found by what it says', async () => {
    const tag = "('type:ZoneIncidentReported', 5200)";
    expect(await tampered(`DELETE FROM tags WHERE (tag, sequence) = ${tag}`, `INSERT INTO tags VALUES ${tag}`)).toMatchObject([
      { code: 'index-changed', sequence: 5_200 },
    ]);
  });

  test('has no event that is found by what it does not say', async () => {
    const tag = "('zone-elsewhere', 300)";
    expect(await tampered(`INSERT INTO tags VALUES ${tag}`, `DELETE FROM tags WHERE (tag, sequence) = ${tag}`)).toMatchObject([
      { code: 'index-changed', sequence: 300 },
    ]);
  });
});
