// node bench/feed.mjs [subscribers=1000] [singles=200] [bursts=5]
// What one event costs to send to many, against plain socket.io with the same payload and the same clients, in turns. Ours are recorded
// durably first. Build before.
import { fork } from 'node:child_process';
import { io } from 'socket.io-client';

const [SUBSCRIBERS = 1_000, SINGLES = 200, BURSTS = 5] = process.argv.slice(2).map(Number);
const BURST = 1_000;
const ROUNDS = 3;

async function start(kind) {
  const server = fork(new URL('feed-server.mjs', import.meta.url), [kind], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const heard = () => new Promise((resolve) => server.once('message', resolve));
  const { address } = await heard();
  const idle = await tell(server, heard, {});
  let received = 0;
  let wake = () => {};
  const sockets = await Promise.all(
    Array.from({ length: SUBSCRIBERS }, async () => {
      const socket = io(`${address}/feed`, { forceNew: true, transports: ['websocket'], reconnection: false });
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject));
      socket.on('events', ({ events }) => {
        received += events.length;
        wake();
      });
      if (kind === 'ours') {
        const live = new Promise((resolve) => socket.once('live', resolve));
        await socket.emitWithAck('subscribe', { after: 'now' });
        await live;
      }
      return socket;
    }),
  );
  const { memory } = await tell(server, heard, {});
  /** How many deliveries a second come of a message. */
  const measure = async (message, events) => {
    received = 0;
    const started = performance.now();
    const sent = tell(server, heard, message);
    while (received < events * SUBSCRIBERS) await new Promise((resolve) => (wake = resolve));
    const rate = (events * SUBSCRIBERS * 1000) / (performance.now() - started);
    await sent;
    return rate;
  };
  const close = () => {
    for (const socket of sockets) socket.disconnect();
    server.disconnect();
  };
  return { measure, close, perSubscriber: (memory - idle.memory) / SUBSCRIBERS };
}

async function tell(server, heard, message) {
  const answer = heard();
  server.send(message);
  return answer;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const servers = { ours: await start('ours'), plain: await start('plain') };
const rates = { ours: { singles: [], bursts: [] }, plain: { singles: [], bursts: [] } };
for (let round = 0; round <= ROUNDS; round++) {
  for (const [kind, { measure }] of Object.entries(servers)) {
    const singles = await measure({ singles: SINGLES }, SINGLES);
    const bursts = [];
    for (let at = 0; at < BURSTS; at++) bursts.push(await measure({ burst: BURST }, BURST));
    // The first round warms up.
    if (round === 0) continue;
    rates[kind].singles.push(singles);
    rates[kind].bursts.push(median(bursts));
  }
}
const row = (name, ours, plain, reach) =>
  console.log(
    `${name.padEnd(36)}${Math.round(ours).toLocaleString('en').padStart(12)}${Math.round(plain).toLocaleString('en').padStart(12)}${(ours / plain).toFixed(2).padStart(8)}  reach ${reach}`,
  );
console.log(`${SUBSCRIBERS} subscribers`.padEnd(36) + 'ours'.padStart(12) + 'socket.io'.padStart(12) + 'ratio'.padStart(8));
row('single events, deliveries a second', median(rates.ours.singles), median(rates.plain.singles), '>= 0.95');
row('bursts of 1,000, deliveries a second', median(rates.ours.bursts), median(rates.plain.bursts), '>= 8');
row('memory an idle subscriber, bytes', servers.ours.perSubscriber, servers.plain.perSubscriber, '<= 1.1');
for (const { close } of Object.values(servers)) close();
