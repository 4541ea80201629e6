import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Finding } from '../../src/audit/finding.js';
import { openService } from '../../src/audit/service.js';
import { verify } from '../../src/audit/verify.js';
import type { Said } from '../support/desk.js';
import { KEY, startApp, stopApp, type TestApp } from '../support/start-app.js';
import { tell } from '../support/telling.js';

const COLLECTIONS = ['parties', 'zones', 'agreements', 'deployments', 'statements', 'talks'];
const ZONES = ['hama', 'homs', 'idlib', 'latakia'];

interface Answer {
  status: number;
  body: Buffer | string;
}

interface Page {
  data: Record<string, unknown>[];
  next?: unknown;
  asOf?: unknown;
}

/** What a relay answers in place of the service; nothing where it hands on what that answers. */
type Forging = (collection: string, page: Page, query: URLSearchParams) => Page | Answer | undefined;

let app: TestApp;
let relay: Server;
let address: string;
let forging: Forging = () => undefined;
let rewriting = (path: string) => path;
let asked: string[];

beforeAll(async () => {
  app = await startApp();
  const occurred = '2017-05-04';
  const told = await tell(
    app,
    ['parties/register', { id: 'russia', occurred, name: { en: 'Russia' }, kind: 'state' }],
    ...ZONES.map((id): Said => ['zones/report', { id, occurred, name: { en: id } }]),
    ['agreements/report', { id: 'memorandum', occurred, title: { en: 'Memorandum' }, kind: 'memorandum' }],
    ['agreements/commit memorandum', { occurred, commitment: 'maps', text: { en: 'Maps are drawn' }, due: '2017-06-04' }],
  );
  while (Number((await app.get('/log/checkpoint')).text.split('\n')[1]) < told.length)
    await new Promise((resolve) => setTimeout(resolve, 50));
  relay = createServer((request, response) => void relayed(request.url!).then(({ status, body }) => response.writeHead(status).end(body)));
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`;
});

beforeEach(() => {
  asked = [];
  forging = () => undefined;
  rewriting = (path) => path;
});

afterAll(async () => {
  await new Promise<void>((resolve) => {
    relay.close(() => resolve());
    relay.closeAllConnections();
  });
  await stopApp(app);
});

async function relayed(path: string): Promise<Answer> {
  const from = await fetch(app.address + rewriting(path), { headers: { authorization: `Bearer ${KEY}` } });
  const honest = { status: from.status, body: Buffer.from(await from.arrayBuffer()) };
  const { pathname, searchParams } = new URL(path, app.address);
  const collection = /^\/v1\/(\w+)$/.exec(pathname)?.[1];
  if (collection === undefined) return honest;
  asked.push(path);
  const forged = forging(collection, from.ok ? (JSON.parse(honest.body.toString()) as Page) : { data: [] }, searchParams);
  if (!forged) return honest;
  return 'status' in forged ? forged : { status: 200, body: JSON.stringify(forged) };
}

async function findings(forged: Forging = forging): Promise<readonly Finding[]> {
  forging = forged;
  const source = openService(address, { token: KEY });
  try {
    return (await verify(source)).findings;
  } finally {
    await source.close();
  }
}

const only =
  (collection: string, forged: (page: Page, query: URLSearchParams) => Page | Answer | undefined): Forging =>
  (asked, page, query) =>
    asked === collection ? forged(page, query) : undefined;
const raw = (body: string | Buffer): Answer => ({ status: 200, body });
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const ENGINE = /Cannot|call stack|undefined|is not a function|not iterable|RangeError|TypeError/;

test('an honest service holds, whole and in small pages', async () => {
  expect(await findings()).toEqual([]);
  const pages = asked.length;
  rewriting = (path) => path.replace('limit=1000', 'limit=2');
  expect(await findings()).toEqual([]);
  expect([pages, asked.length]).toEqual([COLLECTIONS.length, COLLECTIONS.length + COLLECTIONS.length + 1]);
});

test('how many of its states are read is told behind its events', async () => {
  rewriting = (path) => path.replace('limit=1000', 'limit=2');
  const told: string[] = [];
  const tell = (what: string) => (done: number, of: number) => told.push(`${done} of ${of} ${what}`);
  const source = openService(address, { token: KEY });
  await verify(source, { progress: tell('events'), states: tell('states') });
  await source.close();
  const begin = told.indexOf('0 of 6 states');
  expect(told[begin - 1]).toMatch(/^(\d) of \1 events$/);
  // The party, two pages of zones, the agreement; of the other kinds there are none.
  expect([...new Set(told.slice(begin))].map((line) => line[0])).toEqual(['0', '1', '3', '5', '6']);
});

test('a page that is too large is asked for in smaller ones, down to a single state', async () => {
  const large = raw(Buffer.alloc(2 ** 24 + 1, ' '));
  expect(await findings(only('zones', (_, query) => (Number(query.get('limit')) > 1 ? large : undefined)))).toEqual([]);
  expect(asked.filter((path) => path.includes('limit=1&')).length).toBe(ZONES.length);
  expect(await findings(only('zones', () => raw(Buffer.alloc(2 ** 26, ' '))))).toMatchObject([
    { code: 'unreadable', message: expect.stringMatching(/^\/v1\/zones shows no states that can be read: a single one has more than/) },
  ]);
});

describe('the instant at which commitments are judged', () => {
  const judged = (asOf: unknown) => only('agreements', ({ data, next }) => ({ data, next, ...(asOf !== undefined && { asOf }) }));
  const open = (asOf: unknown) =>
    only('agreements', ({ data }) => ({ data: JSON.parse(JSON.stringify(data).replaceAll('"overdue"', '"open"')) as Page['data'], asOf }));
  const away = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();

  test.each([
    undefined,
    null,
    '',
    5,
    {},
    [away(0)],
    'now',
    '1990-01-01',
    '1990-01-01T00:00:00Z',
    away(-6),
    away(7),
    '9999-12-31T23:59:59Z',
  ])('is none that a service chooses (%#)', async (asOf) => {
    expect(await findings(judged(asOf))).toMatchObject([
      { code: 'state-changed', message: expect.stringMatching(/^\/v1\/agreements .*what falls due/) },
    ]);
  });

  test('may be a few minutes off, as clocks are', async () => {
    for (const asOf of [away(-4), away(0), away(4)]) expect(await findings(judged(asOf))).toEqual([]);
  });

  test('does not make of what is overdue what is open', async () => {
    for (const asOf of ['1990-01-01T00:00:00.000Z', away(0)]) expect(await findings(open(asOf))).toMatchObject([{ code: 'state-changed' }]);
    expect((await findings(open(away(0))))[0]!.message).toMatch(/agreement-memorandum.*commitments/);
  });
});

describe('a collection that is not there', () => {
  const GONE: Answer = { status: 404, body: '' };

  test('is nothing against a log where all of them are not', async () => {
    expect(await findings(() => GONE)).toEqual([]);
    expect(asked.length).toBe(COLLECTIONS.length);
  });

  test.each(COLLECTIONS)('is a finding where others are: %s', async (name) => {
    const found = await findings(only(name, () => GONE));
    expect(found).toEqual([{ code: 'state-changed', message: `the service has states, and nothing more at /v1/${name}` }]);
  });

  test('does not switch off what is held against the others', async () => {
    const forged: Forging = (name, { data }, query) => {
      if (query.get('limit') === '1' || name === 'parties') return GONE;
      return name === 'zones' ? { data: data.map((state) => ({ ...state, status: 'dissolved' })) } : undefined;
    };
    const zones = ZONES.map((id) => ({ code: 'state-changed', message: `the state of zone-${id} is not what its events say: status` }));
    expect(await findings(forged)).toMatchObject([...zones, { message: expect.stringContaining('/v1/parties') }]);
  });

  test('is a finding where it ends after its first page', async () => {
    const forged = only('zones', ({ data }, query) => (query.has('after') ? GONE : { data: data.slice(0, 1), next: 'zone-hama~7' }));
    expect(await findings(forged)).toMatchObject([
      { code: 'state-changed', message: expect.stringContaining('nothing more at /v1/zones') },
    ]);
  });
});

describe('a list', () => {
  test.each<[string, Forging]>([
    ['without end and states', only('zones', () => ({ data: [], next: 'x' }))],
    ['that begins again and again', only('zones', ({ data }) => ({ data, next: 'x' }))],
    ['with a state twice', only('zones', ({ data }) => ({ data: data.flatMap((state) => [state, state]) }))],
    ['in another order', only('zones', ({ data }) => ({ data: data.reverse() }))],
    ['with a state of another kind', only('zones', ({ data }) => ({ data: [...data, { ...data[0], stream: 'party-russia' }] }))],
    ['with a stream that is none', only('zones', ({ data }) => ({ data: [{ ...data[0], stream: 'zone-\u001b[2J' }] }))],
  ])('%s does not hold', async (_, forged) => {
    const found = await findings(forged);
    expect(found).toMatchObject([{ code: 'state-changed', message: expect.stringMatching(/^\/v1\/zones /) }]);
    expect(found[0]!.message).not.toContain('\u001b');
  });

  test('that makes up subjects for ever is not read for ever', async () => {
    let made = 0;
    const forged = only('zones', ({ data }) => ({
      data: Array.from({ length: 30 }, () => ({ ...data[0], stream: `zone-made-up-${String(made++).padStart(9, '0')}` })),
      next: 'x',
    }));
    const found = await findings(forged);
    expect(found.length).toBe(100);
    expect(found[0]).toMatchObject({ code: 'state-changed', message: expect.stringContaining('which no event tells of') });
    expect(made).toBeLessThan(200);
  });

  test('that leaves out a subject does not hold', async () => {
    const found = await findings(only('zones', ({ data }) => ({ data: data.slice(1) })));
    expect(found).toMatchObject([{ code: 'state-changed', message: expect.stringContaining('zone-hama has events'), sequence: 2 }]);
  });
});

describe('a page', () => {
  const state = (more: string) => `{"data":[{"stream":"zone-hama",${more}}]}`;

  test.each([
    '',
    '{',
    'null',
    '5',
    '[]',
    '{}',
    '{"data":null}',
    '{"data":{}}',
    '{"data":"zones"}',
    '{"data":[null]}',
    '{"data":[5]}',
    '{"data":[[]]}',
    '{"data":[{}]}',
    '{"data":[{"stream":{"toString":0}}]}',
    '{"data":[{"stream":["zone-hama"]}]}',
    '{"data":[],"next":5}',
    '{"data":[],"next":{"toString":0}}',
    `{"data":[],"next":"${'x'.repeat(100_000)}"}`,
    '{"data":[],"next":null}',
    state(`"name":${nested(30_000)}`),
    state('"name":{"__proto__":{}}'),
    `{"data":${nested(100_000)}}`,
    `{"data":[${'{},'.repeat(1_000_000)}{}]}`,
    Buffer.from([0x7b, 0xff, 0x7d]),
  ])('of another shape is told as such (%#)', async (body) => {
    const found = await findings(only('zones', () => raw(body)));
    expect(found).toMatchObject([
      { code: 'unreadable', message: expect.stringMatching(/^\/v1\/zones shows no states that can be read: /) },
    ]);
    expect(found[0]!.message).not.toMatch(ENGINE);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'with a member %s that no state has does not hold',
    async (name) => {
      const forged = only('zones', (page) => raw(JSON.stringify(page).replaceAll('{"id"', `{"${name}":{},"id"`)));
      const found = await findings(forged);
      expect(found.length).toBeGreaterThan(0);
      expect(found.map(({ message }) => message).join()).not.toMatch(ENGINE);
    },
  );

  test('whose members have names for a terminal is told in names that can be seen, and not at any length', async () => {
    const name = `a\u001b[2J${'b'.repeat(5_000)}`;
    const found = await findings(only('zones', ({ data, next }) => ({ data: data.map((each) => ({ ...each, [name]: 1 })), next })));
    expect(found.length).toBe(ZONES.length);
    for (const { message } of found) {
      expect(message).toContain('a\\u{1b}[2J');
      expect(message.length).toBeLessThan(500);
    }
  });
});
