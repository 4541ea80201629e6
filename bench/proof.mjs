// What the proof costs: the tree on every append, verifying against a bare loop over the same lines, and one proof in a long record.
// npm run build && node bench/proof.mjs [rounds=5] [verified=200000] [long=1000000] [short=10000]
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { Commands } from '../dist/decider/commands.js';
import { intake } from '../dist/decider/intake.js';
import { inclusionProof } from '../dist/proof/tree.js';
import { openRecord } from '../dist/record/record.js';
import { openForReading } from '../dist/record/schema.js';
import { RecordTree } from '../dist/record/tree.js';
import { fresh, median, published, recordOf, seconds } from './records.mjs';
import { ZONES, randomFrom, report, setUp } from './workload.mjs';

const [ROUNDS, VERIFIED, LONG, SHORT] = [5, 200_000, 1_000_000, 10_000].map((usual, at) => Number(process.argv[at + 2] ?? usual));
const APPENDED = 20_000;
const PROOFS = 2_000;
const CALLERS = 100;

/** Microseconds an event of `bench/append.mjs` (b), with the tree and its checkpoints, or with neither. */
async function append(withTree) {
  const { take, store } = RecordTree.prototype;
  if (!withTree) Object.assign(RecordTree.prototype, { take: () => Buffer.alloc(32), store() {} });
  const data = fresh();
  const record = openRecord(data);
  const log = withTree ? published(record, data) : undefined;
  const commands = new Commands(record.log, record.tail);
  for (const line of setUp()) await commands.submit({ ...line, caller: 'admin' });
  const valid = Array.from({ length: APPENDED }, (_, at) => intake({ ...report(at, at % ZONES), caller: 'admin' }, Date.now()));
  let next = 0;
  const caller = async () => {
    while (next < APPENDED) await commands.execute(valid[next++]);
  };
  const took = await seconds(() => Promise.all(Array.from({ length: CALLERS }, caller)));
  await log?.close();
  await record.close();
  Object.assign(RecordTree.prototype, { take, store });
  rmSync(data, { recursive: true });
  return (took / APPENDED) * 1e6;
}

/** The same events as lines of a file, as an export has them. */
function linesOf(data) {
  const db = openForReading(join(data, 'record.db'));
  const path = join(data, 'events.ndjson');
  const file = openSync(path, 'w');
  for (const bytes of db.prepare('SELECT bytes FROM events ORDER BY sequence').pluck().iterate()) writeSync(file, `${bytes}\n`);
  closeSync(file);
  db.close();
  return path;
}

/** The bare loop, as anybody would write it: seconds for reading a file of lines, parsing and hashing each. */
function bareLoop(path) {
  return loop(`
    const began = performance.now();
    for (const line of readFileSync(${JSON.stringify(path)}, 'utf8').split('\\n')) {
      if (!line) continue;
      JSON.parse(line);
      createHash('sha256').update(line).digest();
    }`);
}

/** The strictest loop: seconds for parsing lines that are in memory already, and hashing each in one call where this Node has one. */
function strictLoop(path) {
  return loop(`
    const lines = readFileSync(${JSON.stringify(path)}, 'utf8').split('\\n').slice(0, -1);
    const sha256 = hash ? (line) => hash('sha256', line, 'buffer') : (line) => createHash('sha256').update(line).digest();
    const began = performance.now();
    for (const line of lines) {
      JSON.parse(line);
      sha256(line);
    }`);
}

/** Seconds since `began`, in a process of its own with one thread. */
function loop(script) {
  const whole = `import crypto from 'node:crypto'; import { readFileSync } from 'node:fs'; const { createHash, hash } = crypto;
    ${script}
    console.log((performance.now() - began) / 1000);`;
  return Number(spawnSync(process.execPath, ['--input-type=module', '-e', whole], { encoding: 'utf8' }).stdout);
}

/** `verify` in a process of its own: seconds, and the most memory that it had. */
function verifyOnce(data, hashesOnly) {
  const script = `
    import { openDataFolder } from ${JSON.stringify(new URL('../dist/audit/data-folder/data-folder.js', import.meta.url).href)};
    import { verify } from ${JSON.stringify(new URL('../dist/audit/verify.js', import.meta.url).href)};
    const began = performance.now();
    const source = openDataFolder(${JSON.stringify(data)});
    const { count } = await verify(source, { hashesOnly: ${hashesOnly} });
    await source.close();
    console.log(JSON.stringify({ count, seconds: (performance.now() - began) / 1000, megabytes: process.resourceUsage().maxRSS / 1024 }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const result = JSON.parse(stdout || JSON.stringify({ count: stderr }));
  if (result.count !== 0) throw new Error(`an honest record was accused: ${result.count}`);
  return result;
}

/** Microseconds for the inclusion proof of a random event. */
function proofs(tree) {
  const random = randomFrom(1);
  const began = performance.now();
  for (let at = 0; at < PROOFS; at++) inclusionProof(tree.hashes(), Math.floor(random() * tree.size), tree.size);
  return ((performance.now() - began) / PROOFS) * 1_000;
}

const row = (what, value, unit) => console.log(`${what.padEnd(64)}${value.padStart(10)} ${unit}`);
const ratio = (what, value, reach) => console.log(`${what.padEnd(64)}${value.toFixed(2).padStart(10)} (${reach})`);
console.log(`medians of ${ROUNDS} rounds; load ${loadavg()[0].toFixed(2)} at the start`);

const cost = { with: [], without: [] };
await append(true);
for (let round = 0; round < ROUNDS; round++) {
  cost.without.push(await append(false));
  cost.with.push(await append(true));
}
row('append without the tree', median(cost.without).toFixed(1), 'µs an event');
row('append with the tree, checkpoints published', median(cost.with).toFixed(1), 'µs an event');
ratio('the tree on append', median(cost.with.map((took, at) => took / cost.without[at])) - 1, 'at most 0.15');

const verified = await recordOf(VERIFIED);
const lines = linesOf(verified);
const tenth = await recordOf(VERIFIED / 10);
const took = { bare: [], strict: [], hashes: [], whole: [] };
const memory = { hashes: [], whole: [], hashesOfTenth: [], wholeOfTenth: [] };
for (let round = 0; round < ROUNDS; round++) {
  took.bare.push(bareLoop(lines));
  took.strict.push(strictLoop(lines));
  const [hashes, whole] = [verifyOnce(verified, true), verifyOnce(verified, false)];
  took.hashes.push(hashes.seconds);
  took.whole.push(whole.seconds);
  memory.hashes.push(hashes.megabytes);
  memory.whole.push(whole.megabytes);
  memory.hashesOfTenth.push(verifyOnce(tenth, true).megabytes);
  memory.wholeOfTenth.push(verifyOnce(tenth, false).megabytes);
}
const each = (values) => ((median(values) / VERIFIED) * 1e6).toFixed(1);
row(`bare loop over a file of ${VERIFIED.toLocaleString('en')} lines`, each(took.bare), 'µs an event');
row('strict loop over them in memory, hashed in one call', each(took.strict), 'µs an event');
row('verify, hashes only', each(took.hashes), 'µs an event');
row('verify, all', each(took.whole), 'µs an event');
const against = (loop, verify) => median(took[loop].map((seconds, at) => seconds / took[verify][at]));
ratio('bare loop / verify, hashes only', against('bare', 'hashes'), 'at least 0.5');
ratio('bare loop / verify, all', against('bare', 'whole'), 'at least 0.2');
ratio('strict loop / verify, hashes only', against('strict', 'hashes'), 'to know');
ratio('strict loop / verify, all', against('strict', 'whole'), 'to know');
const most = (what, values) => row(`most memory of ${what}`, median(values).toFixed(0), 'MB');
most('verify, hashes only', memory.hashes);
most('the same over a tenth of the events', memory.hashesOfTenth);
most('verify, all', memory.whole);
most('the same over a tenth of the events', memory.wholeOfTenth);

const [long, short] = [openRecord(await recordOf(LONG)), openRecord(await recordOf(SHORT))];
const asked = { long: [], short: [] };
for (let round = 0; round <= ROUNDS; round++) {
  const [inShort, inLong] = [proofs(short.writer.tree), proofs(long.writer.tree)];
  if (round === 0) continue;
  asked.short.push(inShort);
  asked.long.push(inLong);
}
row(`a proof in ${SHORT.toLocaleString('en')} events`, median(asked.short).toFixed(1), 'µs');
row(`a proof in ${LONG.toLocaleString('en')} events`, median(asked.long).toFixed(1), 'µs');
ratio('long / short', median(asked.long.map((inLong, at) => inLong / asked.short[at])), 'at most 2');
await long.close();
await short.close();
