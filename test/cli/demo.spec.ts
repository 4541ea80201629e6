import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRecord } from '../../src/record/record.js';

const CLI = new URL('../../dist/cli.js', import.meta.url).pathname;

function run(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => child.on('close', (code) => resolve({ code, output })));
  const saying = (words: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => output.includes(words) && resolve(output);
      child.stdout.on('data', look);
      child.on('close', () => reject(new Error(`it ended without saying ${words}:\n${output}`)));
    });
  return { child, ended, saying };
}

describe('zonewatch demo', () => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'zonewatch-test-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('shows the sample as it arrives, where everything stands, and what to try, and goes on running', async () => {
    const demo = run(['demo', '--pace', '0', '--data', folder]);
    const output = await demo.saying('All routes with examples');
    expect(output).toContain('237 events were added');
    expect(output).toMatch(/zone-eastern-ghouta +dissolved/);
    expect(output).toMatch(/party-iran +guarantor +accepted +contested by party-syrian-opposition/);
    const address = /Zonewatch runs at (\S+),/.exec(output)![1]!;
    const key = /Its key is (\S+)/.exec(output)![1]!;
    const body = JSON.stringify({ id: 'visitor', name: { en: 'A visitor' }, kind: 'other', occurred: '2018' });
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    expect((await fetch(`${address}/v1/parties`, { method: 'POST', headers, body })).status).toBe(201);
    demo.child.kill('SIGTERM');
    expect((await demo.ended).code).toBe(0);
  });

  test('adds nothing when it is run again, on a free port where its own is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const { code, output } = await run(['demo', '--pace', '0', '--once', '--data', folder], { PORT: String(port) }).ended;
    await new Promise((resolve) => other.close(resolve));
    expect(code).toBe(0);
    expect(output).toContain('nothing was added twice');
    expect(output).not.toContain(`127.0.0.1:${port},`);
  });

  test('is refused with what to do where another process holds the folder', async () => {
    const holder = openRecord(folder);
    const { code, output } = await run(['demo', '--once', '--data', folder]).ended;
    await holder.close();
    expect(code).toBe(2);
    expect(output).toBe(`zonewatch: another process is writing to ${folder}. Stop it first, or point ZONEWATCH_DATA at another folder.\n`);
  });
});

describe('zonewatch', () => {
  test('ends with 2 on wrong use, and says how it is used', async () => {
    const { code, output } = await run(['bananas']).ended;
    expect(code).toBe(2);
    expect(output).toContain("unknown command 'bananas'");
  });

  test('ends with 2 where there is no record to rebuild', async () => {
    const { code, output } = await run(['rebuild', join(tmpdir(), 'zonewatch-no-such-folder')]).ended;
    expect(code).toBe(2);
    expect(output).toContain('there is no record in');
  });
});
