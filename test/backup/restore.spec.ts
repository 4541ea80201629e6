import Database from 'better-sqlite3';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importInto } from '../../src/audit/import.js';
import { openSource } from '../../src/audit/open-source.js';
import { backupTo } from '../../src/backup/backup.js';
import { openBackup } from '../../src/backup/backup-file.js';
import { restoreInto } from '../../src/backup/restore.js';
import { readConfig } from '../../src/config.js';
import { parseVkey } from '../../src/proof/note-keys.js';
import { lockFolder } from '../../src/record/lock.js';
import { openRecord } from '../../src/record/record.js';
import { blankRecord, openForReading, triggersOf } from '../../src/record/schema.js';
import { startService } from '../../src/service.js';
import { StartRefused } from '../../src/start-refused.js';
import { copied, makeFolder, published, tellUpTo, toldBy, verifyFolder } from '../audit/signed-folder.js';
import { Dice, Storyteller } from '../record/random-command.js';
import { PATIENCE, rounds } from '../record/rounds.js';
import { statesIn } from '../record/told.js';
import { changedBy, ending, namesIn, ownFolder } from './made.js';

const place = ownFolder();
const at = (name: string) => join(place, name);
const data = at('data');
const file = at('backup');
const EVENTS = 330;
const ROUNDS = rounds(30);
/** What was published of the same record when it had no event yet, which anybody may have kept. */
let first: string;

beforeAll(async () => {
  mkdirSync(data);
  const record = openRecord(data);
  const log = published(record, data);
  first = readFileSync(join(data, 'checkpoint'), 'utf8');
  await tellUpTo(record, new Storyteller(new Dice(1)), EVENTS);
  await log.close();
  await record.close();
  await backupTo(data, file);
});

let folders = 0;
const newFolder = () => at(`restored-${folders++}`);
const meta = (folder: string) => {
  const db = openForReading(join(folder, 'record.db'));
  const rows = db.prepare<[], [string, string]>("SELECT key, value FROM meta WHERE key <> 'projection' ORDER BY key").raw().all();
  db.close();
  return Object.fromEntries(rows);
};
const states = (folder: string) => {
  const db = openForReading(join(folder, 'record.db'));
  const rows = statesIn(db);
  db.close();
  return rows;
};
/** Why the service does not start on a folder. */
const startOf = async (folder: string) => {
  try {
    const service = await startService({ ...readConfig({}), port: 0, data: folder });
    await service.close();
    return 'it has started';
  } catch (error) {
    if (error instanceof StartRefused) return error.message;
    throw error;
  }
};

describe('a restored record', () => {
  test('has every event, tag and state, and an epoch of its own', async () => {
    const folder = newFolder();
    const { epochs, report } = await restoreInto(folder, file);
    expect(report.size).toBe(EVENTS);
    expect(namesIn(folder)).toEqual(['record.db']);
    expect(toldBy(folder)).toEqual(toldBy(data));
    expect(epochs.old).toBe(meta(data)['epoch']);
    expect(epochs.new).not.toBe(epochs.old);
    expect(meta(folder)).toMatchObject({ epoch: epochs.new, unsigned: '1' });
  });

  test('remembers what it came from', async () => {
    const folder = newFolder();
    const { epochs } = await restoreInto(folder, file);
    const from = JSON.parse(meta(folder)[`restored-from ${epochs.old}`]!) as Record<string, unknown>;
    expect(from).toMatchObject({ origin: `zonewatch/${epochs.old}`, events: EVENTS });
    expect(from['checkpoint']).toBe(readFileSync(join(data, 'checkpoint'), 'utf8'));
  });

  test('signs as another log with a key of its own, and is verified, backed up and restored in its turn', async () => {
    const folder = newFolder();
    const { epochs } = await restoreInto(folder, file);
    const record = openRecord(folder);
    const log = published(record, folder);
    await tellUpTo(record, new Storyteller(new Dice(2)), EVENTS);
    await log.close();
    await record.close();
    const report = await verifyFolder(folder, { checkpoint: readFileSync(join(folder, 'checkpoint')) });
    expect(report).toMatchObject({ count: 0, size: EVENTS, origin: `zonewatch/${epochs.new}` });
    expect(readFileSync(join(folder, 'log.key'), 'utf8')).not.toBe(readFileSync(join(data, 'log.key'), 'utf8'));
    const again = newFolder();
    await backupTo(folder, at('second'));
    const second = await restoreInto(again, at('second'));
    expect(second.epochs.old).toBe(epochs.new);
    expect(Object.keys(meta(again)).filter((key) => key.startsWith('restored-from'))).toHaveLength(2);
  });

  test('refuses changes as every record does, and has nothing of the backup’s own', async () => {
    const folder = newFolder();
    await restoreInto(folder, file);
    const db = openForReading(join(folder, 'record.db'));
    expect(triggersOf(db)).toEqual(triggersOf(blankRecord()));
    expect(db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'backup'").get()).toBeUndefined();
    db.close();
  });

  test('takes a folder with keys of callers, and what a killed one has left', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    for (const name of ['admin.key', 'access.db', 'record.db.unfinished', 'record.db.unfinished-journal'])
      writeFileSync(join(folder, name), 'x');
    await restoreInto(folder, file);
    expect(namesIn(folder)).toEqual(['access.db', 'admin.key', 'record.db']);
  });

  test('of a release that folded states otherwise has them folded anew', async () => {
    const older = changedBy(file, at('older'), (db) => db.exec("UPDATE meta SET value = '0' WHERE key = 'projection'; DELETE FROM states"));
    const folder = newFolder();
    await restoreInto(folder, older);
    expect(states(folder)).toEqual(states(data));
  });

  test('of a release with an earlier schema is brought forward', async () => {
    const older = at('older-schema');
    writeFileSync(older, blankRecord(1).serialize());
    const db = new Database(older);
    db.prepare('ATTACH ? AS newer').run(file);
    const columns = db.pragma('table_info(events)') as { name: string }[];
    const names = columns.map(({ name }) => name).join();
    db.exec(`DELETE FROM meta; INSERT INTO meta SELECT * FROM newer.meta; INSERT INTO events SELECT ${names} FROM newer.events;
      INSERT INTO tags SELECT * FROM newer.tags; INSERT INTO states SELECT * FROM newer.states`);
    db.exec(db.prepare<[], string>("SELECT sql FROM newer.sqlite_schema WHERE name = 'backup'").pluck().get()!);
    db.exec('INSERT INTO backup SELECT * FROM newer.backup');
    db.pragma(`application_id = ${0x5a6e426b}`);
    db.close();
    expect((await ending((async () => openBackup(older))())).message).toMatch(/earlier release.+zonewatch restore/);
    const folder = newFolder();
    const { how, message } = await ending(restoreInto(folder, older));
    expect({ how, message }).toEqual({ how: 'done', message: '' });
    expect(toldBy(folder)).toEqual(toldBy(data));
  });
});

describe('nothing is restored', () => {
  const refused = async (from: string, how: string, says: RegExp, options = {}) => {
    const folder = newFolder();
    const ended = await ending(restoreInto(folder, from, options));
    expect(ended.message).toMatch(says);
    expect(ended.how).toBe(how);
    expect(existsSync(folder)).toBe(false);
  };
  const changed = (change: (db: Database.Database) => void) => changedBy(file, at('changed'), change);
  const kept = (key: string, value: string) =>
    changed((db) => void db.prepare('UPDATE backup SET value = ? WHERE key = ?').run(value, key));

  test.each<[string, string, RegExp, (db: Database.Database) => void]>([
    [
      'an event was changed',
      'event-changed',
      /./,
      (db) => db.exec("UPDATE events SET bytes = replace(bytes, '2017', '2016') WHERE sequence = 40"),
    ],
    [
      'an event was added',
      'checkpoint-invalid',
      /end with 331, and the checkpoint covers 330/,
      (db) =>
        db.exec(
          "INSERT INTO events SELECT 331, 'x', stream, 99, type, recorded, earliest, latest, confidence, fingerprint, recordedBy, NULL, bytes, leaf FROM events WHERE sequence = 330",
        ),
    ],
    ['an event is gone', 'event-missing', /./, (db) => db.exec('DELETE FROM events WHERE sequence = 330')],
    ['a state was changed', 'state-changed', /./, (db) => db.exec('UPDATE states SET since = since + 1')],
    [
      'a trigger was planted',
      'schema-changed',
      /trigger x/,
      (db) => db.exec('CREATE TRIGGER x AFTER INSERT ON meta BEGIN DELETE FROM meta; END'),
    ],
    [
      'a trigger was planted on what only a backup has',
      'schema-changed',
      /trigger x/,
      (db) => db.exec('CREATE TRIGGER x AFTER DELETE ON backup BEGIN DELETE FROM meta; END'),
    ],
    ['a view was planted', 'schema-changed', /view x/, (db) => db.exec('CREATE VIEW x AS SELECT 1')],
    ['a table was planted', 'schema-changed', /table x/, (db) => db.exec('CREATE TABLE x (y)')],
    ['an index was planted', 'schema-changed', /index x/, (db) => db.exec('CREATE INDEX x ON backup (length(value))')],
    [
      'a view without end stands for the events',
      'schema-changed',
      /table events is gone/,
      (db) =>
        db.exec(
          'ALTER TABLE events RENAME TO e; CREATE VIEW events AS WITH RECURSIVE n(sequence) AS (SELECT 1 UNION ALL SELECT sequence + 1 FROM n) SELECT * FROM n',
        ),
    ],
    [
      'a view stands for what vouches for it',
      'schema-changed',
      /view backup is none/,
      (db) => db.exec('ALTER TABLE backup RENAME TO b; CREATE VIEW backup AS SELECT * FROM b; DROP TABLE b'),
    ],
    ['what vouches for it is gone', 'checkpoint-invalid', /as its vkeys/, (db) => db.exec("DELETE FROM backup WHERE key = 'vkeys'")],
    [
      'the epoch is another one',
      'checkpoint-invalid',
      /another record/,
      (db) => db.exec("UPDATE meta SET value = 'x' WHERE key = 'epoch'"),
    ],
    [
      'the epoch is no text',
      'checkpoint-invalid',
      /another record/,
      (db) => db.exec("UPDATE meta SET value = zeroblob(3) WHERE key = 'epoch'"),
    ],
    ['it says that an earlier release made it, and did not', 'schema-changed', /./, (db) => db.pragma('user_version = 1')],
  ])('where %s', (_, how, says, change) => refused(changed(change), how, says));

  test('where the checkpoint is an older one of the same log, behind which anything could stand', async () => {
    await refused(kept('checkpoint', first), 'checkpoint-invalid', /covers 0/);
  });

  test('where the checkpoint is of another log, or none', async () => {
    const other = await makeFolder(at('other'), { seed: 9, signed: EVENTS });
    await refused(kept('checkpoint', readFileSync(join(other, 'checkpoint'), 'utf8')), 'checkpoint-invalid', /./);
    await refused(kept('checkpoint', 'x'), 'checkpoint-invalid', /is no checkpoint/);
    await refused(kept('published', '\u001b[2J'), 'checkpoint-invalid', /is no checkpoint/);
    await refused(kept('published', readFileSync(join(other, 'checkpoint'), 'utf8')), 'other-record', /./);
  });

  test('where somebody else has made up a whole record, and the key of the log is known', async () => {
    const source = openBackup(file);
    const [vkey] = await source.vkeys();
    await source.close();
    const forged = await makeFolder(at('forged'), { seed: 4, signed: 50 });
    await backupTo(forged, at('forgery'));
    const keys = [parseVkey(vkey!)];
    await refused(at('forgery'), 'checkpoint-invalid', /no key of that log is known/, { keys });
    expect((await ending(restoreInto(newFolder(), file, { keys }))).how).toBe('done');
  });

  test('of a file that is cut, at any place', async () => {
    const bytes = readFileSync(file);
    for (const length of [101, 512, 4_096, 4_097, 40_000, bytes.length - 4_096, bytes.length - 1]) {
      writeFileSync(at('cut'), bytes.subarray(0, length));
      const folder = newFolder();
      const { how } = await ending(restoreInto(folder, at('cut')));
      expect([length, how === 'done' || how === 'Error']).toEqual([length, false]);
      expect(existsSync(folder)).toBe(false);
    }
  });

  test('of what is no backup', async () => {
    const says = /is no backup: only what/;
    writeFileSync(at('text'), 'some text '.repeat(100));
    writeFileSync(at('nothing'), '');
    execFileSync('mkfifo', [at('pipe')]);
    for (const name of ['text', 'nothing', 'pipe', 'data']) await refused(at(name), 'wrong use', says);
    await refused(join(data, 'record.db'), 'wrong use', says);
    await refused('/dev/zero', 'wrong use', says);
    await refused(at('nowhere'), 'wrong use', /can't be read.+ENOENT/);
  });

  test('of a backup that a newer release has made', async () => {
    await refused(
      changed((db) => db.pragma('user_version = 99')),
      'wrong use',
      /newer release/,
    );
  });

  test('where it is given up', async () => {
    for (const moment of ['copying', 'verifying']) {
      const stopping = new AbortController();
      await refused(file, 'AbortError', /./, { [moment]: () => stopping.abort(), signal: stopping.signal });
    }
  });

  test.each(['record.db', 'record.db-wal', 'checkpoint', 'log.key'])('into a folder that has a %s, which stays', async (name) => {
    const folder = newFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, name), 'what was there');
    const { how, message } = await ending(restoreInto(folder, file));
    expect(how).toBe('wrong use');
    expect(message).toMatch(/belongs to another record/);
    expect(readFileSync(join(folder, name), 'utf8')).toBe('what was there');
    expect(namesIn(folder)).toEqual([name]);
  });

  test('into a folder that another process holds, or that is a file', async () => {
    const folder = newFolder();
    const unlock = lockFolder(folder);
    expect(await ending(restoreInto(folder, file))).toMatchObject({ how: 'wrong use', message: expect.stringMatching(/another process/) });
    unlock();
    expect((await ending(restoreInto(join(data, 'checkpoint'), file))).how).toBe('wrong use');
  });
});

describe('the service does not start on a copy that was put in place by hand:', () => {
  test('an older record.db over a newer one', async () => {
    const folder = copied(data, newFolder());
    await makeFolder(at('longer'), { seed: 1, signed: 40 });
    copyFileSync(join(data, 'checkpoint'), join(folder, 'checkpoint'));
    const older = changedBy(join(data, 'record.db'), at('an-older'), (db) =>
      db.exec('DELETE FROM events WHERE sequence > 250; DELETE FROM tags WHERE sequence > 250; DELETE FROM tiles'),
    );
    rmSync(join(folder, 'record.db-wal'), { force: true });
    copyFileSync(older, join(folder, 'record.db'));
    expect(await startOf(folder)).toMatch(/there are 250 events, and 330 were signed.+zonewatch restore/);
  });

  test('a record.db in a folder of its own', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    copyFileSync(join(data, 'record.db'), join(folder, 'record.db'));
    expect(await startOf(folder)).toMatch(/there are 330 events, and the checkpoint over them is missing.+zonewatch restore/);
  });

  test('a backup as record.db, in a new folder or in the old one', async () => {
    const [bare, full] = [newFolder(), copied(data, newFolder())];
    mkdirSync(bare);
    for (const folder of [bare, full]) {
      rmSync(join(folder, 'record.db-wal'), { force: true });
      copyFileSync(file, join(folder, 'record.db'));
      expect(await startOf(folder)).toMatch(/is a backup, which no service may go on from.+zonewatch restore/);
      expect(readFileSync(join(folder, 'record.db')).equals(readFileSync(file))).toBe(true);
    }
  });
});

test('a backup is a place that a record can be verified, imported and compared at', async () => {
  const source = await openSource(file);
  const folder = newFolder();
  const { events } = await importInto(folder, source);
  await source.close();
  expect(events).toBe(EVENTS);
  expect(toldBy(folder)!.events).toEqual(toldBy(data)!.events);
});

test('a backup that is cut while it lies there is found out by whoever verifies it', async () => {
  copyFileSync(file, at('lying'));
  truncateSync(at('lying'), readFileSync(file).length - 8_192);
  expect((await ending((async () => openSource(at('lying')))())).how).toBe('unreadable');
});

test(
  'whatever bytes of a backup are changed, what is restored is the record, or nothing is',
  async () => {
    const dice = new Dice(11);
    const honest = readFileSync(file);
    const told = toldBy(data)!;
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = Buffer.from(honest);
      const where = dice.below(4) === 0 ? dice.below(4_096) : dice.below(bytes.length);
      for (let count = 1 + dice.below(8); count > 0; count--)
        bytes[Math.min(where + dice.below(30), bytes.length - 1)]! ^= 1 << dice.below(8);
      writeFileSync(at('flipped'), bytes);
      const folder = newFolder();
      const { how, message } = await ending(restoreInto(folder, at('flipped')));
      expect([round, where, message, /^(Error|TypeError|RangeError|SqliteError)$/.test(how)]).toEqual([round, where, message, false]);
      if (how !== 'done') expect(namesIn(folder)).toEqual([]);
      else {
        const { events, found, tags } = toldBy(folder)!;
        expect([round, where, events, found, tags]).toEqual([round, where, told.events, told.found, told.tags]);
        expect(states(folder)).toEqual(states(data));
      }
      rmSync(folder, { recursive: true, force: true });
    }
  },
  PATIENCE,
);
