import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Commands } from '../../src/decider/commands.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';

const DAY = 86_400_000;
const NOON = Date.parse('2019-01-02T12:00:00Z');

let folder: string;
let record: OpenRecord;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonewatch-clock-'));
  record = openRecord(folder);
});
afterEach(async () => {
  await record.close();
  rmSync(folder, { recursive: true });
});

test('a clock that jumps back a day, under 64 writers and over a restart, takes no recordedAt back and changes no order', async () => {
  let now = NOON;
  const open = () => new Commands(record.log, record.tail, () => now++);
  let commands = open();
  const report = (text: string) => {
    const body = { incident: 'clash', text: { en: text }, occurred: '2017', sources: [{ publisher: 'TASS' }] };
    return commands.submit({ command: 'zones/report-incident', id: 'idlib', body, caller: 'desk', key: text });
  };
  const write = (round: string) => Promise.all(Array.from({ length: 64 }, (_, name) => report(`${round}-${name}`)));
  await commands.submit({
    command: 'zones/report',
    body: { id: 'idlib', name: { en: 'Idlib' }, occurred: '2017', sources: [{ publisher: 'TASS' }] },
    caller: 'desk',
  });
  const replies = await write('before');
  now -= DAY;
  replies.push(...(await write('after')));
  await record.close();
  record = openRecord(folder);
  now -= DAY;
  commands = open();
  replies.push(...(await write('restarted')));
  const [again] = await write('before');
  expect(again!.reply).toEqual(replies[0]!.reply);
  now = NOON + DAY;
  replies.push(...(await write('right')));

  const events = record.reader.entries(0, record.writer.head).map((bytes) => JSON.parse(bytes.toString()) as Told);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, at) => at + 1));
  expect(replies.map(({ reply }) => reply.sequence)).toEqual(replies.map((_, at) => at + 2));
  const times = events.map(({ recordedAt }) => recordedAt);
  expect(times).toEqual([...times].sort());
  // Held where it was until the clock had come as far again.
  expect(new Set(times.slice(65, 193)).size).toBe(1);
  expect(Date.parse(times.at(-1)!)).toBeGreaterThanOrEqual(NOON + DAY);
});

interface Told {
  sequence: number;
  recordedAt: string;
}
