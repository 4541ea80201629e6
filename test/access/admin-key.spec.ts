import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { io } from 'socket.io-client';
import { readConfig } from '../../src/config.js';
import { startService, type Service } from '../../src/service.js';
import { StartRefused } from '../../src/start-refused.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const GIVEN = 'a-key-that-was-given';

let folder: string;
const children: ChildProcess[] = [];
const services: Service[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'zonewatch-test-'))));
afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the built service. `end` waits for its end, or asks for it with a signal; `listening` for its address. */
function start(settings: Record<string, string> = {}) {
  const env = { PATH: process.env['PATH'], PORT: '0', ZONEWATCH_DATA: folder, ...settings };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const said = { stdout: '', stderr: '' };
  const closed = once(child, 'close') as Promise<[number | null]>;
  const listening = new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text;
      const address = /listening on (\S+)\n/.exec(said.stdout)?.[1];
      if (address) resolve(address);
    });
    void closed.then(() => reject(new Error(said.stderr)));
  });
  listening.catch(() => {});
  const end = async (signal?: 'SIGTERM') => {
    if (signal) child.kill(signal);
    const [code] = await closed;
    return { code, ...said, lines: said.stdout.split('\n').slice(0, -1) };
  };
  return { listening, end };
}

/** Starts the service in this process. */
async function serve(settings: Record<string, string> = {}): Promise<Service> {
  const service = await startService(readConfig({ PORT: '0', ZONEWATCH_DATA: folder, ...settings }));
  services.push(service);
  return service;
}

/** Holds a start to be refused with one line that says what to do. */
async function fails(settings: Record<string, string>, words: RegExp) {
  const refused: unknown = await serve(settings).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StartRefused);
  const { message } = refused as StartRefused;
  expect(message).toMatch(/^[^\n]+$/);
  expect(message).toMatch(words);
  return message;
}

async function register(address: string, authorization?: string) {
  const body = JSON.stringify({ id: 'russia', name: { en: 'Russia' }, kind: 'state', occurred: '2017' });
  const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) };
  const response = await fetch(`${address}/v1/parties`, { method: 'POST', headers, body });
  return { status: response.status, asks: response.headers.get('www-authenticate'), json: (await response.json()) as { code?: string } };
}

/** A socket that is at the head: what it is told of the end, and when it is gone. */
async function followSocket(address: string) {
  const socket = io(`${address}/feed`, { transports: ['websocket'], reconnection: false, forceNew: true });
  const closed = new Promise<{ code: string; retry: boolean; retryAfter: number }>((resolve) => socket.once('closed', resolve));
  const gone = new Promise((resolve) => socket.once('disconnect', resolve));
  const live = new Promise((resolve) => socket.once('live', resolve));
  socket.emit('subscribe', { after: 'now' });
  await live;
  return { closed, gone };
}

/** What comes of a new connection: an error's code, or nothing. */
async function knock(address: string): Promise<string | undefined> {
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    socket.destroy();
  }
}

describe('the admin key', () => {
  test('is made at the first start, shown once on a line of its own, and kept', async () => {
    const path = join(folder, 'admin.key');
    const first = start();
    const address = await first.listening;
    const key = readFileSync(path, 'utf8').trim();
    expect(key).toMatch(/^[\x21-\x7e]{16,}$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await register(address, `Bearer ${key}`)).status).toBe(201);
    const shown = await first.end('SIGTERM');
    expect(shown.lines.filter((line) => line.includes(key))).toEqual([key]);
    expect([shown.lines.at(-1), shown.stderr]).toEqual([`listening on ${address}`, '']);

    const second = await serve();
    expect((await register(second.address, `Bearer ${key}`)).status).toBe(200);
    expect(second.madeKey).toBeUndefined();
    expect([readFileSync(path, 'utf8').trim(), readdirSync(folder).filter((name) => name.includes('admin'))]).toEqual([key, ['admin.key']]);
  });

  test('takes the place of a kept one for as long as it is given', async () => {
    writeFileSync(join(folder, 'admin.key'), 'a-key-that-was-kept\n', { mode: 0o600 });
    const { address } = await serve({ ZONEWATCH_ADMIN_KEY: GIVEN });
    expect((await register(address, 'Bearer a-key-that-was-kept')).status).toBe(401);
    expect((await register(address, `Bearer ${GIVEN}`)).status).toBe(201);
    expect(readFileSync(join(folder, 'admin.key'), 'utf8')).toBe('a-key-that-was-kept\n');
  });

  test('alone lets write: without it, with another and with what is none it is 401, and nothing is recorded', async () => {
    const { address } = await serve({ ZONEWATCH_ADMIN_KEY: GIVEN });
    const wrong = [
      `Bearer ${GIVEN}x`,
      `Bearer ${GIVEN.slice(1)}`,
      `Bearer ${GIVEN.toUpperCase()}`,
      'Bearer',
      'Bearer  ',
      `Basic ${GIVEN}`,
      GIVEN,
      '',
    ];
    for (const authorization of [undefined, ...wrong]) {
      const { status, asks, json } = await register(address, authorization);
      expect([authorization, status, asks, json.code]).toEqual([authorization, 401, 'Bearer', 'unauthorized']);
      const headers = { 'content-type': 'application/x-ndjson', ...(authorization !== undefined && { authorization }) };
      const lines = await fetch(`${address}/v1/commands`, { method: 'POST', headers, body: '{}\n' });
      expect([authorization, lines.status]).toEqual([authorization, 401]);
    }
    expect(await (await fetch(`${address}/health/ready`)).json()).toMatchObject({ sequence: 0 });
    for (const [authorization, status] of [
      [undefined, 401],
      [`Bearer ${GIVEN}`, 200],
      [wrong[0], 401],
    ] as const)
      // prettier-ignore
      expect((await fetch(`${address}/v1/parties`, { headers: { ...(authorization && { authorization }) } })).status).toBe(status);
  });

  test.each(['', 'short\n', 'two words are no single key\n'])('is not taken from a file that holds none: %j', async (text) => {
    writeFileSync(join(folder, 'admin.key'), text);
    await fails({}, /^\S+admin\.key /);
  });
});

describe('the service', () => {
  test('ends with code 0 on SIGTERM while sockets and streams are open, and never printed or wrote down the key that it was given', async () => {
    const service = start({ ZONEWATCH_ADMIN_KEY: GIVEN, ZONEWATCH_PUBLIC_READ: 'true' });
    const address = await service.listening;
    expect((await register(address, `Bearer ${GIVEN}`)).status).toBe(201);
    const followed = await Promise.all(Array.from({ length: 20 }, () => followSocket(address)));
    const stream = await fetch(`${address}/v1/feed?after=start`);
    const text = stream.text();
    const waiting = fetch(`${address}/v1/zones?min=5`).then(({ status }) => status);
    // Whoever is in the middle of something has five seconds to finish, in which nobody else is let in.
    const slow = connect(Number(new URL(address).port), '127.0.0.1').on('error', () => {});
    slow.write(
      `POST /v1/zones HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${GIVEN}\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`,
    );
    // Until it has both.
    await passed(300);
    let hasEnded = false;
    const ended = service.end('SIGTERM').finally(() => (hasEnded = true));
    const told = await Promise.all(followed.map(({ closed }) => closed));
    let knocked: string | undefined;
    // What knocks in the very moment may be taken and cut.
    while (knocked !== 'ECONNREFUSED' && !hasEnded) knocked = await knock(address);
    expect([knocked, hasEnded]).toEqual(['ECONNREFUSED', false]);
    const { code, stdout, stderr } = await ended;
    expect([code, stderr, await waiting]).toEqual([0, '', 503]);
    slow.destroy();
    await Promise.all(followed.map(({ gone }) => gone));
    for (const frame of told) {
      const waits = { retry: true, retryAfter: expect.any(Number) };
      expect(frame).toEqual({ code: 'shutting-down', message: expect.any(String), ...waits });
      expect(Number.isInteger(frame.retryAfter) && frame.retryAfter >= 500 && frame.retryAfter <= 5_000).toBe(true);
    }
    // They don't all come back at once.
    expect(new Set(told.map(({ retryAfter }) => retryAfter)).size).toBeGreaterThan(10);
    // The stream is through, and has all that there was.
    expect(await text).toMatch(/^retry: \d+\n\nevent: PartyRegistered\n[^]*\n\nevent: progress\n[^]*\n\n$/);
    expect(stdout).toMatch(/^listening on \S+\n$/);
    expect(existsSync(join(folder, 'admin.key'))).toBe(false);
    for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name)).includes(GIVEN)).toBe(false);
  });

  test('ends with code 1 where it does not start, and tells why on one line of its standard error', async () => {
    const { code, stdout, stderr } = await start({ PORT: 'abc' }).end();
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^zonewatch: PORT [^\n]+\n$/)]);
  });

  test.each([
    [{ PORT: 'abc' }, /PORT.*0 to 65535.*"abc"/],
    [{ PORT: '65536' }, /PORT.*0 to 65535/],
    [{ PORT: '80.5' }, /PORT.*0 to 65535/],
    [{ ZONEWATCH_ADMIN_KEY: 'short' }, /ZONEWATCH_ADMIN_KEY.*16/],
    [{ ZONEWATCH_ADMIN_KEY: 'sixteen or more, with spaces' }, /ZONEWATCH_ADMIN_KEY.*spaces/],
    [{ ZONEWATCH_LOG: 'paper' }, /ZONEWATCH_LOG/],
    [{ ZONEWATCH_PUBLIC_READ: 'yes' }, /ZONEWATCH_PUBLIC_READ.*true or false.*"yes"/],
    [{ ZONEWATCH_JWT_SECRET: 'short' }, /ZONEWATCH_JWT_SECRET.*16/],
    [{ ZONEWATCH_JWKS_URL: 'keys.json' }, /ZONEWATCH_JWKS_URL.*http/],
    [{ ZONEWATCH_JWT_ISSUER: 'me' }, /ZONEWATCH_JWT_ISSUER.*nothing without/],
    [{ ZONEWATCH_SITES: 'newsroom.example' }, /ZONEWATCH_SITES.*https/],
    [{ ZONEWATCH_CONNECTIONS: '0' }, /ZONEWATCH_CONNECTIONS.*from 1/],
    [{ ZONEWATCH_COMMANDS_A_MINUTE: 'many' }, /ZONEWATCH_COMMANDS_A_MINUTE.*"many"/],
  ])('does not start with %j, and says what would do', fails);

  // What JavaScript takes for a number is wider than what an operator means by one: a blank is 0, which is any port.
  test.each([{ PORT: ' ' }, { PORT: '1e3' }, { PORT: '0x1F90' }])('does not start with %j', (settings) => fails(settings, /PORT/));

  test('does not print a key that it refuses', async () => {
    expect(await fails({ ZONEWATCH_ADMIN_KEY: 'my secret' }, /ZONEWATCH_ADMIN_KEY/)).not.toContain('secret');
  });

  test('does not start on a port that is taken, or at an address that is not of this machine, and says so in one line', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const PORT = String((server.address() as AddressInfo).port);
    await fails({ PORT }, new RegExp(`${PORT}.*PORT`)).finally(() => server.close());
    await fails({ HOST: '203.0.113.7' }, /203\.0\.113\.7.*HOST/);
    await fails({ HOST: 'ff02::1' }, /ff02::1.*HOST/);
  });

  test('does not start in a folder that another process writes to', async () => {
    await serve();
    const { code, stdout, stderr } = await start().end();
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(new RegExp(`^zonewatch: .*${folder}.*ZONEWATCH_DATA.*\n$`))]);
  });

  test('does not start in what is no folder of its own', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'text\n');
    await fails({ ZONEWATCH_DATA: file }, new RegExp(file));
    await fails({ ZONEWATCH_DATA: join(file, 'inner') }, new RegExp(file));
    expect(readFileSync(file, 'utf8')).toBe('text\n');
    mkdirSync(join(folder, 'other'));
    writeFileSync(join(folder, 'other/record.db'), 'A text, and no database of anybody.\n'.repeat(100));
    await fails({ ZONEWATCH_DATA: join(folder, 'other') }, /record\.db.*ZONEWATCH_DATA/);
  });

  test('does not start where its key is a folder', async () => {
    mkdirSync(join(folder, 'admin.key'));
    await fails({}, /admin\.key/);
  });
});
