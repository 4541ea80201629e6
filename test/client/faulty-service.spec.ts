import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../../src/client/backoff.js';
import { follow, GapError, type Closed, type FollowOptions } from '../../src/client/index.js';

type Asked = { after: number; epoch?: string };

const services: Server[] = [];
afterEach(() => Promise.all(services.splice(0).map((server) => server.close())));

/** A service that sends frames as a test tells it to: `serve` is told of each subscribe, and how many there have been. */
async function faulty(serve: (socket: Socket, asked: Asked, time: number) => void) {
  const http = createServer();
  const server = new Server(http);
  const asked: Asked[] = [];
  server.of('/feed').on('connection', (socket) => {
    socket.on('subscribe', (message: Asked, reply: (answer: object) => void) => {
      asked.push(message);
      reply({ ok: true, subscription: 's', epoch: 'e', head: 9 });
      serve(socket, message, asked.length);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  services.push(server);
  return { url, asked };
}
const frame = (from: number, to: number, sequences: number[]) => ({
  subscription: 's',
  from,
  to,
  events: sequences.map((sequence) => ({ sequence })),
});
async function run(options: FollowOptions) {
  const taken: number[] = [];
  try {
    for await (const { sequence } of follow(options)) taken.push(sequence);
    return { taken };
  } catch (error) {
    return { taken, error };
  }
}

// The first one here: what other tests leave for a moment would be counted too.
test('an abort leaves nothing behind, wherever the follower stands, and just ends it', async () => {
  const service = await faulty((socket) => socket.emit('live', { subscription: 's', to: 9 }));
  const handles = (kind: string) => process.getActiveResourcesInfo().filter((name) => name === kind).length;
  const kinds = ['Timeout', 'TCPSocketWrap', 'TCPConnectWrap'];
  const before = kinds.map(handles);
  const more = () => kinds.filter((kind, at) => handles(kind) > before[at]!);
  for (const [url, wait] of [
    [service.url, 0],
    [service.url, 2],
    [service.url, 100],
    ['http://127.0.0.1:9', 0],
    ['http://127.0.0.1:9', 50],
  ] as const)
    // prettier-ignore
    for (const onEvents of [undefined, () => {}]) {
      const stopping = new AbortController();
      const options = { url, after: 'now', signal: stopping.signal } as const;
      const ended = onEvents ? follow({ ...options, onEvents }).ended : run(options);
      await sleep(wait);
      stopping.abort();
      expect(await ended).toEqual(onEvents ? undefined : { taken: [] });
    }
  expect(await run({ url: service.url, signal: AbortSignal.abort() })).toEqual({ taken: [] });
  for (let round = 0; round < 100 && more().length; round++) await sleep(10);
  expect(more()).toEqual([]);
  expect(service.asked.length).toBeGreaterThanOrEqual(2);
});

test('a gap makes a follower ask again from where it stands, and go on where that helps', async () => {
  const closed: Closed[] = [];
  const stopping = new AbortController();
  const service = await faulty((socket, { after }, time) => {
    socket.emit('events', frame(after, after + 2, [after + 1, after + 2]), () => {
      if (after + 2 >= 6) return void socket.emit('live', { subscription: 's', to: after + 2 });
      socket.emit('events', time === 1 ? frame(after + 3, after + 4, [after + 4]) : frame(after + 2, after + 4, [after + 4, after + 3]));
    });
  });
  const onLive = () => stopping.abort();
  const { taken, error } = await run({
    url: service.url,
    after: 0,
    signal: stopping.signal,
    onLive,
    onClosed: (told) => closed.push(told),
  });
  expect([taken, error]).toEqual([[1, 2, 3, 4, 5, 6], undefined]);
  expect(service.asked).toEqual([{ after: 0 }, { after: 2, epoch: 'e' }, { after: 4, epoch: 'e' }]);
  expect(closed.map(({ code, retry }) => `${code} ${retry}`)).toEqual(['gap true', 'gap true']);
});

test('a gap that stays is an error, behind all that came before it', async () => {
  const service = await faulty((socket, { after }) => {
    if (after === 0) socket.emit('events', frame(0, 2, [1, 2]), () => socket.emit('events', frame(3, 4, [4])));
    else socket.emit('events', frame(after + 1, after + 2, [after + 2]));
  });
  const { taken, error } = await run({ url: service.url, after: 0 });
  expect(taken).toEqual([1, 2]);
  expect(error).toBeInstanceOf(GapError);
  expect(error).toMatchObject({ expected: 2, found: 3 });
  expect(service.asked.map(({ after }) => after)).toEqual([0, 2, 2]);
});

test('a subscription that the service closes is made again, not before the time that it asks for', async () => {
  const times: number[] = [];
  const stopping = new AbortController();
  const service = await faulty((socket, _, time) => {
    times.push(performance.now());
    if (time === 2) return stopping.abort();
    socket.emit('closed', { subscription: 's', code: 'consumer-too-slow', message: 'slow', retry: true, retryAfter: 300 });
  });
  await run({ url: service.url, after: 0, signal: stopping.signal });
  expect(times[1]! - times[0]!).toBeGreaterThan(299);
});

test('waiting times are drawn from a range that doubles up to 30 s', () => {
  for (const [failures, most] of [
    [0, 500],
    [1, 1_000],
    [3, 4_000],
    [6, 30_000],
    [5_000, 30_000],
  ] as const) {
    // prettier-ignore
    const drawn = Array.from({ length: 2_000 }, () => backoff(failures));
    expect([Math.min(...drawn) < most / 20, Math.max(...drawn) > most * 0.95, Math.max(...drawn) <= most]).toEqual([true, true, true]);
    expect(backoff(failures, 5_000)).toBeGreaterThanOrEqual(5_000);
  }
});

test('what has come in is taken before more is asked for, and before the error that ends it is thrown', async () => {
  const service = await faulty((socket, { after }, time) => {
    socket.emit('events', frame(after, after + 2, [after + 1, after + 2]));
    socket.emit('closed', { subscription: 's', code: time < 3 ? 'consumer-too-slow' : 'revoked', message: 'over', retry: time < 3 });
  });
  const taken: number[] = [];
  const reading = async () => {
    for await (const { sequence } of follow({ url: service.url, after: 0 })) {
      taken.push(sequence);
      // As long as it takes a follower that does not wait to come back: 500 ms at the most.
      if (sequence < 3) await sleep(300);
      expect(service.asked.length).toBe(Math.ceil(sequence / 2));
    }
  };
  await expect(reading()).rejects.toMatchObject({ name: 'FeedClosed', code: 'revoked' });
  expect(taken).toEqual([1, 2, 3, 4, 5, 6]);
});
