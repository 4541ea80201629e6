import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { readConfig } from '../../src/config.js';
import { createLogger, unforeseenIn } from '../../src/logger.js';
import { RefusedRequests } from '../../src/http/refused-requests.js';
import { startWatched, zone, type WatchedApp } from '../support/watched-app.js';
import { KEY } from '../support/start-app.js';
import { startProcess } from '../support/start-process.js';

const UUID = /^[0-9a-f-]{36}$/;
const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzcHkifQ.c2lnbmF0dXJl';
const API_KEY = 'zw_0123456789ab_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

let app: WatchedApp;
beforeAll(async () => {
  app = await startWatched({ ZONEWATCH_JWT_SECRET: 'a-secret-of-the-tests-of-the-log' });
});
afterAll(() => app.stop());

/** One request as it is, and the head of the answer. */
async function raw(text: string): Promise<string> {
  const socket = connect(Number(new URL(app.address).port), '127.0.0.1').setEncoding('utf8');
  socket.write(text);
  const [answer] = (await once(socket, 'data')) as [string];
  socket.destroy();
  return answer;
}

describe('the id of a request', () => {
  test.each([
    ['a page that is there', '/v1/zones', 200],
    ['nothing at all', '/nothing/here', 404],
    ['a bad query', '/v1/zones?limit=x', 400],
    ['an address that cannot be read', '/v1/zones/%zz', 400],
    ['the events as a stream', '/v1/events', 200],
    ['the metrics', '/metrics', 200],
    ['the docs', '/docs', 200],
  ])('stands on the answer of %s', async (_, path, status) => {
    const answer = await app.ask(path, { headers: { 'x-request-id': 'desk-7.a_b', accept: 'application/x-ndjson' } });
    await answer.text();
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([status, 'desk-7.a_b']);
  });

  test('stands on a stream of server-sent events', async () => {
    const answer = await app.ask('/v1/feed', { headers: { 'x-request-id': 'a-stream' } });
    expect(answer.headers.get('x-request-id')).toBe('a-stream');
    await answer.body!.cancel();
  });

  test('is a new one where nobody is signed in, or where the given one is not fit for a log', async () => {
    for (const given of ['a b', 'x'.repeat(65), '"}', 'é', API_KEY, TOKEN]) {
      const answer = await raw(`GET /v1/zones HTTP/1.1\r\nhost: x\r\nx-request-id: ${given}\r\n\r\n`);
      expect(/^HTTP\/1.1 401/.test(answer) && /x-request-id: ([0-9a-f-]{36})\r/i.test(answer)).toBe(true);
    }
    const twice = await raw('GET /health/live HTTP/1.1\r\nhost: x\r\nx-request-id: a\r\nx-request-id: b\r\n\r\n');
    expect(/x-request-id: ([^\r]*)/i.exec(twice)![1]).toMatch(UUID);
  });
});

describe('a line', () => {
  test('of a command names the request, the caller, the command and the event', async () => {
    const answer = await app.ask('/v1/zones', zone('idlib', { 'x-request-id': 'first' }));
    const { eventId } = (await answer.json()) as { eventId: string };
    expect(app.said('recorded').at(-1)).toMatchObject({
      level: 20,
      requestId: 'first',
      caller: 'admin',
      command: 'zones/report',
      eventId,
      stream: 'zone-idlib',
    });
    await (await app.ask('/v1/zones', zone('idlib', { 'x-request-id': 'second' }))).text();
    expect(app.said('repeated').at(-1)).toMatchObject({ requestId: 'second', eventId });
    await (await app.ask('/v1/zones/idlib/jump', zone('idlib', { 'x-request-id': 'third' }))).text();
    expect(app.said('refused').at(-1)).toMatchObject({ requestId: 'third', command: 'zones/jump', code: 'no-such-command' });
  });

  test('of a command that came as NDJSON names the request that brought it, and its line there', async () => {
    const lines = ['{"command":"zones/report","body":{}}', '{"command', ''].join('\n');
    const headers = { 'content-type': 'application/x-ndjson', 'x-request-id': 'a-batch' };
    await (await app.ask('/v1/commands', { method: 'POST', headers, body: lines })).text();
    const refused = app.said('refused').filter(({ requestId }) => requestId === 'a-batch');
    expect(refused.map(({ line, command, code }) => [line, command, code])).toEqual([
      [1, 'zones/report', 'malformed'],
      [2, '', 'malformed'],
    ]);
  });

  test('of a sign-in that was refused is there without the credential, and nothing else is told at the usual level', async () => {
    const before = app.lines.length;
    await (await fetch(`${app.address}/v1/zones`, { headers: { authorization: `Bearer ${API_KEY}` } })).text();
    await (await app.ask('/v1/zones/nowhere')).text();
    await (await app.ask('/v1/zones', zone('homs'))).text();
    const told = app.lines.slice(before).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told.filter(({ level }) => (level as number) >= 30)).toEqual([
      expect.objectContaining({ msg: 'sign-in refused', status: 401, code: 'unauthorized', requestId: expect.stringMatching(UUID) }),
    ]);
  });

  test('of a socket tells when it came and went', async () => {
    const socket = io(`${app.address}/feed`, { transports: ['websocket'], auth: { token: KEY }, reconnection: false });
    await once(socket as never, 'connect');
    const { id } = socket;
    socket.disconnect();
    while (!app.said('socket disconnected').some((line) => line['socket'] === id)) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(app.said('socket connected').at(-1)).toMatchObject({ socket: id, caller: 'admin' });
  });

  test('stays one line of JSON, whatever a caller sends', async () => {
    const hostile = 'x"}\n{"level":60,"msg":"forged"}\r\n\u2028\ud800\u0000';
    const body = JSON.stringify({ command: hostile, body: {} });
    await (await app.ask('/v1/commands', { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body })).text();
    for (const line of app.lines)
      expect([line.indexOf('\n'), JSON.parse(line)['msg']]).toEqual([line.length - 1, expect.not.stringMatching('forged')]);
  });
});

test('no secret is in the log, wherever it is sent', async () => {
  const secrets = [KEY, TOKEN, API_KEY, 'c2lnbmF0dXJl'];
  for (const secret of [KEY, TOKEN, API_KEY]) {
    for (const authorization of [`Bearer ${secret}`, `Basic ${secret}`, secret])
      await (await fetch(`${app.address}/v1/zones`, { headers: { authorization } })).text();
    for (const path of [
      `/v1/zones?token=${secret}`,
      `/v1/zones/${secret}?access_token=${secret}`,
      `/${secret}/%zz`,
      `/v1/feed?key=${secret}`,
    ])
      await (await app.ask(path)).text();
    await (
      await app.ask('/v1/commands', { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body: `{"${secret}":1}` })
    ).text();
    const socket = io(`${app.address}/feed`, {
      transports: ['websocket'],
      auth: { token: `${secret}x` },
      query: { token: secret },
      reconnection: false,
    });
    await once(socket as never, 'connect_error');
    socket.close();
  }
  const lines: string[] = [];
  const logger = createLogger('trace', { write: (line) => void lines.push(line) }, [KEY]);
  const cause = Object.assign(new Error(`cannot read ${API_KEY}`), { config: { headers: `authorization: Bearer ${TOKEN}` } });
  unforeseenIn(logger).tell(new Error(`JWT ${TOKEN} and ${KEY} at http://user:hunter2@collector/?token=hunter2`, { cause }));
  const whole = [...app.lines, ...lines].join('');
  for (const secret of [...secrets, 'hunter2']) expect([secret, whole.includes(secret)]).toEqual([secret, false]);
  expect(lines).toHaveLength(1);
});

test('nor is the admin key that a folder has of its own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zonewatch-log-'));
  const child = startProcess(folder, { ZONEWATCH_ADMIN_KEY: '', LOG_LEVEL: 'trace' });
  const address = await child.listening;
  const key = readFileSync(join(folder, 'admin.key'), 'utf8').trim();
  for (const path of [`/v1/zones/${key}`, `/${key}/%zz`]) await (await fetch(address + path, { headers: { 'x-request-id': key } })).text();
  const { output } = await child.stop('SIGTERM');
  rmSync(folder, { recursive: true });
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  expect([lines.filter((line) => line.includes('[secret]')).length, lines.filter((line) => line.includes(key))]).toEqual([2, []]);
});

test('whoever knocks again and again without being let in fills no disk', async () => {
  const before = app.said('sign-in refused').length;
  for (let times = 0; times < 100; times++) await (await fetch(`${app.address}/v1/zones`)).text();
  expect(app.said('sign-in refused').length - before).toBeLessThan(40);
});

test('an error that nobody foresaw is told once, with the first that met it', () => {
  const lines: string[] = [];
  const unforeseen = unforeseenIn(createLogger('info', { write: (line) => void lines.push(line) }));
  const error = new Error('odd');
  unforeseen.tell(error, { requestId: 'a', command: 'zones/report' });
  unforeseen.tell(error, { requestId: 'a' });
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({ level: 50, requestId: 'a', command: 'zones/report', err: expect.objectContaining({ message: 'odd' }) }),
  ]);
});

test('a failure that meets many requests is told of once a second, with how many were left out', () => {
  const lines: string[] = [];
  let now = 0;
  const refused = new RefusedRequests(createLogger('info', { write: (line) => void lines.push(line) }), () => now);
  const request = { id: 'a', method: 'POST', routeOptions: { url: '/v1/:collection' }, ip: '::1' } as never;
  const full = { status: 503, code: 'log-unavailable' };
  for (let turn = 0; turn < 100; turn++) refused.tell(full, new Error('full'), request);
  refused.tell({ status: 503, code: 'keys-unavailable' }, new Error('away'), request);
  now = 1_001;
  refused.tell(full, new Error('full'), request);
  expect(lines.map((line) => JSON.parse(line) as Record<string, unknown>).map(({ code, untold }) => [code, untold])).toEqual([
    ['log-unavailable', undefined],
    ['keys-unavailable', undefined],
    ['log-unavailable', 99],
  ]);
});

test('a level that there is none of is refused with those that there are', () => {
  expect(() => readConfig({ LOG_LEVEL: 'verbose' })).toThrow(/LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent/);
  expect(readConfig({ LOG_LEVEL: 'warn' }).logLevel).toBe('warn');
});
