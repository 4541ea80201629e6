import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FindingError, WrongUse } from '../../src/audit/finding.js';
import { importInto } from '../../src/audit/import.js';
import type { Source } from '../../src/audit/source.js';
import { Commands } from '../../src/decider/commands.js';
import type { RecordedEvent } from '../../src/event/event.js';
import { subjectOf, type Kind } from '../../src/event/subject.js';
import { parseVkey } from '../../src/proof/note-keys.js';
import { lockFolder } from '../../src/record/lock.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';
import { tellSample } from '../record/told.js';
import { closeDesks, openDesk } from '../support/desk.js';
import { contentsOf } from './contents.js';
import { entriesOf, signed, sourceOf } from './signed-entries.js';
import { SPOILT, tellOfAll, type Spoiling } from './spoilt.js';
import { tellStory } from './story.js';

const NOW = Date.UTC(2020, 0, 1);

async function tellIncidents({ log, tail }: OpenRecord, count: number): Promise<void> {
  const commands = new Commands(log, tail);
  const told = { occurred: '2017-05-04', sources: [{ publisher: 'TASS' }] };
  await commands.submit({ command: 'zones/report', body: { id: 'idlib', name: { en: 'Idlib' }, ...told }, caller: 'test' });
  const incident = (at: number) => ({ ...told, incident: 'clash', text: { en: `Clash ${at}` } });
  const submit = (at: number) => commands.submit({ command: 'zones/report-incident', id: 'idlib', body: incident(at), caller: 'test' });
  await Promise.all(Array.from({ length: count }, (_, at) => submit(at)));
}

/** What a process runs that is to be killed: an import that tells of its progress. `npm test` has built what it loads. */
const KILLED = `
  import { readFileSync } from 'node:fs';
  import { importInto } from '${new URL('../../dist/audit/import.js', import.meta.url).href}';
  const [folder, file] = process.argv.slice(1);
  const { entries, note, vkey } = JSON.parse(readFileSync(file, 'utf8'));
  const pages = async function* () {
    for (let at = 0; at < entries.length; at += 256) yield entries.slice(at, at + 256).map((entry) => Buffer.from(entry));
  };
  const source = { name: 'file', checkpoint: async () => Buffer.from(note), vkeys: async () => [vkey], entries: pages, close: async () => {} };
  await importInto(folder, source, { progress: () => process.stdout.write('.') });`;

/** Begins an import in a process of its own and kills it when it has told of its progress so many times. */
async function killedImport(folder: string, entries: readonly Buffer[], moment: number): Promise<{ code: string | null; told: number }> {
  const file = join(mkdtempSync(join(tmpdir(), 'zonewatch-entries-')), 'entries.json');
  const { note, vkey } = signed(entries);
  writeFileSync(file, JSON.stringify({ entries: entries.map(String), note: note.toString(), vkey }));
  const child = spawn(process.execPath, ['--input-type=module', '-e', KILLED, folder, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let told = 0;
  child.stdout.on('data', (dots: Buffer) => {
    told += dots.length;
    if (told >= moment) child.kill('SIGKILL');
  });
  const [, code] = (await once(child, 'close')) as [number | null, string | null];
  rmSync(dirname(file), { recursive: true });
  return { code, told };
}

describe('an import', () => {
  const folders: string[] = [];
  const open: OpenRecord[] = [];
  const newFolder = () => {
    const folder = mkdtempSync(join(tmpdir(), 'zonewatch-import-'));
    folders.push(folder);
    return folder;
  };
  const opened = (folder: string) => {
    const record = openRecord(folder);
    open.push(record);
    return record;
  };
  const close = async (record: OpenRecord) => {
    open.splice(open.indexOf(record), 1);
    await record.close();
  };
  afterEach(async () => {
    for (const record of open.splice(0)) await record.close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
    await closeDesks();
  });

  /** All files of a folder, but for the lock, which says nothing. */
  const filesOf = (folder: string) =>
    Object.fromEntries(
      readdirSync(folder)
        .filter((name) => name !== 'writer.lock')
        .map((name) => [name, readFileSync(join(folder, name)).toString('base64')]),
    );
  const states = async ({ reader }: OpenRecord, at = reader.head) => {
    const found = [];
    for (const kind of ['party', 'zone', 'agreement', 'deployment', 'statement', 'talks'] as Kind[])
      for await (const state of reader.states(kind, { fields: {} }, { at, now: NOW })) found.push(state);
    return found;
  };
  const newSample = async () => {
    const record = opened(newFolder());
    await tellSample(record);
    return entriesOf(record);
  };
  let sample: Promise<Buffer[]> | undefined;
  const sampleEntries = () => (sample ??= newSample());
  const refusal = async (importing: Promise<unknown>): Promise<Error> =>
    importing.then(
      () => new Error('it was not refused'),
      (error: Error) => error,
    );

  test.each(['the sample', 1, 2])('brings over what a service recorded, table by table (%s)', async (story) => {
    const original = opened(newFolder());
    if (typeof story === 'number') await tellStory(original, story, 400);
    else await tellSample(original);
    const folder = newFolder();
    const { epoch, events, root } = await importInto(folder, sourceOf(entriesOf(original)));
    expect(events).toBe(original.reader.head);
    expect(readdirSync(folder).sort()).toEqual(['record.db', 'writer.lock']);

    const record = opened(folder);
    expect(contentsOf(record)).toEqual(contentsOf(original));
    expect(await states(record)).toEqual(await states(original));
    expect(record.reader.epoch).toBe(epoch);
    expect(epoch).not.toBe(original.reader.epoch);
    expect(record.unsigned.get()).toBe(true);
    expect(root).toHaveLength(32);
  });

  test('is made where those whom the auditor trusts vouch for its source, and leaves nothing where they do not', async () => {
    const entries = await sampleEntries();
    const { note, vkey } = signed(entries);
    const source = sourceOf(entries, { note, vkey });
    const keys = [parseVkey(vkey)];
    const folder = join(newFolder(), 'data');
    const untrusted = await refusal(importInto(folder, source, { keys: [parseVkey(signed([]).vkey)] }));
    expect((untrusted as FindingError).finding.code).toBe('checkpoint-invalid');
    const quorum = () => ['the witness w has not cosigned'];
    const unwitnessed = await refusal(importInto(folder, source, { keys, quorum }));
    expect((unwitnessed as FindingError).finding).toMatchObject({ code: 'quorum', message: expect.stringContaining('the witness w') });
    expect(existsSync(folder)).toBe(false);
    expect(await importInto(folder, source, { keys, quorum: () => [] })).toMatchObject({ events: entries.length });
  });

  test('begins a record that goes on, with states that need not be folded anew', async () => {
    const entries = await sampleEntries();
    const folder = newFolder();
    await importInto(folder, sourceOf(entries));
    let told = 0;
    const record = openRecord(folder, { onProgress: () => told++ });
    open.push(record);
    expect(told).toBe(0);
    const body = { name: { en: 'Homs' }, occurred: '2017-05-04', sources: [{ publisher: 'TASS' }], id: 'a-new-one' };
    const { reply } = await new Commands(record.log, record.tail).submit({ command: 'zones/report', body, caller: 'test' });
    expect(reply.sequence).toBe(entries.length + 1);
  });

  test('tells how far it has come, up to the end', async () => {
    const entries = await sampleEntries();
    const told: [number, number][] = [];
    await importInto(newFolder(), sourceOf(entries), { progress: (done, of) => told.push([done, of]) });
    expect(told.at(-1)).toEqual([entries.length, entries.length]);
  });

  test('of a record without events makes one', async () => {
    const folder = newFolder();
    expect(await importInto(folder, sourceOf([]))).toMatchObject({ events: 0 });
    expect(opened(folder).reader.head).toBe(0);
  });

  test('takes the place of a record without events, and of its checkpoint', async () => {
    const folder = newFolder();
    const empty = opened(folder);
    const { epoch } = empty.reader;
    await close(empty);
    writeFileSync(join(folder, 'checkpoint'), signed([]).note);
    await importInto(folder, sourceOf(await sampleEntries()));
    expect(existsSync(join(folder, 'checkpoint'))).toBe(false);
    expect(opened(folder).reader.epoch).not.toBe(epoch);
  });

  test('makes the folder where there is none', async () => {
    const folder = join(newFolder(), 'new', 'data');
    await importInto(folder, sourceOf(await sampleEntries()));
    expect(existsSync(join(folder, 'record.db'))).toBe(true);
  });

  test('that is refused or given up takes away the folders that it made, where nobody else has put something there', async () => {
    const entries = await sampleEntries();
    const above = newFolder();
    const stopping = new AbortController();
    const givenUp = { signal: stopping.signal, progress: (done: number) => done > 0 && stopping.abort() };
    const refused = sourceOf(entries.slice(0, 100), signed(entries));
    await refusal(importInto(join(above, 'new', 'data'), refused));
    expect(readdirSync(above)).toEqual([]);
    await refusal(importInto(join(above, 'new', 'data'), sourceOf(entries), givenUp));
    expect(readdirSync(above)).toEqual([]);
    const progress = () => writeFileSync(join(above, 'new', 'notes'), '');
    await refusal(importInto(join(above, 'new', 'data'), refused, { progress }));
    expect(readdirSync(above, { recursive: true })).toEqual(['new', join('new', 'notes')]);
  });

  test('writes over what a killed one has left', async () => {
    const folder = newFolder();
    for (const side of ['', '-wal', '-shm', '-journal']) writeFileSync(join(folder, `record.db.unfinished${side}`), 'what was left');
    await importInto(folder, sourceOf(await sampleEntries()));
    expect(Object.keys(filesOf(folder))).toEqual(['record.db']);
  });

  test('that was killed in the middle leaves no record, and the next one works', async () => {
    const original = opened(newFolder());
    await tellIncidents(original, 1_400);
    const entries = entriesOf(original);
    const folder = newFolder();
    for (const moment of [1, 4]) {
      const { code, told } = await killedImport(folder, entries, moment);
      expect(code).toBe('SIGKILL');
      expect(told).toBeGreaterThanOrEqual(moment);
      expect(existsSync(join(folder, 'record.db'))).toBe(false);
    }
    expect(existsSync(join(folder, 'record.db.unfinished'))).toBe(true);
    await importInto(folder, sourceOf(entries));
    expect(Object.keys(filesOf(folder))).toEqual(['record.db']);
    expect(contentsOf(opened(folder))).toEqual(contentsOf(original));
  });

  describe('refuses, and leaves as it is, a folder', () => {
    const refuses = async (folder: string, says: RegExp) => {
      const entries = await sampleEntries();
      const before = filesOf(folder);
      const error = await refusal(importInto(folder, sourceOf(entries)));
      expect(error).toBeInstanceOf(WrongUse);
      expect(error.message).toMatch(says);
      expect(filesOf(folder)).toEqual(before);
    };

    test('whose record has events', async () => {
      const folder = newFolder();
      const record = opened(folder);
      await tellStory(record, 5, 20);
      await close(record);
      await refuses(folder, /has events already/);
    });

    test('that another process writes to', async () => {
      const folder = newFolder();
      const unlock = lockFolder(folder);
      await refuses(folder, /another process is writing/);
      unlock();
    });

    test('whose record.db is another program’s', async () => {
      const folder = newFolder();
      const other = new Database(join(folder, 'record.db'));
      other.exec('CREATE TABLE notes (text)');
      other.close();
      await refuses(folder, /database of another program/);
    });

    test('whose record.db is no database', async () => {
      const folder = newFolder();
      writeFileSync(join(folder, 'record.db'), 'something else '.repeat(100));
      await refuses(folder, /not a Zonewatch record/);
    });

    test('whose record is damaged', async () => {
      const folder = newFolder();
      const record = opened(folder);
      await tellStory(record, 5, 60);
      await close(record);
      const path = join(folder, 'record.db');
      writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, 4_096), Buffer.alloc(40_960, 0x5a)]));
      await refuses(folder, /malformed/);
    });

    test('whose record was written by a newer release', async () => {
      const folder = newFolder();
      await close(opened(folder));
      const db = new Database(join(folder, 'record.db'));
      db.pragma('user_version = 99');
      db.close();
      await refuses(folder, /newer release/);
    });

    test('whose record was lost: its checkpoint covers events', async () => {
      const folder = newFolder();
      writeFileSync(join(folder, 'checkpoint'), signed([Buffer.from('an event')]).note);
      await refuses(folder, /a checkpoint over 1 events was signed/);
    });

    test('whose checkpoint can’t be read', async () => {
      const folder = newFolder();
      writeFileSync(join(folder, 'checkpoint'), 'no checkpoint');
      await refuses(folder, /no checkpoint/);
    });

    test('that is a file', async () => {
      const path = join(newFolder(), 'file');
      writeFileSync(path, '');
      const error = await refusal(importInto(path, sourceOf([])));
      expect(error).toBeInstanceOf(WrongUse);
    });
  });

  describe('leaves nothing of a source', () => {
    let folder: string;
    let before: Record<string, string>;
    beforeEach(async () => {
      folder = newFolder();
      await close(opened(folder));
      writeFileSync(join(folder, 'checkpoint'), signed([]).note);
      before = filesOf(folder);
    });
    const finding = async (source: Source) => {
      const error = await refusal(importInto(folder, source));
      expect(error).toBeInstanceOf(FindingError);
      expect(filesOf(folder)).toEqual(before);
      return (error as FindingError).finding;
    };

    test('that was cut off', async () => {
      const entries = await sampleEntries();
      expect(await finding(sourceOf(entries.slice(0, 100), signed(entries)))).toMatchObject({ code: 'event-missing', sequence: 101 });
    });

    test('whose checkpoint is over other events', async () => {
      const [entries, others] = [await sampleEntries(), await newSample()];
      const found = await finding(sourceOf(entries, signed([...others.slice(0, entries.length - 1), entries.at(-1)!])));
      expect(found.code).toBe('root-mismatch');
    });

    test('whose checkpoint none of its keys has signed', async () => {
      const entries = await sampleEntries();
      const found = await finding(sourceOf(entries, { note: signed(entries).note, vkey: signed(entries).vkey }));
      expect(found.code).toBe('checkpoint-invalid');
    });

    test('whose checkpoint is none', async () => {
      const { vkey } = signed([]);
      expect((await finding(sourceOf([], { note: Buffer.from('\n\n'), vkey }))).code).toBe('checkpoint-invalid');
    });

    test('that is given up in the middle', async () => {
      const record = opened(newFolder());
      await tellStory(record, 9, 600);
      const stopping = new AbortController();
      const progress = (done: number) => done > 0 && stopping.abort();
      const importing = importInto(folder, sourceOf(entriesOf(record)), { progress, signal: stopping.signal });
      expect((await refusal(importing)).name).toBe('AbortError');
      expect(filesOf(folder)).toEqual(before);
    });

    test('that breaks off', async () => {
      const entries = await sampleEntries();
      const source = sourceOf(entries);
      const breaking: Source = {
        ...source,
        async *entries() {
          yield entries.slice(0, 100);
          throw new Error('the connection was lost');
        },
      };
      expect((await refusal(importInto(folder, breaking))).message).toBe('the connection was lost');
      expect(filesOf(folder)).toEqual(before);
    });
  });

  describe('refuses by name, and keeps nothing of,', () => {
    let entries: Buffer[];
    let folder: string;
    let before: Record<string, string>;
    const original = newOriginal();
    beforeAll(async () => {
      entries = await original();
      folder = mkdtempSync(join(tmpdir(), 'zonewatch-import-'));
      await openRecord(folder).close();
      before = filesOf(folder);
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    function newOriginal() {
      return async () => {
        const desk = openDesk();
        await tellOfAll(desk);
        const all = entriesOf(desk.record);
        await closeDesks();
        return all;
      };
    }
    const eventAt = (at: number) => JSON.parse(entries[at]!.toString()) as RecordedEvent;
    const placeOf = ({ of }: Spoiling) =>
      entries.findIndex((_, at) => {
        const { type, commandKey, stream } = eventAt(at);
        return type === of || commandKey === of || subjectOf(stream)!.id === of;
      });

    test('none that is as it was recorded', async () => {
      const sound = newFolder();
      expect(await importInto(sound, sourceOf(entries))).toMatchObject({ events: entries.length });
    });

    test.each(SPOILT)('$name', async (spoiling) => {
      const at = placeOf(spoiling);
      expect(at).toBeGreaterThanOrEqual(0);
      const spoilt = spoiling.spoil(entries[at]!, entries);
      expect(spoilt.equals(entries[at]!)).toBe(false);
      // Signed as it is: that it is the one that was signed does not make it an event.
      const error = await refusal(importInto(folder, sourceOf(entries.with(at, spoilt))));
      expect(error.message).toMatch(spoiling.says);
      expect(error).toBeInstanceOf(FindingError);
      const { finding } = error as FindingError;
      expect(finding.sequence).toBe(at + 1);
      expect(finding.message).not.toMatch(/^event /);
      expect(finding.message.length).toBeLessThan(1_500);
      expect(filesOf(folder)).toEqual(before);
    });

    test('two events that have changed places', async () => {
      const error = await refusal(importInto(folder, sourceOf(entries.with(3, entries[4]!).with(4, entries[3]!))));
      expect((error as FindingError).finding).toMatchObject({ code: 'event-order', sequence: 4, id: eventAt(4).id });
    });

    test('an event that comes twice', async () => {
      const error = await refusal(importInto(folder, sourceOf([...entries, entries.at(-1)!])));
      expect((error as FindingError).finding).toMatchObject({ code: 'event-order', sequence: entries.length + 1 });
    });

    test('a record whose beginning is missing', async () => {
      const error = await refusal(importInto(folder, sourceOf(entries.slice(1))));
      expect((error as FindingError).finding).toMatchObject({ code: 'event-order', sequence: 1 });
    });
  });
});
