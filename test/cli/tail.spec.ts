import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const sources = [{ publisher: 'TASS' }];
const zone = (id: string) => ({ command: 'zones/report', body: { id, name: { en: `Zone ${id}` }, occurred: '2017-05-04', sources } });

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await app.feed([zone('a'), zone('b'), zone('c')]);
});
afterAll(() => stopApp(app));

/** The command with what it has printed, until it has printed so many lines. */
function tail(...options: string[]) {
  const child = spawn(process.execPath, [CLI, 'tail', '--url', app.address, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [text, errors] = ['', ''];
  let wake = () => {};
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    wake();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const lines = async (count: number) => {
    while (text.split('\n').length <= count) await new Promise<void>((resolve) => (wake = resolve));
    return text.trimEnd().split('\n');
  };
  return { child, lines, ended, errors: () => errors };
}

test('tail prints what is there and what comes, one event a line, and ends well with Ctrl-C', async () => {
  const { child, lines, ended } = tail('--after', 'start');
  expect((await lines(3)).map((line) => line.trim().split(/\s+/).slice(0, 4))).toEqual(
    ['a', 'b', 'c'].map((id, at) => [String(at + 1), '2017-05-04', 'ZoneReported', `zone-${id}`]),
  );
  await app.feed([zone('d')]);
  expect((await lines(4))[3]).toContain('zone-d');
  child.kill('SIGINT');
  expect(await ended).toBe(0);
});

test('tail prints the events that a filter lets pass, as they were recorded', async () => {
  const { child, lines, ended } = tail('--after', '0', '--json', '--zones', 'zone-b,zone-c', '--types', 'ZoneReported');
  const found = (await lines(2)).map((line) => JSON.parse(line) as { sequence: number });
  expect(found.map(({ sequence }) => sequence)).toEqual([2, 3]);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});

test.each([
  [['--kinds', 'zoo'], 'zoo'],
  [['--after', 'yesterday'], '--after'],
  [['--after', '1', '--token', 'wrong'], 'key'],
])('tail %j tells what is wrong, and ends with 2', async (options, told) => {
  const { ended, errors } = tail(...options);
  expect(await ended).toBe(2);
  expect(errors()).toContain(told);
  expect(errors()).not.toContain('    at ');
});
