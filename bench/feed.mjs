// What the feed costs, as ratios against others with the same payload and the same subscribers, in one run and in turns.
// npm run build && node bench/feed.mjs [fanout] [memory] [catchup] [filters] [deaf] [--subscribers 1000,5000] [--rounds 3] [--events 200000]
//
// fanout   events to many at once, against plain socket.io (`io.emit`), raw `ws` with one framed buffer, and nchan where nginx has it:
//          one after another, in bursts of 1,000, and at a steady pace how long they take. Ours are recorded durably first, and it counts.
// memory   what an idle subscriber takes, against plain socket.io
// catchup  one subscriber from the start of --events events, against better-sqlite3 that reads and stringifies the same rows
// filters  processor time of an event that one filter passes, with 1,000 filters and with 10
// deaf     --events events while one subscriber reads nothing, against the same without it
//
// The servers, the subscribers of each, and this are processes of their own. `--profile <folder>` takes processor profiles of our server.
import Database from 'better-sqlite3';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { now, processorTime, residentMemory, start } from './feed-process.mjs';

const PARTS = { fanout, memory, catchup, filters, deaf };
const BURST = 1_000;
const PORTION = 250;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    subscribers: { type: 'string', default: '1000,5000' },
    rounds: { type: 'string', default: '3' },
    events: { type: 'string', default: '200000' },
    profile: { type: 'string' },
  },
});
const SUBSCRIBERS = options.subscribers.split(',').map(Number);
const ROUNDS = Number(options.rounds);
const EVENTS = Number(options.events);

/** Each kind of server: how its subscribers speak to it. */
const SOCKETS = { sio: true, path: '/socket.io/?EIO=4&transport=websocket' };
const KINDS = {
  ours: { ...SOCKETS, subscribe: { after: 'now' } },
  plain: SOCKETS,
  ws: { path: '/' },
  nchan: { path: '/feed' },
};
const NAMES = { plain: 'socket.io', ws: 'ws', nchan: 'nchan' };

function check() {
  if (![...SUBSCRIBERS, ROUNDS, EVENTS].every((value) => Number.isSafeInteger(value) && value > 0))
    return '--subscribers, --rounds and --events must be whole numbers';
  const strange = positionals.find((part) => !Object.hasOwn(PARTS, part));
  if (strange) return `${strange} is no part; there are ${Object.keys(PARTS).join(', ')}`;
  if (!existsSync(fileURLToPath(new URL('../dist/service.js', import.meta.url)))) return 'dist is missing: run npm run build first';
  const files = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))[1]);
  const needed = Math.max(...SUBSCRIBERS, 1_000) + 200;
  return files < needed ? `a process may have ${files} files open, and ${needed} are needed: ulimit -n ${needed}` : undefined;
}

function hasNchan() {
  const { stdout } = spawnSync('sh', [
    '-c',
    'command -v nginx && ls /usr/lib*/nginx/modules/ngx_nchan_module.so /usr/share/nginx/modules/ngx_nchan_module.so 2>&-',
  ]);
  return String(stdout).includes('nginx\n') && String(stdout).includes('nchan');
}

// Everything that is to be stopped in the end, however it comes.
const running = new Set();

async function child(file, args) {
  const profile = options.profile && args[0] === 'ours' ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] : [];
  const started = await start(file, args, ['--expose-gc', '--max-old-space-size=8192', ...profile]);
  running.add(started);
  const stop = async () => {
    running.delete(started);
    await started.stop();
  };
  return { ...started, stop };
}

/** A server and the process of its subscribers. */
async function pair(kind) {
  const server = await child('feed-server.mjs', [kind]);
  const client = await child('feed-client.mjs', []);
  const { pid, port, folder } = await server.ask('place');
  const how = { ...KINDS[kind], port };
  /** Events that each subscriber has been sent. */
  let each = 0;
  return {
    kind,
    client,
    server,
    how,
    folder,
    pid,
    connect: (count, more) => client.ask('connect', { ...how, ...more, count }),
    /** Sends events until each of so many subscribers has them; how long that took and what both sides did for it. */
    async send(said, subscribers) {
      const before = { server: processorTime(pid), client: processorTime(client.pid) };
      const first = each;
      each += said.events;
      const [{ began, times }, { at, bytes }] = await Promise.all([server.ask('send', said), client.ask('received', { each })]);
      const took = at - began;
      return {
        first,
        times,
        rate: (said.events * subscribers * 1000) / took,
        perProcessor: (said.events * subscribers * 1000) / (processorTime(pid) - before.server),
        bytes: bytes / said.events / subscribers,
        server: (processorTime(pid) - before.server) / took,
        client: (processorTime(client.pid) - before.client) / took,
      };
    },
    async stop() {
      await client.stop();
      await server.stop();
    },
  };
}

async function fanout() {
  const kinds = Object.keys(KINDS).filter((kind) => kind !== 'nchan' || hasNchan());
  if (!kinds.includes('nchan')) console.log('nchan is left out: nginx or its module is not installed');
  for (const subscribers of SUBSCRIBERS) {
    await proveCounting(kinds);
    const pairs = await inTurns(kinds, pair);
    for (const { kind, connect } of pairs) {
      progress(`${kind}: ${subscribers} subscribers connect`);
      await connect(subscribers);
    }
    const singles = Math.max(40, Math.round(200_000 / subscribers));
    const pace = Math.max(50, subscribers / 20);
    const paced = Math.round(10_000 / pace);
    const found = { singles: collect(kinds), bursts: collect(kinds), steady: collect(kinds) };
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round++)
      for (const peer of pairs) {
        progress(`${subscribers} subscribers, round ${round} of ${ROUNDS}: ${peer.kind}`);
        const one = await peer.send({ events: round ? singles : 20 }, subscribers);
        const burst = await peer.send({ events: round ? BURST : 100, batch: round ? BURST : 100 }, subscribers);
        await peer.client.ask('note', { events: paced });
        const steady = await peer.send({ events: paced, every: pace }, subscribers);
        const latencies = await peer.client.ask('latencies', steady);
        if (round === 0) continue;
        found.singles[peer.kind].push(one);
        found.bursts[peer.kind].push(burst);
        found.steady[peer.kind].push({ ...steady, ...latencies });
      }
    for (const { stop } of pairs) await stop();
    const value = (part, kind, field) => median(found[part][kind].map((each) => each[field]));
    const rows = (what, part, field, reaches) =>
      kinds.slice(1).map((kind) => [what, value(part, 'ours', field), NAMES[kind], value(part, kind, field), reaches[kind]]);
    table(`fanout to ${n(subscribers)} subscribers, medians of ${ROUNDS} rounds`, [
      ...rows('single events, deliveries/s', 'singles', 'rate', { plain: '>= 0.95' }),
      // Of a machine that others use too, this says more than what passed by the clock.
      ...rows('  the same by processor time', 'singles', 'perProcessor', {}),
      ...rows('bursts of 1,000, deliveries/s', 'bursts', 'rate', { plain: '>= 8', nchan: '>= 3' }),
      ...rows(`${n(1000 / pace)} a second, p99 to receipt, ms`, 'steady', 'p99', { plain: '<= 1.3' }),
      ...rows(`${n(1000 / pace)} a second, p50 to receipt, ms`, 'steady', 'p50', {}),
      ...rows('bytes of a single event', 'singles', 'bytes', {}),
    ]);
    for (const [part, ofKinds] of Object.entries(found))
      for (const kind of kinds)
        console.log(
          `  ${part.padEnd(8)}${kind.padEnd(7)}server busy ${percent(median(ofKinds[kind].map(({ server }) => server)))}, subscribers ${percent(median(ofKinds[kind].map(({ client }) => client)))}`,
        );
  }
}

/** A few events to a few subscribers who parse all of it: what the others count by is right. */
async function proveCounting(kinds) {
  for (const kind of kinds) {
    progress(`${kind}: parsing all of it once`);
    const peer = await pair(kind);
    await peer.connect(10, { whole: true });
    await peer.send({ events: 50 }, 10);
    await peer.send({ events: BURST, batch: BURST }, 10);
    await peer.stop();
  }
}

async function memory() {
  const subscribers = Math.max(...SUBSCRIBERS);
  const found = collect(['ours', 'plain']);
  for (let round = 0; round < ROUNDS; round++)
    for (const kind of ['ours', 'plain']) {
      progress(`memory, round ${round + 1} of ${ROUNDS}: ${kind}`);
      const peer = await pair(kind);
      await peer.connect(200);
      await peer.send({ events: 100 }, 200);
      await peer.client.ask('leave');
      const idle = await tidied(peer);
      await peer.connect(subscribers);
      found[kind].push(((await tidied(peer)) - idle) / subscribers);
      await peer.stop();
    }
  table(`memory of one of ${n(subscribers)} idle subscribers, medians of ${ROUNDS} rounds`, [
    ['bytes', median(found.ours), 'socket.io', median(found.plain), '<= 1.1'],
  ]);
}

async function tidied({ server, pid }) {
  await server.ask('tidy');
  return residentMemory(pid);
}

async function catchup() {
  const peer = await pair('ours');
  progress(`catchup: ${n(EVENTS)} events are recorded`);
  const { times } = await peer.server.ask('send', { events: EVENTS, batch: PORTION });
  await peer.client.ask('catchUp', { ...peer.how, events: await recorded(peer), whole: true });
  const found = { ours: [], bytes: [], rows: [] };
  for (let round = 0; round < ROUNDS + 2; round++) {
    const events = await recorded(peer);
    found.ours.push(events / (await peer.client.ask('catchUp', { ...peer.how, events })));
    for (const [what, columns] of [
      ['bytes', 'sequence, bytes'],
      ['rows', '*'],
    ])
      found[what].push(events / stringified(peer.folder, columns, events));
  }
  await peer.stop();
  const rate = (what) => median(found[what]) * 1000;
  table(`catch-up of ${n(times.length)} events, medians of ${ROUNDS + 2} rounds`, [
    ['events/s', rate('ours'), 'sequence, bytes', rate('bytes'), '>= 0.5'],
    ['events/s', rate('ours'), 'whole rows', rate('rows'), '>= 0.5'],
  ]);
}

function onRecord(folder, read) {
  const db = new Database(join(folder, 'record.db'), { readonly: true });
  const result = read(db);
  db.close();
  return result;
}

async function recorded({ folder }) {
  return onRecord(folder, (db) => db.prepare('SELECT max(sequence) FROM events').pluck().get());
}

/** How long better-sqlite3 takes alone for the same rows. */
function stringified(folder, columns, events) {
  return onRecord(folder, (db) => {
    const began = now();
    let length = 0;
    let count = 0;
    for (const row of db.prepare(`SELECT ${columns} FROM events ORDER BY sequence`).iterate()) {
      length += JSON.stringify(row).length;
      count += 1;
    }
    const took = now() - began;
    if (count !== events || !length) throw new Error(`${count} rows were read instead of ${events}`);
    return took;
  });
}

async function filters() {
  const found = { 0: [], 10: [], 1000: [] };
  const events = 3_000;
  const peers = await inTurns(Object.keys(found), async (count) => {
    const peer = await pair('ours');
    const all = Array.from({ length: count }, (_, at) => ({ zones: [`zone-zone-${at}`] }));
    await peer.connect(Number(count), { filters: all, whole: true });
    return { ...peer, count, events: 0 };
  });
  for (let round = 0; round <= ROUNDS; round++)
    for (const peer of peers) {
      progress(`filters, round ${round} of ${ROUNDS}: ${peer.count}`);
      const before = processorTime(peer.pid);
      // Each is about one of ten zones, and so passes one of the filters, of which each is of a zone.
      await peer.server.ask('send', { events, zones: 10 });
      peer.events += events;
      if (peer.count > 0) await peer.client.ask('received', { all: peer.events });
      if (round > 0) found[peer.count].push(((processorTime(peer.pid) - before) * 1000) / events);
    }
  for (const { stop } of peers) await stop();
  table(`processor time of an event that one filter passes, medians of ${ROUNDS} rounds of ${n(events)} events`, [
    ['1,000 filters, µs', median(found[1000]), '10 filters', median(found[10]), '<= 1.5'],
    ['10 filters, µs', median(found[10]), 'none', median(found[0]), ''],
  ]);
}

async function deaf() {
  const subscribers = 100;
  const batch = 50;
  const every = 10;
  const warmUp = EVENTS / 4;
  const runs = { without: [], with: [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, found] of Object.entries(runs)) {
      const peer = await pair('ours');
      await peer.connect(subscribers);
      progress(`deaf, round ${round + 1} of ${ROUNDS}: ${name}`);
      await peer.send({ events: warmUp, batch, every }, subscribers);
      await peer.client.ask('note', { events: EVENTS });
      if (name === 'with') await peer.client.ask('deaf', peer.how);
      const before = await tidied(peer);
      let most = 0;
      const watching = setInterval(() => (most = Math.max(most, residentMemory(peer.pid))), 100);
      const sent = await peer.send({ events: EVENTS, batch, every }, subscribers);
      clearInterval(watching);
      const after = await tidied(peer);
      if (name === 'with') {
        const { events, isConnected } = await peer.client.ask('heard');
        if (events > 0 || !isConnected) throw new Error(`the one that never reads has read ${events} events, or left`);
      }
      found.push({ ...(await peer.client.ask('latencies', sent)), before, most, after, grown: after - before, server: sent.server });
      await peer.stop();
    }
  const value = (name, field) => median(runs[name].map((each) => each[field]));
  const mb = (name, field) => value(name, field) / 1e6;
  table(
    `${n(EVENTS)} events, ${n((batch * 1000) / every)} a second, to ${subscribers} subscribers with one that never reads, medians of ${ROUNDS} runs`,
    [
      ['p99 of the others, ms', value('with', 'p99'), 'without it', value('without', 'p99'), '<= 1.5'],
      ['p50 of the others, ms', value('with', 'p50'), 'without it', value('without', 'p50'), ''],
      ...['before', 'most', 'after', 'grown'].map((field) => [
        `memory ${field}, MB`,
        mb('with', field),
        'without it',
        mb('without', field),
        '',
      ]),
    ],
  );
  const more = mb('with', 'grown');
  console.log(`  memory grew by ${more.toFixed(1)} MB (reach <= 20): ${more <= 20 ? 'reached' : 'MISSED'}`);
}

async function inTurns(list, make) {
  const made = [];
  for (const each of list) made.push(await make(each));
  return made;
}

const collect = (kinds) => Object.fromEntries(kinds.map((kind) => [kind, []]));
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const percent = (part) => `${Math.round(part * 100)} %`;
const progress = (line) => console.error(line);

function n(value) {
  return value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 });
}

function table(title, rows) {
  console.log(`\n${title}`);
  console.log(`${'what'.padEnd(34)}${'ours'.padStart(14)}  ${'peer'.padEnd(16)}${'peer’s'.padStart(14)}${'ratio'.padStart(9)}  reach`);
  for (const [what, ours, name, peer, reach = ''] of rows) {
    const ratio = ours / peer;
    const [sign, bound] = reach.split(' ');
    const isReached = sign === '>=' ? ratio >= Number(bound) : ratio <= Number(bound);
    const told = reach && `${reach} ${isReached ? 'reached' : 'MISSED'}`;
    console.log(
      `${what.padEnd(34)}${n(ours).padStart(14)}  ${name.padEnd(16)}${n(peer).padStart(14)}${ratio.toFixed(2).padStart(9)}  ${told}`,
    );
  }
}

const unfit = check();
if (unfit) {
  console.error(unfit);
  process.exit(1);
}
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, async () => {
    await Promise.all([...running].map(({ stop }) => stop()));
    process.exit(1);
  });
try {
  for (const part of positionals.length ? positionals : Object.keys(PARTS)) await PARTS[part]();
} finally {
  await Promise.all([...running].map(({ stop }) => stop()));
}
