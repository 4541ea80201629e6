import Database from 'better-sqlite3';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataFolder } from '../../src/audit/data-folder/data-folder.js';
import { FindingError, WrongUse } from '../../src/audit/finding.js';
import { verify } from '../../src/audit/verify.js';
import { startApp } from '../support/start-app.js';

/** A folder that somebody has laid out for its auditor: nothing in it may hold the auditor up. */
describe('a data folder that is a trap', () => {
  let honest: string;
  let place: string;
  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'zonewatch-trap-'));
    honest = join(place, 'honest');
    const app = await startApp({ folder: honest });
    await app.post('/v1/parties', { id: 'a', name: { en: 'A' }, kind: 'other', occurred: '2017-05-04' });
    await app.close();
  });
  afterAll(() => rmSync(place, { recursive: true }));

  const outcome = async (folder: string) => {
    try {
      const source = openDataFolder(folder);
      const { findings } = await verify(source);
      await source.close();
      return findings[0]?.code ?? 'holds';
    } catch (error) {
      if (error instanceof FindingError) return error.finding.code;
      if (error instanceof WrongUse) return 'wrong use';
      throw error;
    }
  };
  const replaced = (folder: string, file: string, by: (path: string) => void) => {
    rmSync(join(folder, file));
    by(join(folder, file));
  };
  const pipe = (path: string) => void execFileSync('mkfifo', [path]);
  const sql = (folder: string, text: string) => {
    const db = new Database(join(folder, 'record.db'));
    db.exec(text);
    db.close();
  };

  test.each<[string, string, (folder: string) => void]>([
    ['as it was', 'holds', () => {}],
    ['whose checkpoint is a pipe', 'checkpoint-invalid', (folder) => replaced(folder, 'checkpoint', pipe)],
    [
      'whose checkpoint has no end',
      'checkpoint-invalid',
      (folder) => replaced(folder, 'checkpoint', (path) => symlinkSync('/dev/zero', path)),
    ],
    ['whose key is a pipe', 'wrong use', (folder) => replaced(folder, 'log.key', pipe)],
    [
      'whose events are a view without end',
      'schema-changed',
      (folder) =>
        sql(
          folder,
          `ALTER TABLE events RENAME TO hidden;
           CREATE VIEW events AS WITH RECURSIVE more(sequence) AS (SELECT 1 UNION ALL SELECT sequence + 1 FROM more)
             SELECT more.sequence, hidden.id, hidden.stream, hidden.bytes FROM more, hidden;`,
        ),
    ],
    ['without its states', 'schema-changed', (folder) => sql(folder, 'DROP TABLE states')],
  ])('%s: %s', async (_, expected, change) => {
    const folder = mkdtempSync(join(place, 'trap-'));
    cpSync(honest, folder, { recursive: true });
    change(folder);
    expect(await outcome(folder)).toBe(expected);
  });
});
