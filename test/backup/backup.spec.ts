import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { factsOf } from '../../src/audit/export-layout.js';
import { verify } from '../../src/audit/verify.js';
import { Commands } from '../../src/decider/commands.js';
import { backupTo } from '../../src/backup/backup.js';
import { openBackup } from '../../src/backup/backup-file.js';
import { restoreInto } from '../../src/backup/restore.js';
import { parseCheckpoint } from '../../src/proof/checkpoint.js';
import { openRecord } from '../../src/record/record.js';
import { copied, makeFolder, published, tellUpTo } from '../audit/signed-folder.js';
import { Dice, Storyteller } from '../record/random-command.js';
import { changedBy, ending, namesIn, ownFolder } from './made.js';

const place = ownFolder();
const at = (name: string) => join(place, name);
const data = at('data');
const killed = at('killed');
const SIGNED = 300;
const BEHIND = 30;
beforeAll(() => makeFolder(data, { seed: 1, signed: SIGNED, behind: BEHIND, killed }));

/** A backup into a folder of its own, and what is in that afterwards. */
async function backedUp(from: string, options = {}) {
  const out = at('out');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  const { how, message } = await ending(backupTo(from, join(out, 'b'), options));
  return { how, message, left: namesIn(out), file: join(out, 'b') };
}
const reportOf = async (file: string) => {
  const backup = openBackup(file);
  const report = await verify(backup);
  await backup.close();
  return { ...report, kept: backup.kept };
};
const sizeOf = (note: string) => parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1)).size;

describe('a backup', () => {
  test('is one file, for its owner alone, that verifies by itself', async () => {
    const { how, left, file } = await backedUp(data);
    expect({ how, left }).toEqual({ how: 'done', left: ['b'] });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await reportOf(file)).toMatchObject({ size: SIGNED + BEHIND, count: 0 });
  });

  test('covers what was recorded behind the last checkpoint, and keeps that checkpoint', async () => {
    const { file } = await backedUp(killed);
    const { size, count, kept } = await reportOf(file);
    expect({ size, count }).toEqual({ size: SIGNED + BEHIND, count: 0 });
    expect(sizeOf(kept.checkpoint)).toBe(SIGNED + BEHIND);
    expect(sizeOf(kept.published)).toBe(SIGNED);
  });

  test('has the checkpoint as it was given out, with the signatures of witnesses, where that covers all', async () => {
    const signed = await makeFolder(at('signed'), { seed: 3, signed: 20 });
    const { file } = await backedUp(signed);
    expect((await reportOf(file)).kept.checkpoint).toBe(readFileSync(join(signed, 'checkpoint'), 'utf8'));
  });

  test('has no secret of the folder', async () => {
    for (const name of ['admin.key', 'access.db']) writeFileSync(join(data, name), 'a-secret-of-this-folder');
    const { file } = await backedUp(data);
    const bytes = readFileSync(file).toString('latin1');
    expect(bytes).not.toContain('a-secret-of-this-folder');
    const key = readFileSync(join(data, 'log.key'), 'latin1').split('\n')[1]!;
    expect(bytes).not.toContain(key.slice(0, 40));
    expect(bytes).not.toContain(Buffer.from(key, 'base64').subarray(-32).toString('latin1'));
  });

  test('leaves the folder as it was', async () => {
    const files = () =>
      namesIn(data)
        .filter((name) => !/-(wal|shm)$/.test(name))
        .map((name) => [name, factsOf(readFileSync(join(data, name)))]);
    const before = files();
    await backedUp(data);
    expect(files()).toEqual(before);
  });

  test('of a record without events is one as well', async () => {
    const { how, file } = await backedUp(await makeFolder(at('empty'), { seed: 1, signed: 0 }));
    expect(how).toBe('done');
    expect(await reportOf(file)).toMatchObject({ size: 0, count: 0 });
  });

  test('has every event that was acknowledged before it began, while 64 writers write', async () => {
    const folder = at('written');
    const record = openRecord(folder);
    const log = published(record, folder);
    const commands = new Commands(record.log, record.tail);
    let isWriting = true;
    let told = 0;
    const writer = async () => {
      while (isWriting) {
        const body = { id: `party-${told++}`, name: { en: 'A party' }, kind: 'other', occurred: '2017' };
        await commands.submit({ command: 'parties/register', body, caller: 'test' });
      }
    };
    const writing = Promise.all(Array.from({ length: 64 }, writer));
    await passed(50);
    const acknowledged: number[] = [];
    for (const name of ['w1', 'w2', 'w3']) {
      acknowledged.push(record.writer.head);
      await backupTo(folder, at(name));
    }
    isWriting = false;
    await writing;
    await log.close();
    await record.close();
    for (const [turn, name] of ['w1', 'w2', 'w3'].entries()) {
      const { size, count } = await reportOf(at(name));
      expect(count).toBe(0);
      expect(size).toBeGreaterThanOrEqual(acknowledged[turn]!);
    }
    expect(acknowledged[2]).toBeGreaterThan(acknowledged[0]!);
  });

  test('passes over what SQLite and a rebuild that was cut off have left', async () => {
    const folder = copied(data, at('left'));
    const db = new Database(join(folder, 'record.db'));
    db.exec('CREATE TABLE states_anew (stream TEXT); ANALYZE');
    db.close();
    const { how, file } = await backedUp(folder);
    expect(how).toBe('done');
    expect((await reportOf(file)).count).toBe(0);
  });
});

describe('a backup of a record that does not hold is not kept:', () => {
  const spoilt = (change: (db: Database.Database, folder: string) => void) => {
    const folder = copied(data, at('spoilt'));
    rmSync(join(folder, 'record.db-wal'), { force: true });
    changedBy(join(data, 'record.db'), join(folder, 'record.db'), (db) => change(db, folder));
    return folder;
  };
  test.each<[string, string, (db: Database.Database, folder: string) => void]>([
    [
      'an event was changed',
      'event-changed',
      (db) => db.exec("UPDATE events SET bytes = replace(bytes, '2017', '2016') WHERE sequence = 40"),
    ],
    ['the last events are gone', 'event-missing', (db) => db.exec(`DELETE FROM events WHERE sequence > ${SIGNED - 5}`)],
    ['an event in the middle is gone', 'event-missing', (db) => db.exec('DELETE FROM events WHERE sequence = 100')],
    [
      'a state was changed',
      'state-changed',
      (db) => db.exec('UPDATE states SET since = since + 1 WHERE stream = (SELECT min(stream) FROM states)'),
    ],
    ['a tag was taken away', 'index-changed', (db) => db.exec('DELETE FROM tags WHERE sequence = 50')],
    ['a table is gone', 'schema-changed', (db) => db.exec('DROP TABLE tiles')],
    ['a view was added', 'schema-changed', (db) => db.exec('CREATE VIEW other AS SELECT 1')],
    ['a trigger was added', 'schema-changed', (db) => db.exec('CREATE TRIGGER other AFTER INSERT ON events BEGIN SELECT 1; END')],
    ['a table of the backup’s own name was added', 'schema-changed', (db) => db.exec('CREATE TABLE backup (key, value)')],
    ['the checkpoint was changed', 'checkpoint-invalid', (_, folder) => appendFileSync(join(folder, 'checkpoint'), 'x')],
  ])('%s', async (_, code, change) => {
    expect(await backedUp(spoilt(change))).toMatchObject({ how: code, left: [] });
  });

  test('it is another record, with the same events and more', async () => {
    const folder = copied(data, at('spoilt'));
    const other = at('the-other');
    await restoreInto(other, (await backedUp(data)).file);
    const record = openRecord(other);
    await tellUpTo(record, new Storyteller(new Dice(5)), SIGNED + BEHIND + 20);
    await record.close();
    cpSync(join(other, 'record.db'), join(folder, 'record.db'));
    expect(await backedUp(folder)).toMatchObject({ how: 'checkpoint-invalid', left: [] });
  });

  test('it is no database', async () => {
    const folder = copied(data, at('spoilt'));
    writeFileSync(join(folder, 'record.db'), 'something else '.repeat(1_000));
    expect(await backedUp(folder)).toMatchObject({ how: 'unreadable', left: [] });
  });

  test('it is a backup itself', async () => {
    const folder = copied(data, at('spoilt'));
    cpSync((await backedUp(data)).file, join(folder, 'record.db'));
    rmSync(join(folder, 'record.db-wal'), { force: true });
    expect(await backedUp(folder)).toMatchObject({
      how: 'wrong use',
      message: expect.stringMatching(/is a backup.+zonewatch restore/),
      left: [],
    });
  });
});

describe('a backup can’t be made, says why, and leaves nothing,', () => {
  const refused = async (file: string, says: RegExp) => {
    const before = namesIn(place);
    const { how, message } = await ending(backupTo(data, file));
    expect(message).toMatch(says);
    expect(how).toBe('wrong use');
    expect(namesIn(place)).toEqual(before);
  };

  test.each<[string, (path: string) => void]>([
    ['a file', (path) => writeFileSync(path, 'kept')],
    ['a folder', (path) => mkdirSync(path)],
    ['a pipe', (path) => void execFileSync('mkfifo', [path])],
    ['a link to nothing', (path) => symlinkSync('/nowhere/at/all', path)],
  ])('where there is %s', async (_, make) => {
    make(at('taken'));
    await refused(at('taken'), /is there already/);
    rmSync(at('taken'), { recursive: true });
  });

  test('in a folder that is not there, or is a file', async () => {
    await refused(at('nowhere/b'), /can't be written.+ENOENT/);
    await refused(join(data, 'checkpoint', 'b'), /can't be written.+ENOTDIR/);
  });

  const mayWriteAnywhere = process.getuid?.() === 0;
  (mayWriteAnywhere ? test.skip : test)(`in a folder that may not be written to${mayWriteAnywhere ? ' (root may)' : ''}`, async () => {
    mkdirSync(at('closed'));
    chmodSync(at('closed'), 0o500);
    await refused(at('closed/b'), /can't be written.+EACCES/);
  });

  test('of a folder without a record, or one that was never signed', async () => {
    mkdirSync(at('bare'));
    expect(await backedUp(at('bare'))).toMatchObject({ how: 'wrong use', message: expect.stringMatching(/no record in/), left: [] });
    const record = openRecord(at('bare'));
    await record.close();
    expect(await backedUp(at('bare'))).toMatchObject({ how: 'wrong use', message: expect.stringMatching(/signed yet/), left: [] });
  });

  test('where it is given up', async () => {
    for (const moment of ['copying', 'verifying']) {
      const stopping = new AbortController();
      const given = await backedUp(data, { [moment]: () => stopping.abort(), signal: stopping.signal });
      expect(given).toMatchObject({ how: 'AbortError', left: [] });
    }
  });

  const mount = () => spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', at('small')]).status === 0;
  test('on a disk that is full', async () => {
    mkdirSync(at('small'));
    if (!mount()) return console.warn('not seen: mounting is not allowed here');
    try {
      const { how, message } = await ending(backupTo(data, at('small/b')));
      expect(message).toMatch(/can't be written.+full.+Check that there is room/);
      expect(how).toBe('wrong use');
      expect(namesIn(at('small'))).toEqual([]);
    } finally {
      spawnSync('umount', [at('small')]);
    }
  });

  test('and lets stand what came under its name meanwhile', async () => {
    const file = at('late');
    const { how } = await ending(backupTo(data, file, { verifying: () => existsSync(file) || writeFileSync(file, 'kept') }));
    expect(how).toBe('wrong use');
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });
});
