import Database from 'better-sqlite3';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRecord } from '../../src/record/record.js';
import { SCHEMA_VERSION, UnfitFile } from '../../src/record/schema.js';
import { made } from '../log/made.js';

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
});
