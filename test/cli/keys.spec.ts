import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { io } from 'socket.io-client';
import type { ApiKey } from '../../src/access/api-keys.js';
import { startApp, type TestApp } from '../support/start-app.js';
import { zonewatch } from './in-process.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
/** What is done here is in force in a running service within a second; twice that where the machine has other things to do. In milliseconds. */
const SOON = 2_000;
const KEY = /^zw_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

let app: TestApp;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zonewatch-keys-'));
  app = await startApp({ folder, env: { ZONEWATCH_PUBLIC_READ: '' } });
});
afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

const keys = (...args: string[]) => zonewatch('keys', '--data', folder, ...args);
/** What a command tells as JSON. */
const told = async <T>(...args: string[]) => {
  const { status, stdout, stderr } = await keys('--json', ...args);
  expect([status, stderr, stdout.match(/\n/g)?.length]).toEqual([0, '', 1]);
  return JSON.parse(stdout) as T;
};
const make = (...args: string[]) => told<ApiKey & { key: string }>('make', ...args);
const list = () => told<ApiKey[]>('list');

describe('zonewatch keys', () => {
  test('has none at first, and says how one is made', async () => {
    const { status, stdout } = await keys();
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^There are no keys but the admin key\. `zonewatch keys make .*\n$/)]);
    expect(await list()).toEqual([]);
  });

  test('makes a key with its roles and its end, as a table and as JSON', async () => {
    const { status, stdout } = await keys('make', 'desk', '--roles', 'recorder,subscriber', '--expires', '2099-12-31T23:00:00+01:00');
    const [line, shown, key, ...rest] = stdout.split('\n');
    expect([status, shown, rest]).toEqual([0, 'The key, shown this once:', ['']]);
    const id = KEY.exec(key!)![1]!;
    expect(line).toMatch(new RegExp(`^${id}  desk +recorder,subscriber +made \\S+Z  expires 2099-12-31T22:00:00.000Z$`));
    const { key: other, ...made } = await make('reader', '--roles', 'auditor', '--roles', 'recorder');
    expect(made).toEqual({ id: KEY.exec(other)![1], name: 'reader', roles: ['auditor', 'recorder'], made: expect.any(String), madeBy: 'command-line' }); // prettier-ignore
    expect(await list()).toEqual([expect.objectContaining({ id, expires: '2099-12-31T22:00:00.000Z' }), made]);
  });

  test("tells a key once: no list and no file has it, and the file of the keys is its owner's alone", async () => {
    const { key } = await make('desk', '--roles', 'recorder');
    const secret = key.slice('zw_0123456789ab_'.length);
    for (const args of [[], ['list'], ['--json']]) {
      const { stdout } = await keys(...args);
      expect([args, stdout.includes('desk'), stdout.includes(secret)]).toEqual([args, true, false]);
    }
    await app.close();
    const files = readdirSync(folder);
    expect(files).toContain('access.db');
    for (const name of files) expect([name, readFileSync(join(folder, name)).includes(secret)]).toEqual([name, false]);
    expect(statSync(join(folder, 'access.db')).mode & 0o777).toBe(0o600);
  });

  test('makes the file of the keys, for its owner alone, where there is none', async () => {
    await app.close();
    rmSync(join(folder, 'access.db'));
    await make('desk', '--roles', 'recorder');
    expect(statSync(join(folder, 'access.db')).mode & 0o777).toBe(0o600);
  });

  test('lets a key end at an instant, and for good where it is revoked', async () => {
    const { id } = await make('desk', '--roles', 'recorder');
    expect((await keys('expire', id, '2099-01-01T00:00:00Z')).stdout).toMatch(
      new RegExp(`^${id}  desk .* expires 2099-01-01T00:00:00.000Z\n$`),
    );
    const revoked = await told<ApiKey>('revoke', id);
    expect(revoked).toMatchObject({ id, expires: '2099-01-01T00:00:00.000Z', revoked: expect.any(String) });
    expect((await keys('revoke', id)).stdout).toMatch(new RegExp(` revoked ${revoked.revoked}\n$`));
    expect(await list()).toEqual([revoked]);
  });

  test.each<[what: string, args: string[], words: RegExp]>([
    ['a role that is none', ['make', 'x', '--roles', 'recorder,king'], /roles.*recorder, subscriber, auditor, admin/],
    ['no roles', ['make', 'x'], /--roles/],
    ['a name that is none', ['make', 'Two Words', '--roles', 'admin'], /name.*slug/],
    ['a name that stands for somebody else', ['make', 'admin', '--roles', 'admin'], /name.*anonymous/],
    ['an end that is no instant', ['make', 'x', '--roles', 'admin', '--expires', '2027-02-30T00:00:00Z'], /expires.*instant/],
    ['an end of a key that is no instant', ['expire', '0123456789ab', 'tomorrow'], /expires.*instant/],
    ["an id that is no key's, to expire", ['expire', '0123456789ab', '2099-01-01T00:00:00Z'], /no key "0123456789ab"/],
    ["an id that is no key's, to revoke", ['revoke', 'nobody'], /no key "nobody"/],
    ['no id', ['revoke'], /argument 'id'/],
    ['a command that is none', ['frobnicate'], /too many arguments/],
    ['a folder without a record', ['list', '--data', '/nonexistent'], /no record in \/nonexistent.*ZONEWATCH_DATA/],
  ])('ends with 2 and one line of why where there is %s, and makes nothing', async (_, args, words) => {
    const { status, stdout, stderr } = await keys(...args);
    expect([status, stdout, stderr]).toEqual([2, '', expect.stringMatching(/^[^\n]+\n$/)]);
    expect(stderr).toMatch(words);
    expect(await list()).toEqual([]);
  });

  test("ends with 2 where the file of the keys is another program's, and leaves it alone", async () => {
    await app.close();
    const [record, access] = ['record.db', 'access.db'].map((name) => join(folder, name)) as [string, string];
    copyFileSync(record, access);
    const { status, stdout, stderr } = await keys();
    expect([status, stdout, stderr]).toEqual([2, '', expect.stringMatching(/access\.db is a database of another program/)]);
    expect(readFileSync(access).equals(readFileSync(record))).toBe(true);
  });
});

describe('a service that runs', () => {
  /** The command line as a process of its own. */
  const run = async (...args: string[]) => (await promisify(execFile)(process.execPath, [CLI, 'keys', '--data', folder, ...args])).stdout;
  const ask = async (key: string) => (await fetch(`${app.address}/v1/zones`, { headers: { authorization: `Bearer ${key}` } })).status;

  test('takes a key that the command line has made, and closes a socket whose key it revokes', async () => {
    const { key, id } = JSON.parse(await run('make', 'reader', '--roles', 'subscriber', '--json')) as ApiKey & { key: string };
    expect(await ask(key)).toBe(200);
    const socket = io(`${app.address}/feed`, { transports: ['websocket'], forceNew: true, reconnection: false, auth: { token: key } });
    await once(socket as never, 'connect');
    const closed = once(socket as never, 'closed').then(([{ code }]) => [code, Date.now()] as [string, number]);
    const gone = once(socket as never, 'disconnect');
    const { revoked } = JSON.parse(await run('revoke', id, '--json')) as ApiKey;
    const [code, at] = await closed;
    expect([code, at - Date.parse(revoked!) < SOON]).toEqual(['revoked', true]);
    await gone;
    expect(await ask(key)).toBe(401);
  });

  test('has a key end when the command line says', async () => {
    const { key, id } = JSON.parse(await run('make', 'reader', '--roles', 'subscriber', '--json')) as ApiKey & { key: string };
    expect(await ask(key)).toBe(200);
    expect(await run('expire', id, '2020-01-01T00:00:00Z')).toMatch(/ expires 2020-/);
    expect(await ask(key)).toBe(401);
  });
});
