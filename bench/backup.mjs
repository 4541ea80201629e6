// What a backup costs: against `cp` and `verify` of what that has copied, and to a service that is written to meanwhile.
// npm run build && node bench/backup.mjs [rounds=3] [events=200000]
import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { openDataFolder } from '../dist/audit/data-folder/data-folder.js';
import { verify } from '../dist/audit/verify.js';
import { backupTo } from '../dist/backup/backup.js';
import { restoreInto } from '../dist/backup/restore.js';
import { Commands } from '../dist/decider/commands.js';
import { intake } from '../dist/decider/intake.js';
import { openRecord } from '../dist/record/record.js';
import { fresh, median, published, recordOf, seconds } from './records.mjs';
import { ZONES, report, setUp } from './workload.mjs';

const [ROUNDS, EVENTS] = [3, 200_000].map((usual, at) => Number(process.argv[at + 2] ?? usual));
const CALLERS = 64;
/** Milliseconds of writing before anything is measured, and at the least while it is. */
const WARM = 2_000;
const CLI = new URL('../dist/cli.js', import.meta.url).pathname;

async function verified(data) {
  const source = openDataFolder(data);
  const { count } = await verify(source);
  await source.close();
  if (count !== 0) throw new Error(`an honest record was accused: ${count}`);
}

/** Each way of having a copy of a stopped record: with `cp` and what belongs to it, and as a backup; and the copying alone. */
async function copies(data) {
  const [folder, file, vacuumed, restored] = [fresh(), fresh(), fresh(), fresh()];
  mkdirSync(folder);
  const cp = await seconds(() => {
    for (const name of ['record.db', 'checkpoint', 'log.key']) copyFileSync(join(data, name), join(folder, name));
  });
  const verifying = await seconds(() => verified(folder));

  const began = performance.now();

  let verifyBegan = 0;
  const backup = await seconds(() => backupTo(data, file, { verifying: () => (verifyBegan ||= performance.now() - began) }));
  const vacuum = await seconds(() => {
    const db = new Database(join(data, 'record.db'), { readonly: true });
    db.exec(`VACUUM INTO '${vacuumed}'`);
    db.close();
  });
  const restore = await seconds(() => restoreInto(restored, file));
  for (const path of [folder, file, vacuumed, restored]) rmSync(path, { recursive: true });
  return { cp, verifying, backup, pages: verifyBegan / 1_000, vacuum, restore };
}

/** Events a second that 64 callers are taken in at, while `run` goes on and at the least for a while, with all that a service does. */
async function appends(data, run) {
  const record = openRecord(data);
  const log = published(record, data);
  const commands = new Commands(record.log, record.tail);
  for (const line of setUp()) await commands.submit({ ...line, caller: 'admin' }).catch(() => {});
  const from = record.writer.head;
  let next = 0;
  let isOver = false;
  const caller = async () => {
    while (!isOver) {
      const at = from + next++;
      await commands.execute(intake({ ...report(at, at % ZONES), caller: 'admin' }, Date.now()));
    }
  };
  const writing = Promise.all(Array.from({ length: CALLERS }, caller));
  await passed(WARM);
  const [head, began] = [record.writer.head, performance.now()];
  await Promise.all([run(), passed(WARM)]);
  const rate = (record.writer.head - head) / ((performance.now() - began) / 1_000);
  const wal = statSync(join(data, 'record.db-wal')).size / 2 ** 20;
  isOver = true;
  await writing;
  await log.close();
  await record.close();
  return { rate, wal };
}

/** The command, in a process of its own as an operator has it. */
function command(data) {
  const file = fresh();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, 'backup', file, '--data', data], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('exit', (code) => (rmSync(file, { force: true }), code === 0 ? resolve() : reject(new Error(`it ended with ${code}`))));
  });
}

/** A process that keeps one processor busy as long as a backup does, and reads nothing. */
async function busy(ms) {
  const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  await passed(ms);
  child.kill('SIGKILL');
}

const row = (what, value, unit) => console.log(`${what.padEnd(64)}${value.padStart(10)} ${unit}`);
const ratio = (what, value) => console.log(`${what.padEnd(64)}${value.toFixed(2).padStart(10)}`);
console.log(`medians of ${ROUNDS} rounds; load ${loadavg()[0].toFixed(2)} at the start`);

const data = await recordOf(EVENTS);
row(`a record of ${EVENTS.toLocaleString('en')} events`, (statSync(join(data, 'record.db')).size / 2 ** 20).toFixed(0), 'MB');
const took = [];
for (let round = 0; round < ROUNDS; round++) took.push(await copies(data));
const of = (name) => median(took.map((each) => each[name]));
row('cp', of('cp').toFixed(2), 's');
row('copying and sealing for a backup, page by page, with fsync', of('pages').toFixed(2), 's');
row('VACUUM INTO', of('vacuum').toFixed(2), 's');
row('cp and verify', median(took.map(({ cp, verifying }) => cp + verifying)).toFixed(2), 's');
row('backup, verified', of('backup').toFixed(2), 's');
row('restore, verified', of('restore').toFixed(2), 's');
ratio('backup / (cp and verify)', median(took.map(({ cp, verifying, backup }) => backup / (cp + verifying))));

const rates = { alone: [], during: [], busy: [], wal: [] };
for (let round = 0; round < ROUNDS; round++) {
  const written = fresh();
  cpSync(data, written, { recursive: true });
  rates.alone.push((await appends(written, () => passed(WARM))).rate);
  let took = 0;
  const { rate, wal } = await appends(written, async () => void (took = (await seconds(() => command(written))) * 1_000));
  rates.during.push(rate);
  rates.wal.push(wal);
  rates.busy.push((await appends(written, () => busy(took))).rate);
  rmSync(written, { recursive: true });
}
row(`appends of ${CALLERS} callers, alone`, Math.round(median(rates.alone)).toLocaleString('en'), 'events/s');
row('... during a backup', Math.round(median(rates.during)).toLocaleString('en'), 'events/s');
row('... during a process that only counts', Math.round(median(rates.busy)).toLocaleString('en'), 'events/s');
row('record.db-wal after that backup', median(rates.wal).toFixed(0), 'MB');
ratio('during a backup / alone', median(rates.during.map((rate, at) => rate / rates.alone[at])));
ratio('during a process that only counts / alone', median(rates.busy.map((rate, at) => rate / rates.alone[at])));
