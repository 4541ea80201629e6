import { connect, type Socket as Tcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { io, Manager, type Socket } from 'socket.io-client';
import { follow, type Closed, type Following } from '../../src/client/index.js';
import type { FeedLimits } from '../../src/feed/limits.js';
import { Unforeseen } from '../../src/logger.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';

type Answer = { ok: true; subscription: string; head: number } | { ok: false; error: Closed };
type Page = { subscription: string; from: number; to: number; events: { sequence: number }[] };
/** The WebSocket under a client, for what no client would send. */
type Wire = { send(data: string | Buffer, options?: { binary: boolean }): void; _socket: Tcp };

const sources = [{ publisher: 'TASS' }];
const zone = (id: string) => ({ command: 'zones/report', body: { id, name: { en: id }, occurred: '2017', sources } });
const party = (id: string) => ({ command: 'parties/register', body: { id, name: { en: id }, kind: 'other', occurred: '2017' } });
const clash = (text: string) => ({
  command: 'zones/report-incident',
  id: 'a',
  body: { incident: 'clash', text: { en: text }, occurred: '2017', sources },
});
const suspend = (reason: string) => ({
  command: 'zones/suspend',
  id: 'a',
  body: { reason: { en: reason }, occurred: '2017', sources },
});
const many = <T>(count: number, make: (at: number) => T) => Array.from({ length: count }, (_, at) => make(at));
const heard = (socket: Socket, name: string) => new Promise<unknown[]>((resolve) => socket.once(name, (...args) => resolve(args)));
const until = async (isSo: () => boolean) => {
  while (!isSo()) await sleep(5);
};

let app: TestApp;
/** Somebody who behaves, from before it began: what they have got, and what has become of their connection. */
let witness: { following: Following; lines: string[]; closed: Closed[] };
let unforeseen: unknown[];
const sockets: Socket[] = [];

function attend(): void {
  const [lines, closed]: [string[], Closed[]] = [witness?.lines ?? [], []];
  const following = follow({
    url: app.address,
    after: lines.length,
    onEvents: (events) => lines.push(...events.map((event) => JSON.stringify(event))),
    onClosed: (told) => closed.push(told),
  });
  witness = { following, lines, closed };
  unforeseen = [];
  // In place of what writes it to the log.
  Object.assign(app.app.get(Unforeseen), { tell: (error: unknown) => unforeseen.push(error) });
}

/** A service for the tests of a block, with so much in its record. Each of them leaves it as if nothing had been. */
function serve(feedLimits: Partial<FeedLimits> = {}, before = 10): void {
  let writing: Promise<void>;
  let isOver: boolean;
  let written = 0;
  /** So many lines of the witness are those of the record. */
  let compared = 0;
  beforeAll(async () => {
    app = await startApp({ feedLimits });
    await app.feed([zone('a'), ...many(before, (at) => party(`before-${at}`))]);
    witness = undefined as never;
    attend();
  });
  beforeEach(() => {
    isOver = false;
    const write = async () => {
      // A test may have it restarted in the midst of this.
      while (!isOver)
        await app.feed([party(`meanwhile-${written++}`)]).then(
          () => sleep(20),
          () => sleep(20),
        );
    };
    writing = write();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.disconnect();
    isOver = true;
    await writing;
    const { text } = await app.call('GET', `/v1/events?after=${compared}`, { headers: { accept: 'application/x-ndjson' } });
    const added = text.split('\n').filter(Boolean);
    await until(() => witness.lines.length >= compared + added.length || witness.closed.length > 0);
    expect(witness.closed).toEqual([]);
    expect(witness.lines.slice(compared)).toEqual(added);
    compared += added.length;
    expect(unforeseen.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await witness.following.close();
    await stopApp(app);
  });
}

function dial(transports = ['websocket']): Socket {
  const socket = io(`${app.address}/feed`, { forceNew: true, reconnection: false, transports });
  sockets.push(socket);
  return socket;
}
async function enter(): Promise<Socket> {
  const socket = dial();
  await heard(socket, 'connect');
  return socket;
}
const wireOf = (socket: Socket) => (socket.io.engine.transport as unknown as { ws: Wire }).ws;
const subscribe = (socket: Socket, message: object) => socket.emitWithAck('subscribe', message) as Promise<Answer>;
const codeOf = (answer: Answer) => (answer.ok ? 'ok' : answer.error.code);

describe('the rest are served while a socket', () => {
  serve({}, 2_500);

  test('asks for 10,000 subscriptions, of which it gets 50, an answer to each, and the events of those 50', async () => {
    const socket = await enter();
    const seen = new Set<string>();
    socket.on('events', ({ subscription, events }: Page, next?: () => void) => {
      if (events.length) seen.add(subscription);
      next?.();
    });
    const answers = await Promise.all(
      many(10_000, (at) => subscribe(socket, { after: 'now', filter: { zones: ['zone-a', `zone-${at}`] } })),
    );
    const [taken, refused] = [answers.slice(0, 50), answers.slice(50)];
    expect(new Set(taken.map(codeOf))).toEqual(new Set(['ok']));
    expect(new Set(refused.map(codeOf))).toEqual(new Set(['too-many-subscriptions']));
    expect(refused.every((answer) => !answer.ok && answer.error.retry)).toBe(true);
    // Some because it has 50, the others because it asks too often.
    expect(new Set(refused.map((answer) => !answer.ok && answer.error.message)).size).toBe(2);
    await app.feed([clash('of all that it has')]);
    await until(() => seen.size === 50);
    expect(seen).toEqual(new Set(taken.map((answer) => answer.ok && answer.subscription)));
  });

  test('asks with the largest filters that there may be, and gets what passes them', async () => {
    const long = (kind: string) => many(99, (at) => `${kind}-${`${at}-`.padEnd(64, 'x')}`);
    const filter = {
      zones: [...long('zone'), 'zone-a'],
      subjects: [...long('talks'), 'zone-a'],
      kinds: many(100, (at) => ['zone', 'party'][at % 2]),
      types: many(100, (at) => ['ZoneReported', 'ZoneIncidentReported'][at % 2]),
    };
    await app.feed([suspend('behind the head')]);
    const got = await Promise.all(
      many(20, async (at) => {
        const [socket, sequences] = [await enter(), [] as number[]];
        socket.on('events', ({ events }: Page, next?: () => void) => {
          sequences.push(...events.map(({ sequence }) => sequence));
          next?.();
        });
        const own = { ...filter, zones: [...filter.zones.slice(1), `zone-own-${at}`] };
        expect(codeOf(await subscribe(socket, { after: 'start', filter: own }))).toBe('ok');
        return sequences;
      }),
    );
    await app.feed([suspend('at the head'), clash('of a large filter')]);
    const passed = (await app.get('/v1/events?zones=zone-a&types=ZoneReported,ZoneIncidentReported&limit=1000')).json.data.map(
      ({ sequence }: { sequence: number }) => sequence,
    );
    await until(() => got.every(({ length }) => length >= passed.length));
    expect(got).toEqual(got.map(() => passed));
  });

  test.each([
    ['101 values', { zones: many(101, (at) => `zone-${at}`) }],
    ['a value of 60,000 characters', { zones: [`zone-${'x'.repeat(60_000)}`] }],
    ['an axis of 60,000 characters', { ['x'.repeat(60_000)]: ['zone-a'] }],
    ['5,000 axes', Object.fromEntries(many(5_000, (at) => [`a${at}`, []]))],
    ['the prototype as an axis', JSON.parse('{"__proto__":["zone-a"]}')],
    ['what every object has as an axis', { constructor: ['zone-a'] }],
  ])('asks with a filter of %s, which is refused in few words', async (_, filter) => {
    const answer = await subscribe(await enter(), { after: 'start', filter });
    expect(answer).toEqual({ ok: false, error: { code: 'bad-filter', message: expect.stringMatching(/^.{1,200}$/), retry: false } });
  });

  // The fault is in what says which value was refused: it is written out before it is shortened.
  test('asks with a filter of 30,000 lists in each other, which is refused as any other', async () => {
    const socket = await enter();
    const answered = new Promise((resolve) => socket.io.engine.on('message', resolve));
    wireOf(socket).send(`42/feed,7["subscribe",{"after":0,"filter":{"zones":[${'['.repeat(30_000)}${']'.repeat(30_000)}]}}]`);
    const told = await answered;
    // Taken here, so that it is this test that fails.
    expect(unforeseen.splice(0)).toEqual([]);
    expect(told).toMatch(/^3\/feed,7\[{"ok":false,"error":{"code":"bad-filter"/);
  });

  test('acknowledges a page twice, pages that it has not got, and what was never asked for: each page comes when the one before is', async () => {
    const socket = await enter();
    const [pages, ids]: [Page[], string[]] = [[], []];
    const send = (id: string) => wireOf(socket).send(`43/feed,${id}[]`);
    // Beside the client, which is not to answer for itself.
    socket.io.engine.on('message', (text: string) => {
      const [, id, data] = /^2\/feed,(\d+)\["events",(.*)\]$/s.exec(text) ?? [];
      if (!data) return;
      ids.push(id!);
      pages.push(JSON.parse(data) as Page);
    });
    const all = async () => {
      for (let round = 0; round < 10; round++) await socket.emitWithAck('unsubscribe', null);
      return pages.length;
    };
    for (const early of ['0', '1', '2', '3', '99', '9'.repeat(30)]) send(early);
    const answer = (await subscribe(socket, { after: 0 })) as Answer & { ok: true };
    for (let page = 1; pages.at(-1)?.to !== 2_000; page++) {
      await until(() => pages.length === page);
      expect(await all()).toBe(page);
      for (const id of [ids.at(-1)!, ids.at(-1)!, ids[0]!, `${Number(ids.at(-1)) + 1}`]) send(id);
    }
    await until(() => pages.length === 3);
    expect(await all()).toBe(3);
    expect(new Set(ids).size).toBe(3);
    expect(pages.map(({ from, to }) => [from, to])).toEqual([
      [0, 1_000],
      [1_000, 2_000],
      [2_000, expect.any(Number)],
    ]);
    expect(pages.every(({ subscription }) => subscription === answer.subscription)).toBe(true);
  });

  /** What becomes of a socket that has sent something: it is closed, or goes on being answered. */
  const outcome = async (socket: Socket): Promise<string> => {
    const gone = heard(socket, 'disconnect').then(() => 'closed');
    return Promise.race([gone, socket.emitWithAck('unsubscribe', null).then((answer: Answer) => (answer.ok ? '?' : 'served'))]);
  };
  const deep = (open: string, close: string) => `${open.repeat(6_000)}1${close.repeat(6_000)}`;
  const named = (...names: string[]) => names.map((name) => `42/feed,["${name}",{"after":"start"}]`);
  const held = '{"_placeholder":true,"num":0}';
  const message = (length: number) => '42/feed,["x",""]'.replace('""', `"${'x'.repeat(length - 16)}"`);
  test.each<[string, string, (string | Buffer)[]]>([
    ['served', 'packets that say nothing', ['3', '0', '5', '6', '42/feed,', '42/feed,9', '43/feed,', '43/feed,0']],
    ['served', 'events that every object has', named('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'error', '', '🕊')],
    ['served', 'events with a number for a name', ['42/feed,[5]', '42/feed,[-1e400,{}]', '42/feed,1[0]']],
    ['served', 'ids beyond all whole numbers', [`42/feed,${'9'.repeat(20)}["x",null]`, `42/feed,${'9'.repeat(20)}["subscribe",null]`]],
    ['served', 'acknowledgements beyond all numbers', [`43/feed,${'9'.repeat(400)}[]`, '43/feed,18446744073709551616[]', '43/feed,[]']],
    ['served', 'lists in each other', [`42/feed,["subscribe",${deep('[', ']')}]`, `42/feed,["unsubscribe",${deep('{"a":', '}')}]`]],
    ['served', 'bytes for a message', [`451-/feed,["subscribe",${held}]`, Buffer.alloc(60_000)]],
    ['served', 'bytes for a position', [`451-/feed,["subscribe",{"after":${held}}]`, Buffer.alloc(9)]],
    ['served', 'an acknowledgement of bytes', [`461-/feed,0[${held}]`, Buffer.alloc(9)]],
    ['served', 'ten times the same bytes', [`451-/feed,["subscribe",[${many(10, () => held).join()}]]`, Buffer.alloc(9)]],
    ['served', 'a message of 65,536 bytes', [message(65_536)]],
    ['closed', 'a message of 65,537 bytes', [message(65_537)]],
    ['closed', 'a message of 10 MB', [message(10_000_000)]],
    ...['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'].map(
      (name): [string, string, string[]] => ['closed', `an event of the name of the service's own: ${name}`, named(name)],
    ),
    // The answers have the same ids, with which this client can do nothing.
    ['closed', 'an id beyond all numbers', [`42/feed,${'9'.repeat(400)}["x",null]`]],
    ['closed', 'an id of digits and spaces', ['42/feed,1 2["x",null]']],
    ['closed', 'a packet of no type', ['47/feed,[]']],
    ['closed', 'a packet of no type of Engine.IO', ['9']],
    ['closed', 'an empty packet of Engine.IO', ['']],
    ['closed', 'a ping, which is for the service to send', ['2']],
    ['closed', 'a negative id', ['42/feed,-1["subscribe",null]']],
    ['closed', 'a negative acknowledgement', ['43/feed,-1[]']],
    ['closed', 'an acknowledgement that is no list', ['43/feed,0{}']],
    ['closed', 'JSON that breaks off', ['42/feed,["subscribe",{"after":']],
    ['closed', 'bytes that were not announced', [Buffer.alloc(9)]],
    ['closed', 'bytes in base64 that were not announced', ['bAAAA']],
    ['closed', 'bytes that are announced and do not come', [`451-/feed,["subscribe",${held}]`]],
    ['closed', 'bytes that are announced and never asked for', [`451-/feed,["subscribe",${held.replace('0', '7')}]`, Buffer.alloc(9)]],
    ['closed', 'a place for bytes that is none', [`451-/feed,["subscribe",${held.replace('0', '"length"')}]`, Buffer.alloc(9)]],
    ['closed', 'eleven announced at once', [`4511-/feed,["subscribe",${held}]`]],
    ['closed', 'none announced', [`450-/feed,["subscribe",${held}]`]],
  ])('is %s that sends %s', async (expected, _, packets) => {
    const socket = await enter();
    for (const packet of packets) wireOf(socket).send(packet);
    expect(await outcome(socket)).toBe(expected);
  });

  test('sends text that is not UTF-8, and is closed', async () => {
    const socket = await enter();
    wireOf(socket).send(Buffer.from([...Buffer.from('42/feed,["subscribe","'), 0xc0, 0xaf, 0x22, 0x5d]), { binary: false });
    expect(await outcome(socket)).toBe('closed');
  });

  test.each([
    ['that is not masked', [0x81, 0x01, 0x34]],
    ['of a kind that there is none of', [0x83, 0x80, 0, 0, 0, 0]],
    ['of more bytes than there are', [0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]],
    ['that goes on with nothing', [0x80, 0x80, 0, 0, 0, 0]],
    ['that is compressed, which was not agreed on', [0xc1, 0x81, 0, 0, 0, 0, 0x34]],
  ])('sends a frame %s, and is closed', async (_, bytes) => {
    const socket = await enter();
    wireOf(socket)._socket.write(Buffer.from(bytes));
    expect(await outcome(socket)).toBe('closed');
  });

  test('posts what is no packet, or too much, or breaks off', async () => {
    const path = '/socket.io/?EIO=4&transport=polling';
    const post = async (body: string, type = 'text/plain;charset=UTF-8') => {
      const { sid } = JSON.parse((await app.get(path)).text.slice(1)) as { sid: string };
      // Whoever has nobody waiting for an answer, as clients do, is kept for half a minute when it is over.
      app.get(`${path}&sid=${sid}`).catch(() => {});
      await sleep(20);
      return (await app.call('POST', `${path}&sid=${sid}`, { body, headers: { 'content-type': type, connection: 'close' } })).status;
    };
    for (const body of ['x', '\u001e'.repeat(60_000), '2\u001e'.repeat(30_000), `b${'!'.repeat(999)}`, '40/feed,\u001e42/feed,{}', '1', ''])
      expect([body.slice(0, 9), await post(body)]).toEqual([body.slice(0, 9), 200]);
    expect(await post('4'.repeat(65_537))).toBe(413);
    expect(await post('40/feed,', 'application/octet-stream')).toBe(400);
    const { hostname, port } = new URL(app.address);
    const upgrade = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    for (const request of [
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${upgrade}\r\n`,
      `GET /socket.io/?EIO=4&transport=websocket&sid=x HTTP/1.1\r\n${upgrade}Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      `GET /v1/feed HTTP/1.1\r\n${upgrade}\r\n`,
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n4`,
    ]) {
      const tcp = connect(Number(port), hostname, () => tcp.write(request));
      await Promise.race([new Promise((resolve) => tcp.once('data', resolve).once('close', resolve)), sleep(200)]);
      tcp.destroy();
    }
  });
});

describe('after a restart', () => {
  serve({}, 2_500);

  test('2,000 subscribes that come at once are all answered, and all lead to the head', async () => {
    await witness.following.close();
    await app.close();
    app = await startApp({ folder: app.folder });
    const storm = many(100, () => dial());
    attend();
    const live = await Promise.all(
      storm.map(async (socket) => {
        const [asked, reached] = [new Set<string>(), new Set<string>()];
        socket.on('events', (_: Page, next?: () => void) => next?.());
        socket.on('live', ({ subscription }: Page) => reached.add(subscription));
        await heard(socket, 'connect');
        for (const answer of await Promise.all(
          many(20, (at) => subscribe(socket, { after: 0, filter: { zones: ['zone-a', `zone-${at}`] } })),
        ))
          if (answer.ok) asked.add(answer.subscription);
        await until(() => reached.size === 20);
        return [...reached].every((subscription) => asked.has(subscription));
      }),
    );
    expect(live).toEqual(storm.map(() => true));
  });
});

describe('with a patience of 300 ms', () => {
  serve({ patience: 300 });
  const tooSlow = { code: 'consumer-too-slow', message: expect.stringMatching(/./), retry: true };

  test('a page that is never acknowledged ends its subscription, alone, and it can be had again', async () => {
    const socket = await enter();
    const kept: number[] = [];
    let own = '';
    socket.on('events', ({ subscription, events }: Page, next?: () => void) => {
      if (subscription !== own) return;
      kept.push(...events.map(({ sequence }) => sequence));
      next?.();
    });
    const kind = await subscribe(socket, { after: 0, filter: { zones: ['zone-a'] } });
    own = kind.ok ? kind.subscription : '';
    const held = await subscribe(socket, { after: 0 });
    const [closed] = await heard(socket, 'closed');
    expect(closed).toEqual({ subscription: held.ok && held.subscription, ...tooSlow });
    const { sequence } = (await app.feed([clash('behind it')]))[0] as { sequence: number };
    await until(() => kept.at(-1) === sequence);
    expect(codeOf(await subscribe(socket, { after: 0 }))).toBe('ok');
  });

  test('a live reader that stops reading loses its subscription, and goes on from its last frame without a gap', async () => {
    const socket = await enter();
    const got: number[] = [];
    let to = (await app.get('/v1/zones?limit=1')).json.sequence as number;
    const begin = to;
    socket.on('events', (page: Page, next?: () => void) => {
      expect(page.from).toBe(to);
      to = page.to;
      got.push(...page.events.map(({ sequence }) => sequence));
      next?.();
    });
    const live = heard(socket, 'live');
    expect(codeOf(await subscribe(socket, { after: to }))).toBe('ok');
    await live;
    wireOf(socket)._socket.pause();
    const text = 'x'.repeat(40_000);
    for (let round = 0; round < 40; round++) await app.feed(many(10, (at) => clash(`${round}-${at} ${text}`)));
    // Somewhat longer than the patience; what is not over by then is read on and never closed.
    await sleep(600);
    const closed = heard(socket, 'closed');
    wireOf(socket)._socket.resume();
    expect((await closed)[0]).toEqual({ subscription: expect.any(String), ...tooSlow });
    const answer = await subscribe(socket, { after: to });
    const head = answer.ok ? answer.head : 0;
    expect(head).toBeGreaterThan(begin + 400);
    await until(() => to >= head);
    expect(got).toEqual(many(to - begin, (at) => begin + at + 1));
  });
});

describe('where six readers are let in', () => {
  serve({ connections: 6 });
  const full = { code: 'too-many-connections', message: expect.stringMatching(/./), retry: true };
  const refusal = async () => ((await heard(dial(), 'connect_error'))[0] as { data: unknown }).data;
  /** Waits for a place: somebody who has left is counted until the service hears of it. */
  const enterOnce = async () => {
    for (;;) {
      const socket = dial();
      const isIn = await Promise.race([heard(socket, 'connect').then(() => true), heard(socket, 'connect_error').then(() => false)]);
      if (isIn) return socket;
      await sleep(5);
    }
  };

  test('all others are told to come again, whoever is in stays in, and a place that is left is given away', async () => {
    const seats = await Promise.all(
      many(5, async () => {
        const [socket, seen] = [await enterOnce(), [] as number[]];
        socket.on('events', ({ events }: Page, next?: () => void) => {
          seen.push(...events.map(({ sequence }) => sequence));
          next?.();
        });
        const answer = await subscribe(socket, { after: 'now', filter: { zones: ['zone-a'] } });
        return { socket, seen, answer };
      }),
    );
    expect(await Promise.all(many(50, refusal))).toEqual(many(50, () => full));
    const [told] = await app.feed([clash('for all who are in')]);
    await until(() => seats.every(({ seen }) => seen.length > 0));
    expect(seats.map(({ seen, socket, answer }) => [seen, socket.connected, answer.ok])).toEqual(
      seats.map(() => [[told!['sequence']], true, true]),
    );
    seats[0]!.socket.disconnect();
    await enterOnce();
    expect(await refusal()).toEqual(full);
  });

  test('who asks on and on and reads no answer is put out', async () => {
    const flood = await enterOnce();
    const others = await Promise.all(many(4, enterOnce));
    expect(await refusal()).toEqual(full);
    const wire = wireOf(flood);
    wire._socket.pause();
    // The answers say its name again: more of them than the line itself holds.
    for (let at = 0; at < 60_000; at++) wire.send(`42/feed,${at}["${'x'.repeat(80)}"]`);
    const next = await enterOnce();
    expect([...others, next].map(({ connected }) => connected)).toEqual(many(5, () => true));
    wire._socket?.resume();
  });

  // Each of them is counted, and none but the last is ever heard: 7,000 fit into one request.
  test('one connection is one reader, however often it asks to be let in at once', async () => {
    const manager = new Manager(app.address, { transports: ['polling'], reconnection: false, autoConnect: false });
    await new Promise<void>((resolve) => manager.open(() => resolve()));
    const { id } = manager.engine as unknown as { id: string };
    const path = `/socket.io/?EIO=4&transport=polling&sid=${id}`;
    const headers = { 'content-type': 'text/plain;charset=UTF-8' };
    await app.call('POST', path, { body: many(100, () => '40/feed,').join('\u001e'), headers });
    try {
      const isIn = await Promise.race([heard(dial(), 'connect').then(() => true), heard(dial(), 'connect_error').then(() => false)]);
      expect(isIn).toBe(true);
    } finally {
      manager.engine.close();
    }
  });
});
