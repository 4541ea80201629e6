// How reads and starts bear a long record: one of 1,000,000 events against its own first 10,000, which hold all that is told of 20 zones.
// npm run build && node bench/asof.mjs [big=1000000] [small=10000] [reads=300]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, statfsSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { FILLER, HISTORY, day, filler, randomFrom, zoneHistories } from './workload.mjs';

const [BIG, SMALL, READS] = [1_000_000, 10_000, 300].map((usual, at) => Number(process.argv[at + 2] ?? usual));
const ZONES = 20;
const EVENTS_A_ZONE = 100;
const STARTS = 5;
/** Rounds of reads. One round's 99th percentile rests on a few reads and swings by half; the median of the rounds' ratios doesn't. */
const ROUNDS = 9;
const WARM_UP = 200;
/** What record.db takes for an event, and what its log may take beside it. */
const BYTES_AN_EVENT = 2_500;
const BYTES_BESIDE = 300e6;
/** Lines that one request takes to the service. */
const BATCH = 20_000;
const KEY = 'a-key-for-the-benchmark';
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

const beginning = [...zoneHistories(ZONES, EVENTS_A_ZONE)];
const n = (value) => Math.round(value).toLocaleString('en');

function check() {
  if (![BIG, SMALL, READS].every((value) => Number.isSafeInteger(value) && value > 0)) return 'big, small and reads must be whole numbers';
  if (SMALL <= beginning.length) return `small must be above ${n(beginning.length)}: that many events tell of the zones`;
  if (BIG < SMALL) return 'big must not be below small';
  if (!existsSync(MAIN)) return 'dist/main.js is missing: run npm run build first';
  const needed = (BIG + 2 * SMALL) * BYTES_AN_EVENT + BYTES_BESIDE;
  const { bavail, bsize } = statfsSync(tmpdir());
  console.log(`needs ${(needed / 1e9).toFixed(1)} GB in ${tmpdir()}, where ${((bavail * bsize) / 1e9).toFixed(1)} GB are free`);
  return bavail * bsize < needed ? 'there is too little room: set TMPDIR to a folder that has it' : undefined;
}

// Everything that is to be gone in the end, however it comes.
let temporary;
const children = new Set();
let stopping = false;

function cleanUp() {
  for (const child of children) child.kill('SIGKILL');
  if (temporary) rmSync(temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

async function interrupted(code) {
  if (stopping) return;
  stopping = true;
  const gone = [...children].map((child) => once(child, 'exit'));
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(gone);
  process.exit(code); // cleanUp follows
}

/** A folder of its own with another record, and what its log has signed of it. */
function folder(name, from) {
  const path = join(temporary, name);
  mkdirSync(path);
  for (const file of from ? readdirSync(from) : []) if (file !== 'writer.lock') copyFileSync(join(from, file), join(path, file));
  return path;
}

/** The service on a folder, and how many milliseconds passed from its start to the line that tells its address. */
async function start(path) {
  const env = {
    ...process.env,
    PORT: '0',
    HOST: '127.0.0.1',
    ZONEWATCH_DATA: path,
    ZONEWATCH_ADMIN_KEY: KEY,
    ZONEWATCH_PUBLIC_READ: 'true',
    LOG_LEVEL: 'warn',
  };
  const began = performance.now();
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  const exited = once(child, 'exit').then(() => children.delete(child));
  let told = '';
  const address = await new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      told += text;
      const found = /listening on (\S+)\n/.exec(told);
      if (found) resolve(found[1]);
    });
    void exited.then(() => reject(new Error('the service ended before it listened')));
  });
  const ms = performance.now() - began;
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return { address, ms, stop, pid: child.pid };
}

/** Resident memory of a process, in MB. */
function residentMemory(pid) {
  const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '';
  return (Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? NaN) * 1024) / 1e6;
}

/** Feeds lines up to an event's number, and sees to it that each made one event. */
async function fill(address, lines, from, upTo, progress) {
  for (let first = from; first < upTo; first += BATCH) {
    const last = Math.min(first + BATCH, upTo);
    let sequence = first;
    let left = '';
    const call = request(`${address}/v1/commands`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/x-ndjson' },
    });
    const replied = once(call, 'response').then(async ([response]) => {
      for await (const text of response.setEncoding('utf8')) {
        const replies = (left + text).split('\n');
        left = replies.pop();
        for (const reply of replies)
          if (!reply.includes(`"sequence":${++sequence},`)) throw new Error(`event ${sequence} was not recorded: ${reply}`);
        progress(sequence);
      }
      if (sequence !== last) throw new Error(`${n(last)} events were sent and ${n(sequence)} recorded: ${left}`);
    });
    await Promise.all([pipeline(Readable.from(pieces(lines, last - first)), call), replied]);
  }
}

/** So many of the lines, in pieces of some 64 KB. */
function* pieces(lines, count) {
  let piece = '';
  for (let at = 0; at < count; at++) {
    piece += `${JSON.stringify(lines.next().value)}\n`;
    if (piece.length < 50_000) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

function progressOf(of, from) {
  const began = performance.now();
  let shown = began;
  return (done) => {
    const now = performance.now();
    if (now - shown < (process.stderr.isTTY ? 500 : 10_000) && done < of) return;
    shown = now;
    const rate = (done - from) / ((now - began) / 1000);
    const line = `${n(done)} of ${n(of)} events, ${n(rate)} a second, ${Math.ceil((of - done) / rate)} s left`;
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}${done < of ? '' : '\n'}` : `${line}\n`);
  };
}

function* everything() {
  yield* beginning;
  yield* filler();
}

/** Both records: the big one is the small one with more behind it, so that all that is told of the zones is the same, byte for byte. */
async function makeRecords() {
  const lines = everything();
  const record = async (path, from, upTo) => {
    const service = await start(path);
    await fill(service.address, lines, from, upTo, progressOf(upTo, from));
    const memory = residentMemory(service.pid);
    await service.stop();
    const size = readdirSync(path).reduce((sum, file) => sum + statSync(join(path, file)).size, 0);
    console.log(`${n(upTo)} events: ${n(size / 1e6)} MB, ${n(size / upTo)} bytes an event; ${n(memory)} MB resident where it was filled`);
    return path;
  };
  const small = await record(folder('small'), 0, SMALL);
  const big = BIG > SMALL ? await record(folder('big', small), SMALL, BIG) : folder('big', small);
  return { small, big, again: folder('again', small) };
}

/** One connection that is kept, with as little work as a client can do, so that the service is what is measured. */
async function connection(address) {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  let reading;
  socket.on('data', (piece) => reading.take(piece));
  socket.on('error', (error) => reading?.reject(error));
  socket.on('close', () => reading?.reject(new Error('the service closed the connection')));
  const read = (path) =>
    new Promise((resolve, reject) => {
      const pieces = [];
      let missing = Infinity;
      const take = (piece) => {
        pieces.push(piece);
        if (missing === Infinity) missing = lengthOf(Buffer.concat(pieces));
        else missing -= piece.length;
        if (missing > 0) return;
        const ms = performance.now() - began;
        const reply = Buffer.concat(pieces);
        resolve({ ms, status: Number(reply.toString('latin1', 9, 12)), body: reply.subarray(reply.indexOf('\r\n\r\n') + 4) });
      };
      reading = { take, reject };
      const began = performance.now();
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`);
    });
  return { read, close: () => socket.destroy() };
}

/** How many bytes of a reply are still to come; Infinity where its head is not whole. */
function lengthOf(reply) {
  const end = reply.indexOf('\r\n\r\n');
  if (end < 0) return Infinity;
  const length = /\ncontent-length: (\d+)/i.exec(reply.toString('latin1', 0, end + 2))?.[1];
  if (length === undefined) throw new Error('the reply tells no length');
  return end + 4 + Number(length) - reply.length;
}

const random = randomFrom(1229);
const whole = (from, to) => from + Math.floor(random() * (to - from + 1));

/** A standpoint: three in four dates are among what happened in the zones, three in four sequences among what was told of them. */
function drawn() {
  const asOf = random() < 0.75 ? day(HISTORY.begins, whole(0, HISTORY.days)) : day(FILLER.begins, whole(0, FILLER.days));
  const atSequence = random() < 0.75 ? whole(1, beginning.length) : whole(beginning.length + 1, SMALL);
  return `/v1/zones?asOf=${asOf}&atSequence=${atSequence}`;
}

const CURRENT = '/v1/zones';

/** The same read on each server, one at a time, in turns as to who comes first. */
async function inTurns(servers, path, turn) {
  const replies = [];
  for (let at = 0; at < servers.length; at++) {
    const which = (turn + at) % servers.length;
    const reply = await servers[which].read(path);
    if (reply.status !== 200) throw new Error(`${path}: ${reply.status} ${reply.body}`);
    replies[which] = reply;
  }
  return replies;
}

/** Warms the servers up, and sees to it that they say the same: if not, what is measured is not the same work. */
async function warmUp(servers, paths) {
  for (let turn = 0; turn < WARM_UP; turn++)
    for (const path of paths()) {
      const [said, ...others] = (await inTurns(servers, path, turn)).map(({ body }) => JSON.parse(body).data);
      for (const other of others)
        if (JSON.stringify(other) !== JSON.stringify(said)) throw new Error(`the records differ in ${path}: that would compare nothing`);
      if (path === CURRENT && said.length !== ZONES) throw new Error(`${path} lists ${said.length} zones, not ${ZONES}`);
    }
}

/** Rounds of reads: of each kind and server the median and the 99th percentile of every round. */
async function measure(servers, paths) {
  const kinds = { drawn: [], current: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const times = { drawn: servers.map(() => []), current: servers.map(() => []) };
    for (let turn = 0; turn < READS; turn++)
      for (const path of paths())
        (await inTurns(servers, path, turn)).forEach(({ ms }, which) => times[path === CURRENT ? 'current' : 'drawn'][which].push(ms));
    for (const kind of ['drawn', 'current'])
      kinds[kind].push({ p50: times[kind].map((each) => percentile(each, 0.5)), p99: times[kind].map((each) => percentile(each, 0.99)) });
    process.stderr.write(`round ${round + 1} of ${ROUNDS} is done\n`);
  }
  return kinds;
}

function percentile(values, share) {
  return [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1];
}

const median = (values) => percentile(values, 0.5);

function head() {
  console.log(`\n${''.padEnd(42)}${[n(SMALL), n(BIG), 'ratio', 'from', 'to', 'noise'].map((text) => text.padStart(11)).join('')}`);
}

/** A row of the table out of rounds, each with a value of small, big and (where there is one) small again. */
function row(what, rounds, reach) {
  const at = (which) => median(rounds.map((round) => round[which]));
  const ratios = rounds.map(([small, big]) => big / small);
  const ratio = median(ratios);
  const range = rounds.length > 1 ? [Math.min(...ratios), Math.max(...ratios)] : [];
  const noise = rounds[0].length > 2 ? [median(rounds.map(([small, , again]) => again / small))] : [];
  const digits = (value) => (value < 100 ? value.toFixed(2) : n(value)).padStart(11);
  const ratioText = [ratio, ...range].map((value) => value.toFixed(2).padStart(11)).join('');
  const verdict = reach === undefined ? '' : `  reach ${reach}: ${ratio <= reach ? 'held' : 'MISSED'}`;
  const cells = `${digits(at(0))}${digits(at(1))}${ratioText}`.padEnd(55) + (noise[0]?.toFixed(2) ?? '').padStart(11);
  console.log(what.padEnd(42) + cells + verdict);
}

async function run() {
  const fault = check();
  if (fault) throw new Error(fault);
  temporary = mkdtempSync(join(tmpdir(), 'zonewatch-bench-'));
  const load = [loadavg()[0]];
  const folders = await makeRecords();

  const starts = [];
  for (let turn = 0; turn < STARTS; turn++) {
    const times = [];
    for (const which of turn % 2 ? [1, 0] : [0, 1]) {
      const service = await start([folders.small, folders.big][which]);
      times[which] = service.ms;
      await service.stop();
    }
    starts.push(times);
  }

  const services = [];
  for (const path of [folders.small, folders.big, folders.again]) services.push(await start(path));
  const servers = await Promise.all(services.map(({ address }) => connection(address)));
  const probe = await servers[0].read(drawn());
  const knowsTime = !(probe.status === 400 && probe.body.includes('unknown-parameter'));
  if (!knowsTime) {
    console.log('\nTHIS BUILD KNOWS NEITHER asOf NOR atSequence: only the current read is measured');
    process.exitCode = 1;
  }
  const paths = () => (knowsTime ? [drawn(), CURRENT] : [CURRENT]);
  await warmUp(servers, paths);
  const { drawn: standpoints, current } = await measure(servers, paths);
  const memory = services.map(({ pid }) => residentMemory(pid));
  load.push(loadavg()[0]);
  for (const server of servers) server.close();
  for (const service of services) await service.stop();

  head();
  if (knowsTime) {
    row(
      'asOf and atSequence, p50, ms',
      standpoints.map(({ p50 }) => p50),
    );
    row(
      'asOf and atSequence, p99, ms',
      standpoints.map(({ p99 }) => p99),
      2,
    );
  }
  row(
    'current, p50, ms',
    current.map(({ p50 }) => p50),
  );
  row(
    'current, p99, ms',
    current.map(({ p99 }) => p99),
    1.2,
  );
  row('start until it listens, ms', [[median(starts.map(([small]) => small)), median(starts.map(([, big]) => big))]], 1.5);
  row('resident memory after the reads, MB', [memory]);
  console.log(
    `\nGET /v1/zones: ${ZONES} zones of ${EVENTS_A_ZONE} events, the same in both. Medians of ${ROUNDS} rounds of ${n(READS)} reads of each kind and of`,
  );
  console.log(
    `${STARTS} starts; ratios of one round, from the lowest to the highest. Noise is what the small record gives against a copy of itself.`,
  );
  console.log(
    `Node ${process.versions.node}, ${cpus().length} cores; load ${load.map((value) => value.toFixed(1)).join(' before, ')} after.`,
  );
}

process.on('exit', cleanUp);
process.on('SIGINT', () => void interrupted(130));
process.on('SIGTERM', () => void interrupted(143));
process.on('SIGHUP', () => void interrupted(129));
try {
  await run();
} catch (error) {
  // What breaks because it was interrupted is no failure.
  if (!stopping) console.error(`asof: ${error.message}`);
  await interrupted(1);
}
