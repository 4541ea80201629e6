import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointFile } from '../../src/proof/checkpoint-file.js';
import { signersOf } from '../../src/proof/log-keys.js';
import { PublishedLog } from '../../src/proof/published-log.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';
import { behind, made } from '../log/made.js';
import { describeWhere, SmallDisk, whyNoSmallDisk } from './small-disk.js';

const MEGABYTE = 1024 * 1024;

describeWhere(whyNoSmallDisk(), 'a small disk', () => {
  let disk: SmallDisk;
  let folder: string;
  let record: OpenRecord;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zonewatch-recovering-'));
  });
  afterEach(async () => {
    await record?.close();
    disk.remove();
    rmSync(folder, { recursive: true });
  });

  const append = (text = '') =>
    record.log.append('zone-idlib', behind(record.writer.revisionOf('zone-idlib') + 1), [made('zone-idlib', text)]);
  const isTaken = (text?: string) =>
    append(text).then(
      () => true,
      () => false,
    );
  const untilTaken = async (text?: string) => {
    while (!(await isTaken(text))) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  test('that is full when the log is written back takes what it has room for, and all is there when it was freed', async () => {
    disk = new SmallDisk(4 * MEGABYTE);
    const { data } = disk;
    record = openRecord(data);
    // So that it is written back again and again, and finds no room to do so.
    record.writer.db.pragma('wal_autocheckpoint = 20');
    for (let at = 0; at < 20; at++) await append('x'.repeat(20_000));
    disk.fill();
    const before = record.writer.head;
    while (await isTaken('x'.repeat(20_000)));
    const full = record.writer.head;
    // What the log had room for was taken.
    expect(full).toBeGreaterThan(before);
    expect(record.reader.entries(0, full).length).toBe(full);
    // As a crash leaves it.
    cpSync(data, join(folder, 'crashed'), { recursive: true });
    disk.free();
    await untilTaken();
    expect(record.writer.failure).toBeUndefined();
    await record.close();
    record = openRecord(join(folder, 'crashed'));
    expect(record.writer.head).toBe(full);
    await record.close();
    record = openRecord(data);
    expect(record.writer.head).toBe(full + 1);
    expect(record.writer.db.pragma('integrity_check', { simple: true })).toBe('ok');
  });

  test('on which the index of the log finds no room takes back what it had written', async () => {
    disk = new SmallDisk(32 * MEGABYTE);
    const { data } = disk;
    record = openRecord(data);
    const { db } = record.writer;
    const frames = () => (db.pragma('wal_checkpoint(NOOP)') as [{ log: number }])[0].log;
    // The index grows by eight pages with frame 4,063.
    let [at, group] = [0, 0];
    while (at + group <= 4_062) {
      await append('x'.repeat(40_000));
      [at, group] = [frames(), frames() - at];
    }
    const full = record.writer.head;
    disk.fill();
    // All of the next group finds room, and of the index only a part.
    disk.giveBack((group + 4) * 4_096);
    expect(await isTaken('x'.repeat(40_000))).toBe(false);
    expect(record.writer.failure).toMatchObject({ reason: 'disk-full', cause: { code: 'SQLITE_IOERR_SHMSIZE' } });
    expect(record.writer.head).toBe(full);
    cpSync(data, join(folder, 'crashed'), { recursive: true });
    disk.free();
    await untilTaken();
    await record.close();
    record = openRecord(join(folder, 'crashed'));
    expect(record.writer.head).toBe(full);
  });

  test('that has no room for a checkpoint keeps the one before, and has the next as soon as there is room, though nothing is recorded then', async () => {
    disk = new SmallDisk(MEGABYTE);
    record = openRecord(folder);
    const { data } = disk;
    const told: string[] = [];
    const name = `test/${record.reader.epoch}`;
    const cosigners = { keys: [], cosign: () => Promise.resolve([]), close: () => {} };
    const log = new PublishedLog(name, record.writer.tree, new CheckpointFile(data), signersOf(data, name), cosigners, {
      isNew: true,
      onFailure: () => told.push('failed'),
      onRecovery: () => told.push('worked'),
    });
    record.writer.onCommit(() => log.grew());
    try {
      disk.fill();
      await append();
      expect(await log.covers(1, 1_500)).toBe(false);
      expect(log.checkpoint.size).toBe(0);
      expect(new CheckpointFile(data).read()).toEqual(log.checkpoint.note);
      disk.free();
      expect(await log.covers(1, 20_000)).toBe(true);
      expect(new CheckpointFile(data).read()).toEqual(log.checkpoint.note);
      expect(told).toEqual(['failed', 'worked']);
    } finally {
      await log.close();
    }
  });

  test('that is read-only, or full, is no place to start on, and the refusal says so', async () => {
    disk = new SmallDisk(MEGABYTE);
    const { data } = disk;
    record = openRecord(data);
    await record.close();
    disk.makeReadOnly();
    expect(() => openRecord(data)).toThrow(`the disk of ${data} is read-only. Mount it so that it can be written, and start again.`);
    disk.makeWritable();
    disk.fill();
    expect(() => openRecord(data)).toThrow(`the disk of ${data} is full. A start needs a little room: make some, and start again.`);
    disk.free();
    record = openRecord(data);
  });
});
