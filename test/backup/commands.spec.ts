import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { publish } from '../../src/proof/publish.js';
import { readConfig } from '../../src/config.js';
import { createLogger } from '../../src/logger.js';
import { openRecord } from '../../src/record/record.js';
import { growTo } from '../proof/grown.js';
import { namesIn, ownFolder } from './made.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

const place = ownFolder();
const at = (name: string) => join(place, name);
const data = at('data');
const file = at('backup');
const EVENTS = 3_000;

beforeAll(async () => {
  const record = openRecord(data);
  const log = publish(record, { ...readConfig({}), data }, createLogger('silent'));
  growTo(record, EVENTS);
  await log.close();
  await record.close();
});

const env = { PATH: process.env['PATH'], ZONEWATCH_DATA: data };
const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { env, encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
};
/** Begins a command and sends it a signal once a file has come. */
async function stopped(signal: NodeJS.Signals, folder: string, part: RegExp, ...args: string[]) {
  const child = spawn(process.execPath, [CLI, ...args], { env, stdio: 'ignore' });
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  while (!(existsSync(folder) && readdirSync(folder).some((name) => part.test(name))) && child.exitCode === null) await passed(1);
  child.kill(signal);
  const [code, by] = await ended;
  return code ?? by;
}

test('backup, verify and restore say what there is and what is left to do, and end with 0', () => {
  const made = run('backup', file);
  expect(made).toMatchObject({ status: 0, stderr: '' });
  expect(made.stdout).toMatch(/^3,000 events of zonewatch\/\S+ are in .+\. It was verified: the root is .+\.\n$/s);
  const verified = JSON.parse(run('verify', file, '--json').stdout) as Record<string, unknown>;
  expect(verified).toMatchObject({ holds: true, size: EVENTS });
  const restored = run('restore', file, '--data', at('restored'));
  expect(restored).toMatchObject({ status: 0, stderr: '' });
  expect(restored.stdout).toMatch(/log\.key.+origin.+API keys.+other-record/s);
  const json = run('restore', file, '--data', at('restored-too'), '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({ size: EVENTS, root: verified['root'], folder: at('restored-too') });
});

test('a backup that does not hold ends both with 1 and is told by its finding, one that is none with 2', () => {
  const odd = at('odd');
  writeFileSync(odd, readFileSync(file));
  appendFileSync(odd, 'x');
  for (const args of [
    ['verify', odd],
    ['restore', odd, '--data', at('never')],
  ])
    expect(run(...args)).toMatchObject({ status: 1, stdout: expect.stringMatching(/It does not hold: .+was cut or changed/s), stderr: '' });
  for (const args of [
    ['restore', join(data, 'log.key'), '--data', at('never')],
    ['backup', file],
    ['backup'],
    ['restore', file, '--data', data],
  ]) {
    const { status, stdout, stderr } = run(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).not.toMatch(/ at .+\.js/);
  }
  expect(existsSync(at('never'))).toBe(false);
});

test('a backup that is ended by Ctrl-C leaves nothing, and one that is killed nothing under its name', async () => {
  const out = at('out');
  mkdirSync(out);
  expect(await stopped('SIGINT', out, /unfinished/, 'backup', join(out, 'b'))).toBe(130);
  expect(namesIn(out)).toEqual([]);
  expect(await stopped('SIGKILL', out, /unfinished/, 'backup', join(out, 'b'))).toBe('SIGKILL');
  expect(namesIn(out)).not.toContain('b');
  expect(run('backup', join(out, 'b')).status).toBe(0);
});

test('a restore that is ended or killed leaves no record, and the next one works', async () => {
  const folder = at('cut-off');
  const part = /^record\.db/;
  expect(await stopped('SIGINT', folder, part, 'restore', file, '--data', folder)).toBe(130);
  expect(existsSync(folder)).toBe(false);
  expect(await stopped('SIGKILL', folder, part, 'restore', file, '--data', folder)).toBe('SIGKILL');
  expect(namesIn(folder)).not.toContain('record.db');
  expect(run('restore', file, '--data', folder).status).toBe(0);
  expect(namesIn(folder)).toEqual(['record.db']);
  rmSync(folder, { recursive: true });
});
