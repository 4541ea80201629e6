import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewEvent } from '../../src/event/event.js';
import { WrongRevision } from '../../src/log/event-log.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';
import { describeLog } from './contract.js';
import { made, many } from './made.js';
import { all, first } from './reading.js';
import { watchCommits } from './writing.js';

describeLog('sqlite', (folder) => {
  const { log, writer, close } = openRecord(folder);
  return { log, close, ...watchCommits(writer) };
});

describe('the sqlite log, closed and opened again', () => {
  let folder: string;
  let record: OpenRecord;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zonewatch-log-'));
    record = openRecord(folder);
  });
  afterEach(async () => {
    await record.close();
    rmSync(folder, { recursive: true });
  });
  const reopen = async () => {
    await record.close();
    record = openRecord(folder);
  };

  test('has all that it had', async () => {
    const [idlib, south] = [many('zone-idlib', 300), many('zone-south', 2)];
    await record.log.append('zone-idlib', 'none', idlib);
    await record.log.append('zone-south', 'none', south);
    const before = [await all(record.log.readStream('zone-idlib')), await first(record.log.follow(), 302)];
    await reopen();
    expect([await all(record.log.readStream('zone-idlib')), await first(record.log.follow(), 302)]).toEqual(before);
  });

  test('has what was being written when it was closed', async () => {
    const event = made('zone-idlib');
    const writing = record.log.append('zone-idlib', 'none', [event]);
    await reopen();
    expect(await writing).toEqual({ revision: 0 });
    expect((await all(record.log.readStream('zone-idlib'))).map(({ id }) => id)).toEqual([event.id]);
  });

  test('goes on where each stream ended', async () => {
    await record.log.append('zone-idlib', 'none', many('zone-idlib', 2));
    await reopen();
    await expect(record.log.append('zone-idlib', 'none', [made('zone-idlib')])).rejects.toBeInstanceOf(WrongRevision);
    expect(await record.log.append('zone-idlib', 1, [made('zone-idlib')])).toEqual({ revision: 2 });
  });

  test('knows a repeated append', async () => {
    const [a, b, c] = many('zone-idlib', 3) as [NewEvent, NewEvent, NewEvent];
    await record.log.append('zone-idlib', 'none', [a, b]);
    await record.log.append('zone-idlib', 1, [c]);
    await reopen();
    expect(await record.log.append('zone-idlib', 'none', [a, b])).toEqual({ revision: 1 });
    expect(await record.log.append('zone-idlib', 1, [c])).toEqual({ revision: 2 });
    expect(await all(record.log.readStream('zone-idlib'))).toHaveLength(3);
  });

  test('resumes from a cursor that was given before', async () => {
    await record.log.append('zone-idlib', 'none', many('zone-idlib', 4));
    const entries = await first(record.log.follow(), 4);
    await reopen();
    expect(await first(record.log.follow(entries[1]!.next), 2)).toEqual(entries.slice(2));
  });
});
