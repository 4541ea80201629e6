import { startApp, stopApp, type TestApp } from '../support/start-app.js';
import { furnish, occurred, problem, refused, sources } from './refusing.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await furnish(app);
});
afterAll(() => stopApp(app));
afterEach(async () => expect((await app.get('/health/live')).status).toBe(200));

const NDJSON = { 'content-type': 'application/x-ndjson' };
const zone = { name: { en: 'a' }, occurred, sources };
let made = 0;
/** A line that is taken. */
const good = () => JSON.stringify({ command: 'zones/report', body: { id: `taken-${++made}`, ...zone } });
const line = (fields: object) => JSON.stringify({ command: 'zones/report', body: { id: 'new', ...zone }, ...fields });
const withBody = (more: string) => `{"command":"zones/report","body":{"id":"new","name":{"en":"a"},"occurred":"2017",${more}}}`;

async function send(body: string | Uint8Array): Promise<Record<string, unknown>[]> {
  const { status, headers, text } = await app.call('POST', '/v1/commands', { body, headers: NDJSON });
  expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
  return text
    .split('\n')
    .filter(Boolean)
    .map((reply) => JSON.parse(reply) as Record<string, unknown>);
}

const sourced = '"sources":[{"publisher":"TASS"}]';
const BAD: [what: string, line: string | Uint8Array, code: string, fault: string | undefined][] = [
  ['no JSON', 'zones/report', 'malformed', ' json'],
  ['half a line', line({}).slice(0, -20), 'malformed', ' json'],
  ['two in one', `${good()}${good()}`, 'malformed', ' json'],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'malformed', ' json'],
  ['a zero byte', '\0', 'malformed', ' json'],
  ['a list', '[]', 'malformed', ' object'],
  ['a text', '"zones/report"', 'malformed', ' object'],
  ['a number', '5', 'malformed', ' object'],
  ['null', 'null', 'malformed', ' object'],
  ['nothing in it', '{}', 'malformed', 'command string'],
  ['a field more', line({ more: 1 }), 'malformed', 'more unknown-field'],
  ['the name of what every object has', line({ toString: 1 }), 'malformed', 'toString unknown-field'],
  ['a prototype', line({}).replace('{', '{"__proto__":{"command":"zones/report"},'), 'malformed', '__proto__ unknown-field'],
  ['a number for a command', line({ command: 5 }), 'malformed', 'command string'],
  ['a number for an id', line({ id: 5 }), 'malformed', 'id string'],
  ['null for an id', line({ id: null }), 'malformed', 'id string'],
  ['an id for a creation', line({ id: 'new' }), 'malformed', 'id slug'],
  ['no id for a change', line({ command: 'zones/suspend' }), 'malformed', 'id slug'],
  ['a bad id', line({ command: 'zones/suspend', id: '../idlib' }), 'malformed', 'id slug'],
  ['a number for a key', line({ idempotencyKey: 5 }), 'malformed', 'idempotencyKey key'],
  ['null for a key', line({ idempotencyKey: null }), 'malformed', 'idempotencyKey key'],
  ['a key with a space', line({ idempotencyKey: 'a b' }), 'malformed', 'idempotencyKey key'],
  ['an unknown command', line({ command: 'zones/explode' }), 'no-such-command', undefined],
  ['an unknown collection', line({ command: 'towns/report' }), 'no-such-command', undefined],
  ['a command of every object', line({ command: 'zones/constructor' }), 'no-such-command', undefined],
  ['a collection of every object', line({ command: '__proto__/toString' }), 'no-such-command', undefined],
  ['half a command', line({ command: 'zones' }), 'no-such-command', undefined],
  ['a command with too much', line({ command: 'zones/report/idlib' }), 'no-such-command', undefined],
  ['a command with a lone surrogate', '{"command":"zones/\\ud800","body":{}}', 'malformed', 'command unicode'],
  ['no body', '{"command":"zones/report"}', 'malformed', ' object'],
  ['a list for a body', line({ body: [] }), 'malformed', ' object'],
  ['null for a body', line({ body: null }), 'malformed', ' object'],
  ['a field that no body has', withBody(`${sourced},"constructor":1`), 'malformed', 'constructor unknown-field'],
  ['a prototype in a source', withBody('"sources":[{"publisher":"A","__proto__":1}]'), 'malformed', 'sources[0].__proto__ unknown-field'],
  ['a lone surrogate', withBody(`${sourced},"extent":{"en":"\\ud800"}`), 'malformed', 'extent.en unicode'],
  ['a number beyond 2^53', withBody(`${sourced},"more":9007199254740993`), 'malformed', 'more safe-number'],
  ['a number without end', withBody(`${sourced},"more":1e400`), 'malformed', 'more safe-number'],
  ['lists in lists', withBody(`${sourced},"more":${'['.repeat(500)}${']'.repeat(500)}`), 'malformed', undefined],
  ['an empty list', withBody('"sources":[]'), 'malformed', 'sources object'],
  ['null for a field', withBody(`${sourced},"extent":null`), 'malformed', 'extent localized'],
  ['a bad date', withBody(`${sourced},"status":"agreed"`).replace('2017', '2017-02-29'), 'malformed', 'occurred edtf'],
  ['a time without offset', withBody(sourced).replace('2017', '2017-07-05T12:00'), 'malformed', 'occurred edtf'],
  ['a date ahead', withBody(sourced).replace('2017', '9999'), 'malformed', 'occurred not-ahead'],
  ['a bad geometry', withBody(`${sourced},"geometry":{"type":"Point","coordinates":[1,1]}`), 'malformed', 'geometry geometry'],
  ['an unknown name', withBody(`${sourced},"partOf":"zone-nowhere"`), 'unknown-reference', 'partOf exists'],
  ['an unknown subject', line({ command: 'zones/suspend', id: 'nowhere', body: { occurred, sources } }), 'no-such-subject', undefined],
  ['a taken id', line({ body: { id: 'idlib', ...zone } }), 'already-exists', undefined],
  ['a body of 49,153 bytes', withBody(`${sourced},"extent":{"en":"${'a'.repeat(50_000)}"}`), 'too-large', undefined],
  ['ten megabytes', line({ command: 'x'.repeat(10_000_000) }), 'too-large', undefined],
  ['ten megabytes of nothing', ' '.repeat(10_000_000) + line({}), 'too-large', undefined],
];

describe('a line', () => {
  test.each(BAD)('is refused, and the lines beside it are taken: %s', async (_, bad, code, fault) => {
    const before = app.record.reader.head;
    const bytes = Buffer.concat([Buffer.from(`${good()}\n`), Buffer.from(bad), Buffer.from(`\n${good()}\n`)]);
    const [first, reply, last, ...more] = await send(bytes);
    expect(more).toEqual([]);
    expect([first, last]).toMatchObject([
      { line: 1, sequence: before + 1 },
      { line: 3, sequence: before + 2 },
    ]);
    expect(reply).toMatchObject({ line: 2, type: expect.any(String), title: expect.any(String), detail: expect.any(String), code });
    const { faults } = problem(reply);
    if (fault !== undefined) expect(faults).toEqual([fault]);
    expect(app.record.reader.head).toBe(before + 2);
    expect(({} as { command?: string }).command).toBeUndefined();
  });
});

describe('lines', () => {
  test('are answered in order, each bad one with its place', async () => {
    const before = app.record.reader.head;
    const lines = BAD.filter(([, bad]) => bad.length < 100_000).flatMap(([, bad]) => [Buffer.from(bad), Buffer.from(good())]);
    const replies = await send(Buffer.concat(lines.flatMap((one) => [one, Buffer.from('\n')])));
    expect(replies.map(({ line: place }) => place)).toEqual(lines.map((_, at) => at + 1));
    expect(replies.map((reply) => 'eventId' in reply)).toEqual(lines.map((_, at) => at % 2 === 1));
    expect(app.record.reader.head).toBe(before + lines.length / 2);
  });

  test('may be blank, and count all the same', async () => {
    const replies = await send(`\n${good()}\r\n \t \n\r\n${good()}\n\n`);
    expect(replies).toMatchObject([
      { line: 2, revision: 0 },
      { line: 5, revision: 0 },
    ]);
  });

  test('need no last newline, be the last one good or bad', async () => {
    expect(await send(`${good()}\n${good()}`)).toMatchObject([
      { line: 1, revision: 0 },
      { line: 2, revision: 0 },
    ]);
    expect(await send(`${good()}\n{"command":"zones/rep`)).toMatchObject([
      { line: 1, revision: 0 },
      { line: 2, status: 400, code: 'malformed' },
    ]);
  });

  test('may be none', async () => {
    for (const nothing of ['', '\n', '\n\n \n']) expect(await send(nothing)).toEqual([]);
  });

  test('are refused where one JSON body comes', async () => {
    for (const type of ['application/json', 'text/plain']) {
      const answer = app.call('POST', '/v1/commands', { body: good(), headers: { 'content-type': type } });
      expect(await refused(app, answer)).toMatchObject({ status: 415, code: 'unsupported-media-type' });
    }
    expect(await refused(app, app.call('POST', '/v1/commands'))).toMatchObject({ status: 415 });
  });
});
