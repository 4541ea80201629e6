// How fast events are taken, as ratios against better-sqlite3 alone and against a route that stores nothing, in one run.
// npm run build && node bench/append.mjs [events] [rounds]
import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Commands } from '../dist/decider/commands.js';
import { intake } from '../dist/decider/intake.js';
import { openRecord } from '../dist/record/record.js';
import { openForWriting } from '../dist/record/schema.js';
import { report, setUp, ZONES } from './workload.mjs';
import { hammer } from './hammer.mjs';

const EVENTS = Number(process.argv[2] ?? 20_000);
const ROUNDS = Number(process.argv[3] ?? 3);
const KEY = 'a-key-for-the-benchmark';

const folders = [];
function folder() {
  const made = mkdtempSync(join(tmpdir(), 'zonewatch-bench-'));
  folders.push(made);
  return made;
}

/** (b) The log with 100 callers, deciding and projecting; `zones` = 1 puts all of them on one stream. */
async function log(zones) {
  const path = folder();
  const record = openRecord(path);
  const commands = new Commands(record.log, record.tail);
  for (const line of setUp()) await commands.submit({ ...line, caller: 'admin' });
  // Validation belongs to the doors (c, d): what is measured here starts behind it.
  const valid = Array.from({ length: EVENTS }, (_, at) => intake({ ...report(at, at % zones), caller: 'admin' }, Date.now()));
  let next = 0;
  const caller = async () => {
    while (next < EVENTS) await commands.execute(valid[next++]);
  };
  const rate = await timed(EVENTS, () => Promise.all(Array.from({ length: 100 }, () => caller())));
  await record.close();
  return { rate, path };
}

/** (a) better-sqlite3 alone, the same rows with the bytes prepared, 100 events a transaction. */
async function bare(path) {
  const source = new Database(join(path, 'record.db'), { readonly: true });
  const first = source.prepare('SELECT max(sequence) FROM events').pluck().get() - EVENTS;
  const events = source.prepare('SELECT * FROM events WHERE sequence > ? ORDER BY sequence').raw().all(first);
  const tags =
    Map.groupBy?.(source.prepare('SELECT * FROM tags WHERE sequence > ?').raw().all(first), ([, at]) => at) ?? grouped(source, first);
  source.close();
  const db = openForWriting(join(folder(), 'record.db'));
  const insertEvent = db.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const insertTag = db.prepare('INSERT INTO tags VALUES (?, ?)');
  const write = db.transaction((batch) => {
    for (const event of batch) {
      insertEvent.run(...event);
      for (const [tag, at] of tags.get(event[0])) insertTag.run(tag, at);
    }
  });
  const rate = await timed(EVENTS, () => {
    for (let at = 0; at < events.length; at += 100) write(events.slice(at, at + 100));
  });
  db.close();
  return rate;
}

function grouped(source, first) {
  const tags = new Map();
  for (const row of source.prepare('SELECT * FROM tags WHERE sequence > ?').raw().all(first))
    tags.set(row[1], [...(tags.get(row[1]) ?? []), row]);
  return tags;
}

/** (c) POST /v1/commands with one line an event. */
async function lines(address) {
  const body = Array.from({ length: EVENTS }, (_, at) => JSON.stringify(report(at, at % ZONES))).join('\n');
  return timed(EVENTS, async () => {
    const replies = await post(`${address}/v1/commands`, 'application/x-ndjson', body);
    const refused = replies.split('\n').filter((line) => line && !line.includes('"eventId"'));
    if (refused.length) throw new Error(refused[0]);
  });
}

/** (d) and (e): single POSTs over 64 connections, and the same against the route that stores nothing; in turns, after both have warmed up. */
async function singles(address) {
  let told = 0;
  const hit = async (route, requests) => {
    const first = EVENTS + told;
    told += requests;
    return hammer({
      address,
      connections: 64,
      requests,
      key: KEY,
      post: (at) => ({ path: route(at), body: report(first + at, at % ZONES).body }),
    });
  };
  const d = (at) => `/v1/zones/zone-${at % ZONES}/report-incident`;
  const e = () => '/v1/nowhere/zone-0/report-incident';
  for (const route of [d, e]) await hit(route, 2_000);
  const rates = { d: [], e: [] };
  for (let turn = 0; turn < 3; turn++) {
    rates.d.push(await hit(d, EVENTS / 4));
    rates.e.push(await hit(e, EVENTS / 4));
  }
  return { d: median(rates.d), e: median(rates.e) };
}

async function post(url, type, body) {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', headers: { authorization: `Bearer ${KEY}`, 'content-type': type } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => (text += piece));
      response.on('end', () => resolve(text)).on('error', reject);
    });
    call.on('error', reject).end(body);
  });
}

async function timed(count, run) {
  const start = process.hrtime.bigint();
  await run();
  return count / (Number(process.hrtime.bigint() - start) / 1e9);
}

async function serve() {
  const env = { ...process.env, PORT: '0', ZONEWATCH_DATA: folder(), ZONEWATCH_ADMIN_KEY: KEY };
  const child = spawn(process.execPath, [new URL('./server.mjs', import.meta.url).pathname], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const address = await new Promise((resolve) => child.stdout.on('data', (text) => resolve(/listening on (\S+)/.exec(String(text))?.[1])));
  await post(
    `${address}/v1/commands`,
    'application/x-ndjson',
    setUp()
      .map((line) => JSON.stringify(line))
      .join('\n'),
  );
  return { address, stop: () => new Promise((done) => child.on('exit', done).kill('SIGTERM')) };
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

const results = { a: [], b: [], one: [], c: [], d: [], e: [] };
for (let round = 0; round < ROUNDS; round++) {
  const b = await log(ZONES);
  results.b.push(b.rate);
  results.a.push(await bare(b.path));
  results.one.push((await log(1)).rate);
  const service = await serve();
  results.c.push(await lines(service.address));
  const { d, e } = await singles(service.address);
  results.d.push(d);
  results.e.push(e);
  await service.stop();
}
for (const made of folders) rmSync(made, { recursive: true });

const m = Object.fromEntries(Object.entries(results).map(([name, rates]) => [name, median(rates)]));
const row = (what, rate) => console.log(`${what.padEnd(66)}${Math.round(rate).toLocaleString('en').padStart(9)} events/s`);
const ratio = (what, value, reach) => console.log(`${what.padEnd(66)}${value.toFixed(2).padStart(9)}  (reach ${reach})`);
console.log(`medians of ${ROUNDS} rounds of ${EVENTS.toLocaleString('en')} events`);
row('a  better-sqlite3 alone, the same rows, 100 a transaction', m.a);
row('b  the log, 100 callers, deciding and projecting', m.b);
row('b1 the same on one stream', m.one);
row('c  POST /v1/commands', m.c);
row('d  single POSTs, 64 connections', m.d);
row('e  the same on a route that stores nothing', m.e);
ratio('b / a', m.b / m.a, '0.35');
ratio('b1 / b', m.one / m.b, '0.5');
ratio('c / a', m.c / m.a, '0.15');
ratio('d / e', m.d / m.e, '0.6');
