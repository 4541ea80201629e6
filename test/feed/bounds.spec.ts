import type { Socket } from 'socket.io';
import { io } from 'socket.io-client';
import { FeedGateway } from '../../src/feed/feed.gateway.js';
import { readFilter } from '../../src/feed/filter.js';
import { Groups, type Broadcast, type Member } from '../../src/feed/groups.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';

const party = (at: number) => ({
  command: 'parties/register',
  body: { id: `p-${String(at).replace('.', '-')}`, name: { en: 'x' }, kind: 'other', occurred: '2017' },
});

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await app.feed(Array.from({ length: 20 }, (_, at) => party(at)));
});
afterAll(() => stopApp(app));

const dial = (namespace: string) => io(app.address + namespace, { forceNew: true, reconnection: false, transports: ['websocket'] });

test('a socket that connects beside the feed, where nobody signs in, is refused', async () => {
  const socket = dial('/');
  const outcome = await new Promise((resolve) =>
    socket.once('connect', () => resolve('in')).once('connect_error', () => resolve('refused')),
  );
  socket.disconnect();
  expect(outcome).toBe('refused');
});

test('a socket that acknowledges nothing is owed four pages, however many subscriptions it has', async () => {
  const socket = dial('/feed');
  const pages: string[] = [];
  const acks: (() => void)[] = [];
  socket.on('events', ({ subscription }: { subscription: string }, ack: () => void) => acks.push(ack) && pages.push(subscription));
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  for (let at = 0; at < 10; at++) {
    const filter = { subjects: ['party-p-1', `party-other-${at}`] };
    expect(await socket.emitWithAck('subscribe', { after: 0, filter })).toMatchObject({ ok: true });
  }
  const asked = async () => {
    for (let round = 0; round < 10; round++) {
      await socket.emitWithAck('unsubscribe', null);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return pages.length;
  };
  expect(await asked()).toBe(4);
  while (pages.length < 10) {
    acks.splice(0).forEach((ack) => ack());
    await asked();
  }
  socket.disconnect();
  expect(new Set(pages).size).toBe(10);
});

describe('a client far away, whose acknowledgements take longer than the service takes to commit', () => {
  const DELAY = 40;
  let far: TestApp;
  beforeAll(async () => {
    far = await startApp({ feedLimits: { patience: 400, progressEvery: 100 } });
    await far.feed(Array.from({ length: 2_500 }, (_, at) => party(at)));
  });
  afterAll(() => stopApp(far));

  /** What becomes of subscriptions with as many filters, while commits go on. */
  async function follow(filters: object[]) {
    const socket = io(`${far.address}/feed`, { forceNew: true, reconnection: false, transports: ['websocket'] });
    const closed: unknown[] = [];
    const live = new Map<string, number>();
    const positions = new Map<string, number>();
    const sequences: number[] = [];
    const move = ({ subscription, from, to }: { subscription: string; from: number; to: number }) => {
      expect(positions.get(subscription) ?? 0).toBe(from);
      positions.set(subscription, to);
    };
    socket.on('events', (frame, ack?: () => void) => {
      move(frame);
      sequences.push(...frame.events.map(({ sequence }: { sequence: number }) => sequence));
      setTimeout(() => ack?.(), DELAY);
    });
    socket.on('progress', move);
    socket.on('live', ({ subscription, to }) => live.set(subscription, to));
    socket.on('closed', (told) => closed.push(told));
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    await Promise.all(filters.map((filter) => socket.emitWithAck('subscribe', { after: 0, filter })));
    let count = 0;
    for (; live.size < filters.length && closed.length === 0; count++) await far.feed([party(Math.random())]);
    const { sequence } = (await far.get('/health/ready')).json as { sequence: number };
    while ([...positions.values()].some((position) => position < sequence)) await new Promise((resolve) => setTimeout(resolve, 10));
    socket.disconnect();
    return { closed, sequences, sequence, count };
  }

  test('is live in the end, and has every event once and in order', async () => {
    const { closed, sequences, sequence, count } = await follow([{}]);
    expect(closed).toEqual([]);
    expect(count).toBeGreaterThan(1);
    expect(sequences).toEqual(Array.from({ length: sequence }, (_, at) => at + 1));
  });

  test('gets the pages of all its subscriptions, each in its turn', async () => {
    const filters = Array.from({ length: 30 }, (_, at) => ({ kinds: ['party'], types: ['PartyRegistered'], subjects: subjects(at) }));
    expect((await follow(filters)).closed).toEqual([]);
  });
  test('that acknowledges nothing loses all its subscriptions together, and no page is sent to those that wait', async () => {
    const socket = io(`${far.address}/feed`, { forceNew: true, reconnection: false, transports: ['websocket'] });
    let pages = 0;
    socket.on('events', () => pages++);
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    const closed: string[] = [];
    const all = new Promise<void>((resolve) => socket.on('closed', ({ code }) => closed.push(code) === 10 && resolve()));
    for (let at = 0; at < 10; at++) await socket.emitWithAck('subscribe', { after: 0, filter: { subjects: subjects(at) } });
    await all;
    socket.disconnect();
    expect([pages, closed]).toEqual([4, Array(10).fill('consumer-too-slow')]);
  });

  test('that leaves one page unacknowledged loses that subscription, and none that waits for its turn', async () => {
    const socket = io(`${far.address}/feed`, { forceNew: true, reconnection: false, transports: ['websocket'] });
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    const COUNT = 45;
    let [live, left] = [0, ''];
    const closed: string[] = [];
    socket.on('events', ({ subscription }, ack?: () => void) => {
      left ||= subscription;
      // So slowly that some still wait for their first page when the patience with the one that is left ends.
      if (subscription !== left) setTimeout(() => ack?.(), 60);
    });
    const settled = new Promise<void>((resolve) => {
      const count = () => live + closed.length === COUNT && resolve();
      socket.on('live', () => (live++, count()));
      socket.on('closed', ({ subscription }) => (closed.push(subscription), count()));
    });
    for (let at = 0; at < COUNT; at++) await socket.emitWithAck('subscribe', { after: 0, filter: { subjects: subjects(at) } });
    await settled;
    socket.disconnect();
    expect(closed).toEqual([left]);
  });

  /** Those and one more: other filters that pass as much. */
  const subjects = (at: number) => [...Array.from({ length: 60 }, (_, one) => `party-p-${one}`), `party-other-${at}`];
});

describe('what the service keeps of a socket', () => {
  const serverSide = () => [...(app.app.get(FeedGateway) as unknown as { followers: Map<Socket, unknown> }).followers.keys()];
  const enter = async () => {
    const socket = dial('/feed');
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    return socket;
  };

  test('is nothing of the pages that are never acknowledged, once their subscriptions are over', async () => {
    const socket = await enter();
    const acks = () => serverSide().map((one) => (one as unknown as { acks: Map<number, unknown> }).acks.size);
    for (let round = 0; round < 10; round++) {
      const page = new Promise((resolve) => socket.once('events', resolve));
      const { subscription } = await socket.emitWithAck('subscribe', { after: round });
      await page;
      expect(acks()).toEqual([1]);
      await socket.emitWithAck('unsubscribe', { subscription });
      await new Promise((resolve) => setImmediate(resolve));
      expect(acks()).toEqual([0]);
    }
    socket.disconnect();
  });

  test('is not its connection, when it has left', async () => {
    const socket = await enter();
    const closed = new Promise((resolve) => socket.io.engine.once('close', resolve));
    // As the protocol has it; the library would close the connection itself.
    (socket.io.engine as unknown as { write(packet: string): void }).write('1/feed,');
    await closed;
  });

  test('is not what it never reads, whatever it asks', async () => {
    const socket = await enter();
    const { ws } = socket.io.engine.transport as unknown as { ws: { send(packet: string): void; _socket: { pause(): void } } };
    ws._socket.pause();
    // More than the line itself holds.
    for (let at = 0; at < 15_000; at++) ws.send(`40/${'nowhere'.repeat(150)},`);
    for (let patience = 200; serverSide().length && patience > 0; patience--) await new Promise((resolve) => setTimeout(resolve, 25));
    expect(serverSide()).toHaveLength(0);
    socket.disconnect();
  });

  test('is an answer to every message, also to one that is none', async () => {
    const socket = await enter();
    expect(await socket.emitWithAck('resubscribe', {})).toMatchObject({
      ok: false,
      error: { code: 'bad-request', message: expect.stringContaining('resubscribe') },
    });
    socket.disconnect();
  });
});

test('a slow member that is back at the head at once is dropped once in a round, and the round ends', () => {
  const nothing = () => {};
  const broadcast: Broadcast = { join: nothing, leave: nothing, events: nothing, progress: nothing, idle: nothing };
  const groups = new Groups(broadcast);
  const member = (position: number, slow: boolean) => {
    let fell = 0;
    const own: Member & { fell(): number } = {
      filter: readFilter({ zones: ['zone-a'] }),
      position,
      isSlow: () => slow && fell < 1_000,
      fallBehind: () => {
        fell++;
        groups.leave(own);
        groups.join(own);
      },
      sendEvents: nothing,
      sendProgress: nothing,
      fell: () => fell,
    };
    groups.join(own);
    return own;
  };
  member(1, false);
  const slow = member(2, true);
  groups.tellProgress(2);
  expect(slow.fell()).toBe(1);
});
