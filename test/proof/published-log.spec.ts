import { jest } from '@jest/globals';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { CheckpointFile } from '../../src/proof/checkpoint-file.js';
import { openCheckpoint } from '../../src/proof/checkpoint.js';
import { signersOf } from '../../src/proof/log-keys.js';
import { parseVkey, type Signature } from '../../src/proof/note-keys.js';
import { openNote } from '../../src/proof/note.js';
import { ProofError } from '../../src/proof/proof-error.js';
import { Forked, PublishedLog, type Cosigners } from '../../src/proof/published-log.js';
import { verifyTlogProof } from '../../src/proof/tlog-proof.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';
import { behind, made } from '../log/made.js';
import { mth, leafOf } from './definition.js';
import { growTo } from './grown.js';
import { witness } from './keys.js';

const NOBODY: Cosigners = { keys: [], cosign: () => Promise.resolve([]), close: () => {} };
/** Longer than a checkpoint is the newest at least. */
const A_WHILE = 600;

let folder: string;
let record: OpenRecord;
let log: PublishedLog;
let failures: unknown[];

/** Opens the record and publishes it. */
const start = async ({ cosigners = NOBODY, isNew = false }: { cosigners?: Cosigners; isNew?: boolean } = {}) => {
  record = openRecord(folder);
  failures = [];
  const name = `test/${record.reader.epoch}`;
  try {
    const opened = new PublishedLog(name, record.writer.tree, new CheckpointFile(folder), signersOf(folder, name), cosigners, {
      isNew,
      onFailure: (error) => failures.push(error),
    });
    record.writer.onCommit(() => opened.grew());
    log = opened;
  } catch (error) {
    await record.close();
    throw error;
  }
};
const stop = async () => {
  await log.close();
  await record.close();
};
/** As a process that dies leaves it: nothing is signed at its end. */
const die = async () => {
  log.grew = () => {};
  log.close = () => Promise.resolve();
  await record.close();
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zonewatch-published-'));
  await start();
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

const file = () => readFileSync(join(folder, 'checkpoint'));
const keys = () => log.vkeys.map(parseVkey);
const opened = (note: Buffer) => openCheckpoint(note, { origin: log.origin, keys: keys(), witnesses: [] });
const append = (count = 1) =>
  Promise.all(
    Array.from({ length: count }, () =>
      record.log.append('zone-idlib', behind(record.writer.revisionOf('zone-idlib') + 1), [made('zone-idlib')]),
    ),
  );
const entries = () => record.reader.entries(0, record.reader.head);
const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }) as string;

describe('the published checkpoint', () => {
  test('of a new record has no entries and the root of nothing, and is on the disk', () => {
    expect(log.checkpoint).toMatchObject({ origin: `test/${record.reader.epoch}`, size: 0, root: mth([]) });
    expect(file()).toEqual(log.checkpoint.note);
    expect(opened(file())).toMatchObject({ size: 0, root: mth([]) });
  });

  test('may be read by all, and the key by its owner alone', async () => {
    await append();
    expect(await log.covers(1, 5_000)).toBe(true);
    const mode = (name: string) => (statSync(join(folder, name)).mode & 0o777).toString(8);
    expect([mode('checkpoint'), mode('log.key')]).toEqual([(0o644 & ~process.umask()).toString(8), '600']);
  });

  test('covers each event with the next one but one after its reply, never goes back, and is never ahead of the disk', async () => {
    const replies: { head: number; shown: number }[] = [];
    const sizes: number[] = [];
    const notes = new Set<string>();
    const until = performance.now() + 1_700;
    while (performance.now() < until) {
      await append(5);
      replies.push({ head: record.writer.head, shown: log.checkpoint.size });
      const served = log.checkpoint;
      const held = opened(file());
      expect(held.size).toBeGreaterThanOrEqual(served.size);
      sizes.push(served.size);
      notes.add(served.note.toString());
      await passed(2);
    }
    expect(await log.covers(record.writer.head, 5_000)).toBe(true);
    sizes.push(log.checkpoint.size);
    // The one that was being signed may have come without it. How long each is the newest is told below.
    for (const { head, shown } of replies)
      expect(Math.max(...[...new Set(sizes)].filter((size) => size > shown).slice(0, 2))).toBeGreaterThanOrEqual(head);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    // It is not signed for each group, and every one that was served holds.
    expect(notes.size).toBeGreaterThan(2);
    expect(notes.size).toBeLessThan(7);
    const leaves = entries().map(leafOf);
    for (const note of notes) {
      const { size, root } = opened(Buffer.from(note));
      expect(root).toEqual(mth(leaves.slice(0, size)));
    }
    expect(failures).toEqual([]);
  });

  test('is as late as promised when the clock is put back', async () => {
    await append();
    expect(await log.covers(1, 5_000)).toBe(true);
    const now = Date.now;
    Date.now = () => now() - 3_600_000;
    try {
      await append();
      expect(await log.covers(2, 1_000)).toBe(true);
    } finally {
      Date.now = now;
    }
  });

  test('covers at the end all that is durable then', async () => {
    await append(3);
    expect(await log.covers(3, 5_000)).toBe(true);
    await append(4);
    await log.close();
    expect(opened(file())).toMatchObject({ size: 7, root: mth(entries().map(leafOf)) });
    await append();
    await passed(A_WHILE);
    expect(opened(file()).size).toBe(7);
  });

  test('covers after a start what a process that died had not signed', async () => {
    await append(3);
    expect(await log.covers(3, 5_000)).toBe(true);
    await append(4);
    await die();
    expect(opened(file()).size).toBe(3);
    await start();
    expect(log.checkpoint.size).toBe(3);
    expect(await log.covers(7, 1_000)).toBe(true);
    expect(opened(file())).toMatchObject({ size: 7, root: mth(entries().map(leafOf)) });
  });

  test('stays where it was while it can not be written, and comes by itself when it can', async () => {
    const before = file();
    const inTheWay = join(folder, 'checkpoint.unfinished');
    mkdirSync(inTheWay);
    await append();
    expect(await log.covers(1, A_WHILE)).toBe(false);
    expect(failures.length).toBeGreaterThan(0);
    expect([log.checkpoint.note, file()]).toEqual([before, before]);
    rmdirSync(inTheWay);
    expect(await log.covers(1, 1_000)).toBe(true);
    expect(opened(file()).size).toBe(1);
  });

  test('is not signed any more where the tree is found to be another than was signed', async () => {
    growTo(record, 300);
    expect(await log.covers(300, 5_000)).toBe(true);
    const before = file();
    growTo(record, 600);
    record.writer.db.exec('DROP TRIGGER tiles_are_not_updated; UPDATE tiles SET nodes = zeroblob(16352) WHERE id = 1');
    expect(await log.covers(301, A_WHILE)).toBe(false);
    expect(failures).toEqual([expect.any(Forked)]);
    await append();
    await passed(A_WHILE);
    await log.close();
    expect(failures.length).toBe(1);
    expect([log.checkpoint.note, file()]).toEqual([before, before]);
  });

  test('gives a proof of each entry, which holds with the entry alone', async () => {
    growTo(record, 260);
    expect(await log.covers(260, 5_000)).toBe(true);
    entries().forEach((entry, index) => {
      const proof = Buffer.from(log.proof(index));
      expect(verifyTlogProof(proof, entry, { origin: log.origin, keys: keys(), witnesses: [] })).toMatchObject({ index, size: 260 });
      const other = entries()[(index + 1) % 260]!;
      if (index % 50 === 0)
        expect(() => verifyTlogProof(proof, other, { origin: log.origin, keys: keys(), witnesses: [] })).toThrow(ProofError);
    });
  });
});

describe('the start', () => {
  test('is refused where the checkpoint is gone and the events are not', async () => {
    await append(2);
    await stop();
    rmSync(join(folder, 'checkpoint'));
    await expect(start()).rejects.toThrow(new Forked('there are 2 events, and the checkpoint over them is missing'));
    await start({ isNew: true });
    expect(log.checkpoint.size).toBe(2);
  });
});

describe('a key that takes the place of another', () => {
  /** Adds a key to those that sign, or takes the first away. */
  const rewrite = (change: (keys: string[]) => string[]) => {
    const path = join(folder, 'log.key');
    const held = readFileSync(path, 'utf8').match(/-----BEGIN[^]+?-----END[^\n]+\n/g)!;
    writeFileSync(path, change(held).join(''));
  };
  const signedBy = (note: Buffer, vkey: string) => openNote(note, [parseVkey(vkey)]).signatures.length;

  test.each([0, 3])('signs beside it at once, over %i events, and alone afterwards', async (events) => {
    await append(events);
    const [old] = log.vkeys as [string];
    await stop();
    const { size, root } = opened(file());
    rewrite((held) => [...held, pem(generateKeyPairSync('ed25519').privateKey)]);
    await start();
    expect(log.vkeys.length).toBe(2);
    expect(log.vkeys[0]).toBe(old);
    const added = log.vkeys[1]!;
    // Not only with the next event: whoever knows the new key alone opens what is there now.
    for (const note of [log.checkpoint.note, file()]) {
      expect([signedBy(note, old), signedBy(note, added)]).toEqual([1, 1]);
      expect(opened(note)).toMatchObject({ size, root });
    }
    await stop();
    rewrite((held) => held.slice(1));
    await start();
    expect(log.vkeys).toEqual([added]);
    expect(log.checkpoint.size).toBe(events);
    await append();
    expect(await log.covers(events + 1, 5_000)).toBe(true);
    expect(signedBy(log.checkpoint.note, added)).toBe(1);
    expect(() => signedBy(log.checkpoint.note, old)).toThrow(ProofError);
  });

  test('signs nothing where the checkpoint was signed by neither', async () => {
    await append();
    await stop();
    const before = file();
    rewrite(() => [pem(generateKeyPairSync('ed25519').privateKey)]);
    await expect(start()).rejects.toThrow(ProofError);
    expect(file()).toEqual(before);
  });
});

describe('with witnesses', () => {
  const seen = witness('witness.example', Buffer.alloc(32, 7));
  const key = parseVkey(seen.vkey);
  const signature = (note: Buffer): Signature => {
    const text = note.toString().slice(0, note.indexOf('\n\n') + 1);
    const line = Buffer.from(`${text}\n${seen.line(text, 1_500_000_000)}`);
    return openNote(line, [key]).signatures[0]!;
  };
  const cosigners = (note: Buffer) => openCheckpoint(note, { origin: log.origin, keys: keys(), witnesses: [key] }).cosignatures.length;

  /** Starts with a witness that answers when it is told to. */
  const startWith = async () => {
    await stop();
    const shown: { size: number; note: Buffer; inTime(): void; nothing(): void; late(): void }[] = [];
    const cosign: Cosigners['cosign'] = ({ note, size }, late) =>
      new Promise((resolve) => {
        const give = (signatures: Signature[]) => resolve(signatures);
        shown.push({ size, note, inTime: () => give([signature(note)]), nothing: () => give([]), late: () => late(signature(note)) });
      });
    await start({ cosigners: { keys: [key], cosign, close: () => {} } });
    const shownAt = async (size: number) => {
      for (;;) {
        const found = shown.find((one) => one.size === size);
        if (found) return found;
        await passed(5);
      }
    };
    return { shown, shownAt };
  };

  test('a checkpoint is on the disk before they see it, and nobody else sees it before they had their time', async () => {
    const { shownAt } = await startWith();
    await append(2);
    const asked = await shownAt(2);
    expect(file()).toEqual(asked.note);
    expect(log.checkpoint.size).toBe(0);
    asked.inTime();
    expect(await log.covers(2, 1_000)).toBe(true);
    expect([cosigners(log.checkpoint.note), cosigners(file())]).toEqual([1, 1]);
  });

  test('what they say late joins the checkpoint as long as it is the newest', async () => {
    const { shownAt } = await startWith();
    await append();
    const first = await shownAt(1);
    first.nothing();
    expect(await log.covers(1, 1_000)).toBe(true);
    expect(cosigners(log.checkpoint.note)).toBe(0);
    first.late();
    expect([cosigners(log.checkpoint.note), cosigners(file())]).toEqual([1, 1]);
    await append();
    const second = await shownAt(2);
    second.nothing();
    expect(await log.covers(2, 1_000)).toBe(true);
    const before = file();
    first.late();
    expect([log.checkpoint.note, file()]).toEqual([before, before]);
  });

  test('what they say late of one checkpoint does not take back the next one, which is on its way', async () => {
    const { shownAt } = await startWith();
    await append();
    const first = await shownAt(1);
    first.nothing();
    expect(await log.covers(1, 1_000)).toBe(true);
    await append();
    const second = await shownAt(2);
    first.late();
    expect(opened(file()).size).toBe(2);
    second.inTime();
    expect(await log.covers(2, 1_000)).toBe(true);
    expect([cosigners(log.checkpoint.note), cosigners(file())]).toEqual([1, 1]);
  });

  test('they see the newest checkpoint again every ten minutes, and none that is older than the one they are looking at', async () => {
    const intervals = jest.spyOn(global, 'setInterval');
    const { shown, shownAt } = await startWith();
    const refresh = intervals.mock.calls.find(([, every]) => every === 600_000)![0] as () => void;
    intervals.mockRestore();
    await append();
    const first = await shownAt(1);
    refresh();
    first.inTime();
    expect(await log.covers(1, 1_000)).toBe(true);
    refresh();
    expect(shown.map(({ size }) => size)).toEqual([0, 1, 1]);
    await append();
    // What is asked for anew may still be on its way.
    (await shownAt(2)).inTime();
    expect(await log.covers(2, 1_000)).toBe(true);
  });

  test('a checkpoint is written no more once the log is closed, even where the last one failed', async () => {
    const { shownAt } = await startWith();
    await append();
    const first = await shownAt(1);
    await append();
    const closed = log.close();
    const inTheWay = join(folder, 'checkpoint.unfinished');
    mkdirSync(inTheWay);
    first.nothing();
    await closed;
    expect(failures.length).toBe(1);
    rmdirSync(inTheWay);
    await passed(A_WHILE);
    // Another process may hold the folder by now.
    expect(file()).toEqual(first.note);
  });

  test('what they signed outlives a key that is added', async () => {
    const { shownAt } = await startWith();
    await append();
    (await shownAt(1)).inTime();
    expect(await log.covers(1, 1_000)).toBe(true);
    await stop();
    const path = join(folder, 'log.key');
    writeFileSync(path, readFileSync(path, 'utf8') + pem(generateKeyPairSync('ed25519').privateKey));
    await start({ cosigners: { ...NOBODY, keys: [key] } });
    expect(log.vkeys.length).toBe(2);
    expect(cosigners(log.checkpoint.note)).toBe(1);
  });
});
