import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FeedClosed, fileStore, follow, memoryStore, type Closed, type Following, type FollowOptions } from '../../src/client/index.js';
import { KEY, startApp, stopApp, type TestApp } from '../support/start-app.js';

const sources = [{ publisher: 'TASS' }];
const zone = (id: string) => ({ command: 'zones/report', body: { id, name: { en: id }, occurred: '2017-05-04', sources } });
const party = (id: string) => ({ command: 'parties/register', body: { id, name: { en: id }, kind: 'other', occurred: '2017' } });
const many = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => party(`${prefix}-${at}`));
const upTo = (to: number, after = 0) => Array.from({ length: to - after }, (_, at) => after + at + 1);
const BOOKED = 2_500;

let app: TestApp;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zonewatch-client-'));
  app = await startApp({ feedLimits: { progressEvery: 100 } });
  app.app.getHttpServer().on('upgrade', (_request: unknown, connection: Socket) => {
    connections.add(connection.on('close', () => connections.delete(connection)));
  });
  await app.feed([zone('idlib'), ...many('first', BOOKED - 1)]);
});
afterAll(async () => {
  await stopApp(app);
  rmSync(folder, { recursive: true });
});

const followings: Following[] = [];
afterEach(() => Promise.all(followings.splice(0).map((following) => following.close())));

function begin(options: Partial<FollowOptions> = {}): Following {
  const following = follow({ url: app.address, token: KEY, ...options });
  followings.push(following);
  return following;
}
const headOf = async () => (await app.get('/health/ready')).json.sequence as number;
const connections = new Set<Socket>();
const cut = () => connections.forEach((connection) => connection.destroy());
/** Takes events up to and with a sequence, and asks for one more, so that the last one counts as taken. */
async function take(following: Following, to: number, each: (sequence: number) => unknown = () => {}): Promise<number[]> {
  const taken: number[] = [];
  for await (const { sequence } of following) {
    taken.push(sequence);
    await each(sequence);
    if (sequence >= to) void following.close();
  }
  return taken;
}
const failureOf = async (following: Following): Promise<unknown> => {
  try {
    for await (const event of following) void event;
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('a follower', () => {
  test('has every event once and in order, however often the service cuts it off', async () => {
    const before = await headOf();
    const closed: Closed[] = [];
    const following = begin({ onClosed: (told) => closed.push(told) });
    let written: Promise<unknown> = Promise.resolve();
    const taken = await take(following, before + 400, async (sequence) => {
      if (sequence === before) written = app.feed(many('cut', 400));
      if (sequence % 700 !== 0 && sequence !== before + 1 && sequence !== before + 200) return;
      cut();
      await sleep(20);
    });
    await written;
    expect(taken).toEqual(upTo(before + 400));
    expect(closed.length).toBeGreaterThan(3);
    expect(closed).toEqual(closed.map(() => ({ code: 'disconnected', message: expect.any(String), retry: true })));
    expect([following.position, following.epoch]).toEqual([before + 400, app.record.reader.epoch]);
  });

  test('goes on from its store, behind what was taken before, in the record that it was of', async () => {
    const path = join(folder, 'position.json');
    const first = await take(begin({ store: fileStore(path) }), 1_234);
    expect(await fileStore(path).load()).toEqual({ epoch: app.record.reader.epoch, position: 1_234 });
    // An event that was in hand when its consumer left was not taken.
    for await (const { sequence } of begin({ store: fileStore(path) })) if (sequence === 1_500) break;
    expect(await fileStore(path).load()).toMatchObject({ position: 1_499 });
    const rest = await take(begin({ store: fileStore(path), after: 'now' }), BOOKED);
    expect([first, rest[0]]).toEqual([upTo(1_234), 1_500]);
    expect(existsSync(`${path}.tmp`)).toBe(false);
    const other = memoryStore({ epoch: '00000000-0000-0000-0000-000000000000', position: 5 });
    expect(await failureOf(begin({ store: other }))).toMatchObject({ code: 'other-record' });
  });

  test('never saves a position ahead of what was taken, and throws what its store throws', async () => {
    let taken = 0;
    const saved: [position: number, taken: number][] = [];
    const slow = { load: async () => undefined, save: async ({ position }: { position: number }) => void saved.push([position, taken]) };
    await take(begin({ store: slow }), 1_100, async (sequence) => {
      taken = sequence;
      if (sequence % 50 === 0) await sleep(1);
    });
    expect(saved.filter(([position, by]) => position > by)).toEqual([]);
    expect(saved.at(-1)![0]).toBe(1_100);
    const full = { load: async () => undefined, save: () => Promise.reject(new Error('the disk is full')) };
    const following = begin({ store: full });
    expect(await failureOf(following)).toMatchObject({ message: 'the disk is full' });
    await expect(following.ended).rejects.toThrow('the disk is full');
    const broken = join(folder, 'broken.json');
    writeFileSync(broken, '{"position":-1}');
    expect(await failureOf(begin({ store: fileStore(broken) }))).toMatchObject({ message: expect.stringContaining(broken) });
  });

  test('has only what its filter lets pass, and moves on over the rest', async () => {
    const clash = { incident: 'clash', text: { en: 'x' }, occurred: '2017-07', sources };
    const passed: number[] = [];
    const following = begin({ filter: { zones: ['zone-idlib'] }, onProgress: (to) => passed.push(to) });
    const taken = take(following, BOOKED + 1);
    while ((following.position ?? 0) < (await headOf())) await sleep(5);
    await app.feed([party('passed-over')]);
    const head = await headOf();
    while (passed.at(-1) !== head) await sleep(5);
    expect(following.position).toBe(head);
    await app.feed([{ command: 'zones/report-incident', id: 'idlib', body: clash }]);
    expect(await taken).toEqual([1, head + 1]);
  });

  test('that is slow gets all, while neither pages nor live events pile up', async () => {
    const lives: number[] = [];
    const following = begin({ after: 'now', onLive: (to) => lives.push(to) });
    const { inbox } = following as unknown as { inbox: { weight: number } };
    let most = 0;
    const head = await headOf();
    const taken = take(following, head + 5_001, async (sequence) => {
      // Live, and in hand: all these wait behind it.
      if (sequence === head + 1) await app.feed(many('slow', 5_000));
      if (sequence % 100 === 0) await sleep(2);
      most = Math.max(most, inbox.weight);
    });
    while (!lives.length) await sleep(5);
    await app.feed([party('slow')]);
    expect(await taken).toEqual(upTo(head + 5_001, head));
    // What was live filled the inbox, and no more than one frame came on top. (On a busy machine it comes as pages, one at a time.)
    expect([lives[0], most > 500, most <= 2_001]).toEqual([head, true, true]);
  });

  test('hands events to a callback too, which is waited for, and whose error ends it', async () => {
    const ends: { from: number; to: number }[] = [];
    let busy = 0;
    const following = begin({
      onEvents: async (events, { from, to }) => {
        expect([++busy, events[0]!.sequence, events.at(-1)!.sequence]).toEqual([1, from + 1, to]);
        await sleep(5);
        busy--;
        if (ends.push({ from, to }) === 2) throw new Error('enough');
      },
    });
    await expect(following.ended).rejects.toThrow('enough');
    expect([ends, following.position]).toEqual([[{ from: 0, to: 1_000 }, { from: 1_000, to: 2_000 }], 1_000]); // prettier-ignore
    await expect(failureOf(following)).resolves.toMatchObject({ message: expect.stringContaining('consumer') });
  });

  test.each<[string, Partial<FollowOptions>]>([
    ['forbidden', { token: 'wrong' }],
    ['bad-filter', { filter: { zones: ['idlib'] } }],
    ['bad-request', { after: -1 }],
    ['other-record', { epoch: '00000000-0000-0000-0000-000000000000' }],
  ])('gives up on %s, with that code', async (code, options) => {
    const closed: Closed[] = [];
    const following = begin({ ...options, onClosed: (told) => closed.push(told) });
    const error = await failureOf(following);
    expect(error).toBeInstanceOf(FeedClosed);
    expect([error, closed]).toMatchObject([{ name: 'FeedClosed', code, message: expect.stringMatching(/./) }, [{ code, retry: false }]]);
    await expect(following.ended).rejects.toBe(error);
  });

  test('waits for a position that is still to come', async () => {
    const head = await headOf();
    const closed: Closed[] = [];
    const taken = take(begin({ after: head + 1, onClosed: (told) => closed.push(told) }), head + 2);
    while (closed.length < 2) await sleep(5);
    await app.feed(many('to-come', 2));
    expect([await taken, closed[0]]).toMatchObject([[head + 2], { code: 'future-position', retry: true }]);
  });
});
