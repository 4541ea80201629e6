import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Commands } from '../../src/decider/commands.js';
import type { Json } from '../../src/event/event.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';
import { watchCommits } from '../log/writing.js';

describe('what is decided on top of what is not yet durable', () => {
  let folder: string;
  let record: OpenRecord;
  let commands: Commands;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zonewatch-pending-'));
    record = openRecord(folder);
    commands = new Commands(record.log, record.tail);
  });
  afterEach(async () => {
    await record.close();
    rmSync(folder, { recursive: true });
  });

  const zone = (name: string, key?: string) =>
    commands.submit({
      command: 'zones/report',
      body: { id: 'idlib', name: { en: name }, occurred: '2017-05-04', sources: [{ publisher: 'TASS' }] } as Json,
      caller: 'admin',
      ...(key !== undefined && { key }),
    });
  const outcomes = (...submitted: Promise<unknown>[]) => Promise.allSettled(submitted);

  test('is decided again when that is lost: the first creation is tried again, and the second is refused for what was then recorded', async () => {
    const { failNextCommit } = watchCommits(record.writer);
    failNextCommit();
    const [first, second] = await outcomes(zone('one'), zone('two'));
    expect(first).toMatchObject({ status: 'fulfilled', value: { created: true, reply: { sequence: 1 } } });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'already-exists' } });
    expect(record.reader.head).toBe(1);
  });

  test('is never refused for what was not recorded', async () => {
    const { failNextCommit } = watchCommits(record.writer);
    const commit = record.writer.commit.bind(record.writer);
    record.writer.commit = () => {
      failNextCommit();
      commit();
    };
    const told = await outcomes(zone('one', 'a'), zone('two'), zone('two', 'a'));
    expect(told).toMatchObject(Array(3).fill({ status: 'rejected', reason: { code: 'log-unavailable' } }));
    expect(record.reader.head).toBe(0);
  });
});
