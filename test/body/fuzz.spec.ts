import fc from 'fast-check';
import type { Json } from '../../src/event/event.js';
import { startApp, stopApp, type Answer, type TestApp } from '../support/start-app.js';
import { COMMANDS, furnish, problem, refused } from './refusing.js';

/** How many times as many cases as the few that are tried by default. */
const TIMES = Number(process.env['FUZZ_TIMES'] ?? 1);

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await furnish(app);
});
afterAll(() => stopApp(app));
afterEach(async () => expect((await app.get('/health/live')).status).toBe(200));

const NASTY: Json[] = [
  [
    null,
    true,
    0,
    -1,
    0.1,
    2 ** 53,
    1e300,
    '',
    '\0',
    '\ud800',
    '😀',
    '2017-02-29',
    '../..',
    'party-',
    'party-x',
    'zone-idlib@0',
    'toString',
  ],
  [[], {}, [[]], [null], { en: null }, { about: 1 }, { type: 'Polygon', coordinates: [[[]]] }],
].flat(1) as Json[];

const json = fc.oneof(fc.constantFrom(...NASTY), fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }) as fc.Arbitrary<Json>);
const name = fc.oneof(
  fc.constantFrom('toString', '__proto__', 'constructor', 'length', 'id', 'status', 'by', 'parties', 'stances', 'sources', '0'),
  fc.string({ unit: 'binary', maxLength: 10 }),
);
/** What is changed in a body: which of all its values, and to what; or what is added to which of its objects. */
const change = fc.record({ which: fc.nat(), to: json, add: fc.option(name, { nil: undefined }) });
const command = fc.constantFrom(...COMMANDS);
const mutant = fc
  .tuple(command, fc.array(change, { minLength: 1, maxLength: 3 }))
  .map(([{ example, ...rest }, changes]) => ({ ...rest, body: changes.reduce<Json>(mutate, example) }));

function mutate(body: Json, { which, to, add }: { which: number; to: Json; add: string | undefined }): Json {
  const copy = JSON.parse(JSON.stringify(body)) as Json;
  const places = placesIn(copy);
  if (places.length === 0) return to;
  const { holder, key } = places[which % places.length]!;
  Object.defineProperty(holder, Array.isArray(holder) ? key : (add ?? key), {
    value: to,
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return copy;
}

function placesIn(value: Json): { holder: object; key: string }[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => [{ holder: value, key }, ...placesIn(inner)]);
}

/** Whatever was sent, the answer is an event or a whole problem of the caller's, and only an event is written. */
async function orderly(send: () => Promise<Answer>): Promise<void> {
  const before = app.record.reader.head;
  const answer = await send();
  if (answer.status === 201) {
    expect(answer.json).toMatchObject({ sequence: before + 1, eventId: expect.any(String) });
    expect(app.record.reader.head).toBe(before + 1);
  } else if (answer.status === 200) {
    expect(answer.json).toMatchObject({ sequence: expect.any(Number), eventId: expect.any(String) });
    expect(app.record.reader.head).toBe(before);
  } else await refused(app, Promise.resolve(answer));
}

const textOf = (body: Json) => JSON.stringify(body);
const headers = { 'content-type': 'application/json' };

describe('whatever comes', () => {
  test('as a body that is nearly right, the service answers in order', async () => {
    await fc.assert(
      fc.asyncProperty(mutant, ({ route, body }) => orderly(() => app.call('POST', route, { body: textOf(body), headers }))),
      { numRuns: 200 * TIMES },
    );
  });

  test('as any JSON, the service answers in order', async () => {
    await fc.assert(
      fc.asyncProperty(command, json, ({ route }, body) => orderly(() => app.call('POST', route, { body: textOf(body), headers }))),
      { numRuns: 60 * TIMES },
    );
  });

  test('as any bytes, the service answers in order', async () => {
    await fc.assert(
      fc.asyncProperty(command, fc.uint8Array({ maxLength: 64 }), ({ route }, body) =>
        orderly(() => app.call('POST', route, { body, headers })),
      ),
      { numRuns: 60 * TIMES },
    );
  });

  test('as a date, it is a date for bounds and for the record alike', async () => {
    const parts = fc.constantFrom(
      '2017',
      '-',
      '07',
      '05',
      '/',
      '..',
      '?',
      '~',
      '%',
      'X',
      'T12:00',
      'Z',
      '+03:00',
      '[',
      ']',
      '{',
      '}',
      ',',
      'S2',
      'Y',
      'E',
    );
    const dates = fc.oneof(
      fc.array(parts, { maxLength: 8 }).map((some) => some.join('')),
      fc.string({ maxLength: 12 }),
    );
    await fc.assert(
      fc.asyncProperty(dates, async (occurred) => {
        const body = { occurred, text: { en: 'a' }, incident: 'clash', sources: [{ publisher: 'TASS' }] };
        await orderly(() => app.post('/v1/zones/idlib/report-incident', body));
      }),
      { numRuns: 120 * TIMES },
    );
    expect((await app.get('/v1/zones/idlib')).status).toBe(200);
  });

  test('as lines, each has its answer in its place', async () => {
    const lines = fc.array(
      fc.oneof(
        mutant.map(({ command: of, id, body }) => JSON.stringify({ command: of, id, body })),
        json.map((value) => JSON.stringify(value)),
        fc
          .tuple(fc.constantFrom('command', 'id', 'body', 'idempotencyKey'), json)
          .map(([field, value]) => JSON.stringify({ command: 'zones/suspend', id: 'idlib', body: {}, [field]: value })),
      ),
      { minLength: 50, maxLength: 100 },
    );
    await fc.assert(
      fc.asyncProperty(lines, async (some) => {
        const before = app.record.reader.head;
        const { status, text } = await app.call('POST', '/v1/commands', {
          body: some.join('\n'),
          headers: { 'content-type': 'application/x-ndjson' },
        });
        expect(status).toBe(200);
        const replies = text
          .trim()
          .split('\n')
          .map((reply) => JSON.parse(reply) as Record<string, unknown>);
        expect(replies.map(({ line }) => line)).toEqual(some.map((_, at) => at + 1));
        const events = replies.filter((reply) => 'eventId' in reply);
        replies.filter((reply) => !('eventId' in reply)).forEach(problem);
        const fresh = new Set(events.map(({ sequence }) => sequence as number).filter((sequence) => sequence > before));
        expect(app.record.reader.head).toBe(before + fresh.size);
      }),
      { numRuns: 5 * TIMES },
    );
  });
});

test('every state can still be read after all that', async () => {
  for (const collection of ['parties', 'zones', 'agreements', 'deployments', 'statements', 'talks'])
    expect((await app.get(`/v1/${collection}?limit=1000`)).status).toBe(200);
  expect((await app.get('/v1/events?limit=1000')).status).toBe(200);
  expect((await app.get('/v1/zones.geojson')).status).toBe(200);
});
