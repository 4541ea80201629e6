import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { io, type Socket } from 'socket.io-client';
import { KEY, startApp, stopApp, type TestApp } from '../support/start-app.js';

type Fields = Record<string, unknown>;
/** What a subscriber is sent: a frame under its name, with the acknowledgement that it asks for. */
type Message = { name: string; from: number; to: number; events: Fields[]; ack?: () => void };

const MIB = 1024 * 1024;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const party = (id: string, name = 'x') => ({ id, name: { en: name }, kind: 'other', occurred: '2017' });
const register = (id: string, name?: string) => ({ command: 'parties/register', body: party(id, name) });
const many = (prefix: string, count: number, name?: string) => Array.from({ length: count }, (_, at) => register(`${prefix}-${at}`, name));

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await app.feed([...many('small', 2_500), ...many('large', 60, 'x'.repeat(40_000))]);
});
afterAll(() => stopApp(app));

const sockets: Socket[] = [];
afterEach(() => sockets.splice(0).forEach((socket) => socket.disconnect()));

function dial(auth: object = {}, address = app.address, transports = ['polling', 'websocket']): Socket {
  const socket = io(`${address}/feed`, { forceNew: true, reconnection: false, auth, transports });
  sockets.push(socket);
  return socket;
}
const heard = (socket: Socket, name: string) => new Promise<unknown[]>((resolve) => socket.once(name, (...args) => resolve(args)));
async function connect(...how: Parameters<typeof dial>): Promise<Socket> {
  const socket = dial(...how);
  await heard(socket, 'connect');
  return socket;
}

/** A subscriber, with all that it is sent; it acknowledges pages at once unless it is `patient`. */
async function follow(after: number | string, { patient = false, address = app.address } = {}) {
  const socket = await connect({}, address);
  const seen: Message[] = [];
  let wake = () => {};
  const reader = { socket, seen, patient, reply: {} as Fields, until };
  socket.onAny((name: string, frame: Message, ack?: () => void) => {
    seen.push({ ...frame, name, ...(ack && { ack }) });
    if (!reader.patient) ack?.();
    wake();
  });
  /** Waits for a frame that ends at a sequence or behind it. */
  async function until(to: number, name?: string) {
    const met = (frame: Message) => frame.to >= to && frame.name === (name ?? frame.name);
    while (!seen.some(met)) await new Promise<void>((resolve) => (wake = resolve));
  }
  reader.reply = (await socket.emitWithAck('subscribe', { after })) as Fields;
  return reader;
}

/** The events of a subscriber's frames, which must follow one another without a gap, and hold all between their ends. */
function eventsOf(seen: readonly Message[], after: number): string[] {
  let at = after;
  return seen.flatMap(({ name, from, to, events = [] }) => {
    expect([name, name === 'live' ? to : from]).toEqual([expect.stringMatching(/^(events|live)$/), at]);
    expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: to - at }, (_, index) => at + index + 1));
    at = to;
    return events.map((event) => JSON.stringify(event));
  });
}

/** The canonical bytes of the events behind a sequence. */
const served = async (after: number) => {
  const { text } = await app.call('GET', `/v1/events?after=${after}`, { headers: { accept: 'application/x-ndjson' } });
  return text.split('\n').filter(Boolean);
};
const headOf = async () => (await app.get('/health/ready')).json.sequence as number;

describe('a socket', () => {
  test.each([{}, { token: KEY }])('of this machine is let in with %j', async (auth) => expect((await connect(auth)).connected).toBe(true));

  test.each(['wrong', '', `${KEY}x`, null, 5, {}])('is refused with the token %j, and told why', async (token) => {
    const [error] = (await heard(dial({ token }), 'connect_error')) as [{ data?: Fields }];
    expect(error.data).toEqual({ code: 'forbidden', message: expect.any(String), retry: false });
  });

  test('that sends what is no packet of a client harms itself alone', async () => {
    const witness = await follow('now');
    const events = '["error"] ["disconnect"] {} ["subscribe" [["subscribe"]] [1] [] ["subscribe",{"after":"now"}]'.split(' ');
    const others = '5 9 3/feed,99[] 6/feed, 0/feed,"a" 0/other, 2/other,["x"] 51-/feed,["x",{"_placeholder":true,"num":0}]'.split(' ');
    const raw = ['', ...others, ...events.map((event) => `2/feed,${event}`)];
    for (const packet of raw) {
      const socket = await connect({}, app.address, ['websocket']);
      const gone = heard(socket, 'disconnect');
      (socket.io as unknown as { engine: { write(text: string): void } }).engine.write(packet);
      await Promise.race([gone, socket.emitWithAck('unsubscribe', null).catch(() => gone)]);
    }
    for (const query of ['EIO=4', 'EIO=9&transport=polling', 'EIO=4&transport=pigeon', 'EIO=4&transport=polling&sid=x'])
      expect([query, (await app.call('POST', `/socket.io/?${query}`, { body: '4\u001eb*' })).status]).toEqual([query, 400]);
    const head = await headOf();
    await app.feed([register('unharmed')]);
    await witness.until(head + 1);
    expect(eventsOf(witness.seen, head)).toEqual(await served(head));
  });
});

describe('subscribe', () => {
  test.each(['start', 0, 1_234, 'now', 'the head'])('after %j begins there, and goes on at the head', async (after) => {
    const { epoch, sequence: head } = (await app.get('/v1/parties?limit=1')).json;
    const { seen, until, reply } = await follow(after === 'the head' ? head : after);
    expect(reply).toEqual({ ok: true, subscription: expect.any(String), epoch, head });
    await until(head, 'live');
    await app.feed([register(`behind-${head}`)]);
    await until(head + 1);
    const from = typeof after === 'number' ? after : after === 'start' ? 0 : head;
    expect(eventsOf(seen, from)).toEqual(await served(from));
    const { subscription } = reply;
    const next = { name: 'events', subscription, from: head, to: head + 1, events: [expect.any(Object)] };
    expect(seen.slice(-2)).toEqual([{ name: 'live', subscription, to: head }, next]);
  });

  test('gives one filter one subscription everywhere, and refuses a second one on a socket until the first has ended', async () => {
    const { socket, seen, until, reply } = await follow('now');
    const { subscription } = reply;
    expect(await (await connect()).emitWithAck('subscribe', { after: 'now', filter: {} })).toEqual(reply);
    const second = await socket.emitWithAck('subscribe', { after: 'start', filter: {} });
    expect(second).toEqual({ ok: false, error: { code: 'duplicate-subscription', message: expect.any(String), retry: false } });
    expect(await socket.emitWithAck('unsubscribe', { subscription })).toEqual({ ok: true, subscription });
    const head = await headOf();
    await app.feed([register('unheard')]);
    expect(await socket.emitWithAck('subscribe', { after: head })).toMatchObject({ ok: true, subscription });
    await until(head + 1, 'live');
    expect(seen.map(({ name, to }) => `${name} ${to - head}`)).toEqual(['live 0', 'events 1', 'live 1']);
    expect(await socket.emitWithAck('unsubscribe', { subscription: 'other' })).toMatchObject({ ok: false, error: { code: 'bad-request' } });
  });

  const junk = 'null 5 "start" true [] [{"after":0}] {} {"after":-1} {"after":1.5} {"after":"5"} {"after":null} {"after":1e16}'.split(' ');
  const filters =
    'null [] "all" {"colour":["red"]} {"zones":["idlib"]} {"zones":[]} {"kinds":["zones"]} {"types":["X"]} {"parties":"party-a"} {"subjects":[5]}'
      .split(' ')
      .map((filter) => `{"after":0,"filter":${filter}}`);
  test.each<[string, string]>([
    ...[...junk, '{"after":0,"epoch":5}', '{"after":0,"more":1}'].map((message): [string, string] => [message, 'bad-request']),
    ...filters.map((message): [string, string] => [message, 'bad-filter']),
    ['{"after":0,"epoch":"00000000-0000-0000-0000-000000000000"}', 'other-record'],
    ['{"after":1000000}', 'future-position'],
  ])('refuses %s: %s', async (text, code) => {
    const [socket, message] = [await connect(), JSON.parse(text) as unknown];
    const answer = await socket.emitWithAck('subscribe', message);
    expect(answer).toEqual({ ok: false, error: { code, message: expect.stringMatching(/./), retry: code === 'future-position' } });
    // Without an acknowledgement asked for it is refused in silence, and the socket goes on.
    socket.emit('subscribe', message);
    expect(await socket.emitWithAck('subscribe', { after: 'now' })).toMatchObject({ ok: true });
  });

  // The acknowledgement is looked for in the second place only, wherever the client has put it.
  test.each([[[]], [[{ after: -1 }, 'more']]])('answers a message with the arguments %j', async (args) => {
    const socket = await connect();
    let answered = false;
    socket.emit('subscribe', ...args, () => (answered = true));
    await socket.emitWithAck('subscribe', null);
    expect(answered).toBe(true);
  });
});

describe('frames', () => {
  const sizeOf = (frame: Message) => Buffer.byteLength(JSON.stringify({ ...frame, name: undefined }));
  test('behind the head come one at a time, each when the one before is acknowledged', async () => {
    const head = await headOf();
    const reader = await follow(0, { patient: true });
    for (const page of [1, 2]) {
      await reader.until(page * 1_000);
      await app.feed([register(`held-back-${page}`)]);
      for (let round = 0; round < 20; round++) await reader.socket.emitWithAck('unsubscribe', null);
      expect(reader.seen.map(({ to }) => to)).toEqual([1_000, 2_000].slice(0, page));
      reader.patient = page < 2;
      reader.seen.at(-1)!.ack!();
    }
    await reader.until(head + 2, 'live');
    expect(eventsOf(reader.seen, 0)).toEqual(await served(0));
  });

  test('lose and double nothing for whoever joins while events are being recorded', async () => {
    const start = await headOf();
    const witness = await follow('now');
    const written = app.feed(many('joined', 3_000));
    const readers: { after: number; reader: typeof witness }[] = [];
    for (const [joined, part] of [0, 0.95, 0.5, 1, 0.99].entries()) {
      await witness.until(start + joined * 500);
      const after = Math.floor((start + joined * 500) * part);
      readers.push({ after, reader: await follow(after) });
    }
    await written;
    for (const { after, reader } of [{ after: start, reader: witness }, ...readers]) {
      await reader.until(start + 3_000, 'events');
      expect(eventsOf(reader.seen, after)).toEqual(await served(after));
    }
  });

  test('hold at most 1,000 events and 1 MiB, and as many as that lets them', async () => {
    const head = await headOf();
    const reader = await follow(0);
    await reader.until(head, 'live');
    await app.feed(many('live', 60, 'x'.repeat(40_000)));
    await reader.until(head + 60);
    const largest = Math.max(...reader.seen.map(sizeOf));
    expect(Math.max(...reader.seen.map(({ events = [] }) => events.length))).toBe(1_000);
    expect([largest <= MIB, largest > MIB - 45_000]).toEqual([true, true]);
  });

  // The events are counted, and what stands around them is not.
  test('hold at most 1 MiB with all that is in them', async () => {
    await app.feed([register('exact-99')]);
    const after = await headOf();
    const pad = 'x'.repeat(MIB / 32 - Buffer.byteLength((await served(after - 1))[0]!));
    await app.feed(Array.from({ length: 32 }, (_, at) => register(`exact-${at + 10}`, pad)));
    const { seen, until } = await follow(after);
    await until(after + 32, 'live');
    expect(Math.max(...seen.map(sizeOf))).toBeLessThanOrEqual(MIB);
  });

  test('end with the service: every socket is told that it may come again, and when', async () => {
    const own = await startApp();
    const { socket, until } = await follow('start', { address: own.address });
    await until(0, 'live');
    const idle = await connect({}, own.address, ['websocket']);
    const ends = [socket, idle].map((one) => Promise.all([heard(one, 'closed'), heard(one, 'disconnect')]));
    await stopApp(own);
    for (const [[closed]] of await Promise.all(ends))
      expect(closed).toEqual({ code: 'shutting-down', message: expect.any(String), retry: true, retryAfter: expect.any(Number) });
  });

  // The minute that a page may stay unacknowledged goes on counting when its socket and the service are gone.
  test('that were never acknowledged leave nothing behind when the service has ended', () => {
    const data = mkdtempSync(join(tmpdir(), 'zonewatch-test-'));
    const script = `
      import { io } from 'socket.io-client';
      import { readConfig } from './dist/config.js';
      import { startService } from './dist/service.js';
      const service = await startService({ ...readConfig({}), port: 0, data: '${data}', adminKey: '${KEY}' });
      await service.app.inject({ method: 'POST', url: '/v1/parties', headers: { authorization: 'Bearer ${KEY}' }, payload: ${JSON.stringify(party('only'))} });
      const socket = io(service.address + '/feed', { auth: { token: '${KEY}' }, reconnection: false, transports: ['websocket'] });
      const [gone, page] = ['disconnect', 'events'].map((name) => new Promise((resolve) => socket.once(name, resolve)));
      socket.emit('subscribe', { after: 0 });
      await page;
      await Promise.all([service.close(), gone]);
      process.stdout.write(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length + ' timers');
      process.exit();`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: ROOT,
      encoding: 'utf8',
      timeout: 30_000,
    });
    rmSync(data, { recursive: true });
    expect(stdout).toBe('0 timers');
  });
});
