// What the benches of whole records share: folders of their own, records that are filled and signed, and how long something took.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../dist/config.js';
import { Commands } from '../dist/decider/commands.js';
import { publish } from '../dist/proof/publish.js';
import { openRecord } from '../dist/record/record.js';
import { filler, zoneHistories } from './workload.mjs';

const GROUP = 256;
const HISTORIES = { zones: 20, events: 100 };
const quiet = { debug() {}, info() {}, warn() {}, error: console.error, fatal: console.error };

const temporary = mkdtempSync(join(tmpdir(), 'zonewatch-bench-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));
let names = 0;
export const fresh = () => join(temporary, String(names++));

export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

export async function seconds(run) {
  const began = performance.now();
  await run();
  return (performance.now() - began) / 1_000;
}

/** What a service does with the log of a record in this folder. */
export function published(record, data) {
  return publish(record, { ...readConfig({}), data }, quiet);
}

/** A record of so many events of all kinds, signed, in a folder. */
export async function recordOf(size) {
  const data = fresh();
  const record = openRecord(data);
  record.writer.db.pragma('synchronous = OFF');
  const log = published(record, data);
  const commands = new Commands(record.log, record.tail);
  const lines = (function* () {
    yield* zoneHistories(HISTORIES.zones, HISTORIES.events);
    yield* filler();
  })();
  while (record.writer.head < size) {
    const group = Array.from({ length: Math.min(GROUP, size - record.writer.head) }, () => lines.next().value);
    await Promise.all(group.map((line) => commands.submit({ ...line, caller: 'admin' })));
  }
  await log.close();
  await record.close();
  return data;
}
