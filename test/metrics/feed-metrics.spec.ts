import { once } from 'node:events';
import { connect, type Socket as Line } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import { KEY, startApp, stopApp, type TestApp } from '../support/start-app.js';
import { samplesIn } from './samples.js';

let app: TestApp;
const sockets: Socket[] = [];
const lines: Line[] = [];
beforeEach(async () => {
  app = await startApp({ feedLimits: { patience: 500 }, env: { ZONEWATCH_PUBLIC_READ: '' } });
  await party('first');
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect();
  for (const line of lines.splice(0)) line.destroy();
  await stopApp(app);
});

const samples = async () => samplesIn((await app.get('/metrics')).text);
const party = (id: string, name = id) => app.post('/v1/parties', { id, name: { en: name }, kind: 'other', occurred: '2017' });

const closes = (code: string) => `zonewatch_feed_closes_total{code="${code}"}`;
const demotions = (transport: string) => `zonewatch_feed_demotions_total{transport="${transport}"}`;
const frames = (transport: string, kind: string) => `zonewatch_feed_frames_sent_total{transport="${transport}",kind="${kind}"}`;
const bytes = (transport: string) => `zonewatch_feed_sent_bytes_total{transport="${transport}"}`;

/** Waits until samples are as they are wanted. */
const until = async (isMet: (samples: Record<string, number>) => boolean) => {
  for (;;) {
    const found = await samples();
    if (isMet(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** A socket at the head. */
async function followSocket(token = KEY): Promise<Socket> {
  const socket = io(`${app.address}/feed`, { transports: ['websocket'], forceNew: true, reconnection: false, auth: { token } });
  sockets.push(socket);
  const live = once(socket as never, 'live');
  await socket.emitWithAck('subscribe', { after: 'now' });
  await live;
  return socket;
}

/** A stream at the head, as the line that it comes on. */
async function followStream(token = KEY): Promise<Line> {
  const line = connect(Number(new URL(app.address).port), '127.0.0.1');
  lines.push(line);
  line.write(`GET /v1/feed HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`);
  let text = '';
  while (!text.includes('event: progress')) text += String((await once(line, 'data'))[0]);
  return line;
}

test('frames of streams and sockets are counted apart, with their bytes, and how long it took to send to all', async () => {
  const [socket, line] = [await followSocket(), await followStream()];
  const before = await samples();
  const came = Promise.all([once(socket as never, 'events'), once(line, 'data')]);
  await party('second');
  await came;
  const after = await samples();
  const grown = (name: string) => after[name]! - before[name]!;
  for (const transport of ['socket', 'sse']) {
    expect([transport, grown(frames(transport, 'events')), after[frames(transport, 'closed')]]).toEqual([transport, 1, 0]);
    expect(grown(bytes(transport))).toBe(Buffer.byteLength(app.record.reader.event({ stream: 'party-second', revision: 0 })!));
  }
  expect([after[frames('sse', 'progress')], after[frames('sse', 'live')], after[frames('sse', 'page')]]).toEqual([1, 0, 0]);
  expect(grown('zonewatch_feed_fan_out_seconds_total')).toBeGreaterThan(0);
  expect(after['zonewatch_feed_subscriptions{transport="sse",state="live"}']).toBe(1);
});

test('who takes too little at the head is counted as demoted, and who takes nothing then as closed', async () => {
  const [socket, line] = [await followSocket(), await followStream()];
  const { ws } = socket.io.engine.transport as unknown as { ws: { _socket: Line } };
  for (const one of [ws._socket, line]) one.pause();
  const body = (id: string) => ({ id, name: { en: 'x'.repeat(45_000) }, kind: 'other', occurred: '2017' });
  const many = (at: number) => Array.from({ length: 20 }, (_, own) => ({ command: 'parties/register', body: body(`long-${at}-${own}`) }));
  const isDemoted = (now: Record<string, number>) => now[demotions('socket')] === 1 && now[demotions('sse')] === 1;
  for (let at = 0; !isDemoted(await samples()); at++) await app.feed(many(at));
  const found = await until((now) => now[closes('consumer-too-slow')] === 2);
  expect([found[demotions('socket')], found[demotions('sse')]]).toEqual([1, 1]);
  // Closed in order, a line that is not read would be waited for.
  ws._socket.destroy();
});

test('what ends with a credential is counted by why it ended, sockets and streams alike', async () => {
  const make = async () => (await app.post('/v1/keys', { name: 'reader', roles: ['subscriber'] })).json.data as { id: string; key: string };
  const [revoked, expired] = [await make(), await make()];
  for (const { key } of [revoked, expired]) await Promise.all([followSocket(key), followStream(key)]);
  await app.call('DELETE', `/v1/keys/${revoked.id}`);
  await app.post(`/v1/keys/${expired.id}/expire`, { expires: '2020-01-01T00:00:00Z' });
  const found = await until(
    (now) => now['zonewatch_feed_connections{transport="sse"}'] === 0 && now['zonewatch_feed_connections{transport="socket"}'] === 0,
  );
  expect(found).toMatchObject({
    [closes('revoked')]: 2,
    [closes('token-expired')]: 2,
    [closes('shutting-down')]: 0,
    [frames('socket', 'closed')]: 2,
  });
});
