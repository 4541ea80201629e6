import Database from 'better-sqlite3';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.js';
import { createLogger } from '../../src/logger.js';
import { publish } from '../../src/proof/publish.js';
import { root } from '../../src/proof/tree.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';
import { SCHEMA_VERSION, UnfitFile, blankRecord, triggersOf } from '../../src/record/schema.js';
import { StartRefused } from '../../src/start-refused.js';
import { made } from '../log/made.js';
import { leafOf, mth } from '../proof/definition.js';
import { growTo } from '../proof/grown.js';

describe('record.db', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zonewatch-schema-'));
    path = join(folder, 'record.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const alter = (change: (db: Database.Database) => void) => {
    const db = new Database(path);
    change(db);
    db.close();
  };

  /** The message that opening is refused with. It must be refused twice alike, and leave the file and the folder as they are. */
  const refusal = () => {
    const before = readFileSync(path);
    const messages = [1, 2].map(() => {
      try {
        void openRecord(folder).close();
      } catch (error) {
        expect(error).toBeInstanceOf(UnfitFile);
        return (error as Error).message;
      }
      throw new Error('it was opened');
    });
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['record.db', 'writer.lock']);
    expect(messages[0]).toBe(messages[1]);
    expect(messages[0]).toContain(path);
    return messages[0];
  };

  test('is refused where it has the version of a record and is none', () => {
    alter((db) => db.pragma('user_version = 1'));
    expect(refusal()).toContain('is a database of another program');
  });

  test('is not opened where the lock is no database', () => {
    writeFileSync(join(folder, 'writer.lock'), 'a text that is longer than the header of a database, and is none all the same; '.repeat(3));
    expect(() => openRecord(folder)).toThrow(UnfitFile);
  });

  test('is made where there is none, with an epoch that stays', async () => {
    const first = openRecord(join(folder, 'a', 'b'));
    const { epoch } = first.reader;
    await first.close();
    expect(epoch).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const again = openRecord(join(folder, 'a', 'b'));
    expect(again.reader.epoch).toBe(epoch);
    await again.close();
  });

  test('is brought forward from an empty file', async () => {
    writeFileSync(path, '');
    const record = openRecord(folder);
    expect(record.reader.head).toBe(0);
    expect(record.writer.db.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION);
    expect(await record.log.append('zone-idlib', 'none', [made('zone-idlib')])).toEqual({ revision: 0 });
    await record.close();
  });

  test('is written durably: a commit returns when it is on the disk', async () => {
    const record = openRecord(folder);
    const pragma = (name: string) => record.writer.db.pragma(name, { simple: true });
    expect([pragma('journal_mode'), pragma('synchronous')]).toEqual(['wal', 2]);
    await record.close();
  });

  test('is refused where a newer release has written it', async () => {
    const record = openRecord(folder);
    await record.log.append('zone-idlib', 'none', [made('zone-idlib')]);
    await record.close();
    alter((db) => db.pragma(`user_version = ${SCHEMA_VERSION + 1}`));
    expect(refusal()).toMatch(/newer release \(schema \d+; this one knows \d+\)\. Start that release, or a newer one\./);
  });

  test.each(['delete', 'wal'])('is refused where it is a database of another program (journal_mode %s)', (mode) => {
    alter((db) => {
      db.pragma(`journal_mode = ${mode}`);
      db.exec("CREATE TABLE shopping (item TEXT); INSERT INTO shopping VALUES ('bread')");
    });
    expect(refusal()).toMatch(/database of another program\. Point ZONEWATCH_DATA at another folder\./);
  });

  test('is refused where another program has marked it as its own', () => {
    alter((db) => db.pragma('application_id = 42'));
    expect(refusal()).toMatch(/database of another program\. Point ZONEWATCH_DATA at another folder\./);
  });

  test.each(['hello', 'no database at all\n'.repeat(1_000)])('is refused where it is no database (%#)', (text) => {
    writeFileSync(path, text);
    expect(refusal()).toMatch(/is not a Zonewatch record: .+\. Point ZONEWATCH_DATA at another folder\./);
  });

  describe('of schema 1, from before there were leaves', () => {
    /** Has a record of so many events, as the release before left it. */
    const fromBefore = async (size: number) => {
      const record = openRecord(folder);
      growTo(record, size);
      await record.close();
      alter((db) => {
        db.exec(`DROP TRIGGER events_are_not_updated;
          ALTER TABLE events DROP COLUMN leaf;
          CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;
          DROP TABLE tiles`);
        db.pragma('user_version = 1');
      });
    };
    const rowsIn = ({ writer: { db } }: OpenRecord) =>
      db.prepare<[], { entry: Buffer; leaf: Buffer }>('SELECT CAST(bytes AS BLOB) AS entry, leaf FROM events ORDER BY sequence').all();
    const tilesIn = ({ writer: { db } }: OpenRecord) =>
      db.prepare<[], number>('SELECT id FROM tiles WHERE length(nodes) = 511 * 32 ORDER BY id').pluck().all();
    const published = (record: OpenRecord) => publish(record, { ...readConfig({}), data: folder }, createLogger());

    test.each([1, 256, 600])('is given its tree, with %i events, which stay as they were', async (size) => {
      await fromBefore(size);
      const db = new Database(path);
      const before = db.prepare<[], Buffer>('SELECT CAST(bytes AS BLOB) FROM events ORDER BY sequence').pluck().all();
      db.close();
      const record = openRecord(folder);
      expect(record.writer.db.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION);
      const rows = rowsIn(record);
      expect(rows.map(({ entry }) => entry.toString())).toEqual(before.map(String));
      expect(Buffer.concat(rows.map(({ leaf }) => leaf)).equals(Buffer.concat(before.map(leafOf)))).toBe(true);
      expect(tilesIn(record)).toEqual(Array.from({ length: Math.floor(size / 256) }, (_, at) => at));
      expect(root(record.writer.tree.hashes(), size)).toEqual(mth(before.map(leafOf)));
      const blank = blankRecord();
      expect(triggersOf(record.writer.db)).toEqual(triggersOf(blank));
      blank.close();
      expect(() => record.writer.db.exec("UPDATE events SET leaf = x'00'")).toThrow('events are immutable');
      await record.close();
    });

    test('is signed at its first start, with no checkpoint there, and only then', async () => {
      await fromBefore(300);
      const opened = openRecord(folder);
      expect(opened.unsigned.get()).toBe(true);
      await opened.close();
      // A process that died before it signed has used nothing up.
      const record = openRecord(folder);
      const log = published(record);
      expect(log.checkpoint).toMatchObject({ size: 300, root: mth(rowsIn(record).map(({ leaf }) => leaf)) });
      expect(record.unsigned.get()).toBe(false);
      await log.close();
      await record.close();
      rmSync(join(folder, 'checkpoint'));
      const again = openRecord(folder);
      expect(() => published(again)).toThrow(StartRefused);
      await again.close();
    });

    test('has nothing to be signed where it has no events', async () => {
      await fromBefore(0);
      const record = openRecord(folder);
      expect(record.unsigned.get()).toBe(false);
      expect(record.writer.tree.size).toBe(0);
      await record.close();
    });

    test('goes on growing as if it had had its tree from the beginning', async () => {
      await fromBefore(250);
      const record = openRecord(folder);
      growTo(record, 520, 9);
      const rows = rowsIn(record);
      expect(root(record.writer.tree.hashes(), 520)).toEqual(mth(rows.map(({ entry }) => leafOf(entry))));
      expect(tilesIn(record)).toEqual([0, 1]);
      await record.close();
    });
  });
});
