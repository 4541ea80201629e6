import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEY, startApp, stopApp, type TestApp } from './support/start-app.js';

const ROOT = new URL('../', import.meta.url);
const README = readFileSync(new URL('README.md', ROOT), 'utf8');

function snippets(language: string, how = 'run'): string[] {
  return [...README.matchAll(new RegExp(`\`\`\`${language} ${how}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1]!);
}

/** npx takes longer than most of what it starts. The commands that follow the record show that it does start it. */
const NPX = 'npx() { [ "$1" = zonewatch ] && node dist/cli.js "${@:2}"; }\n';

describe('the README', () => {
  let app: TestApp;
  const temporary = mkdtempSync(join(tmpdir(), 'zonewatch-readme-'));
  // One of the commands waits until the service has lost its patience.
  beforeAll(async () => void (app = await startApp({ feedLimits: { patience: 1_000 } })));
  afterAll(async () => {
    await stopApp(app);
    rmSync(temporary, { recursive: true });
  });

  const started = (): SpawnOptions => ({
    cwd: ROOT,
    env: { ...process.env, ZONEWATCH: app.address, KEY, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const start = (command: string, args: string[]): ChildProcess => spawn(command, args, started());

  const outcome = async (child: ChildProcess) => {
    let output = '';
    child.stdout!.on('data', (text) => (output += text));
    child.stderr!.on('data', (text) => (output += text));
    const code = await new Promise((resolve) => child.on('close', resolve));
    return { code, output };
  };

  test('has shell commands that do what they say, in their order', async () => {
    expect(snippets('sh').length).toBeGreaterThan(3);
    for (const snippet of snippets('sh')) {
      const { code, output } = await outcome(start('bash', ['-euo', 'pipefail', '-c', NPX + snippet]));
      expect({ snippet, code, output }).toMatchObject({ code: 0 });
      expect(output).not.toContain('urn:zonewatch:problem');
    }
    const events = await app.get('/v1/events?about=zone-example');
    expect(events.json.data.map(({ type }: { type: string }) => type)).toEqual([
      'ZoneReported',
      'ZoneRoleNamed',
      'EventDisputed',
      'EventCorrected',
      'EventRetracted',
    ]);
  });

  test('has a subscriber that gets every event and reaches the head', async () => {
    const [snippet] = snippets('js');
    const child = start(process.execPath, ['--input-type=module', '-e', snippet!]);
    let output = '';
    const closed = outcome(child);
    await new Promise<void>((resolve) =>
      child.stdout!.on('data', (text) => {
        output += text;
        if (output.includes('live from')) resolve();
      }),
    );
    child.kill();
    await closed;
    const { json } = await app.get('/v1/events?limit=1');
    expect(output).toContain(`live from ${json.sequence}`);
    expect(output.match(/^\d+ \w+ \S+$/gm)).toHaveLength(json.sequence);
  });

  test('has commands that follow the record until they are stopped', async () => {
    expect(snippets('sh', 'follow')).toHaveLength(2);
    const about = (await app.get('/v1/events?zones=zone-idlib&limit=1000')).json.data.length as number;
    expect(about).toBeGreaterThan(20);
    for (const snippet of snippets('sh', 'follow')) {
      const child = spawn('bash', ['-euo', 'pipefail', '-c', snippet], { ...started(), detached: true });
      let output = '';
      const closed = outcome(child);
      await new Promise<void>((resolve, reject) => {
        child.on('close', () => reject(new Error(`${snippet} ended: ${output}`)));
        child.stdout!.on('data', (text) => {
          output += text;
          if (output.split('"about":').length > about) resolve();
        });
      });
      // The shell and what it has started.
      process.kill(-child.pid!, 'SIGTERM');
      await closed;
    }
  });

  test('names only files that are there', () => {
    const links = [...README.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1]!).filter((link) => !link.startsWith('http'));
    for (const link of links) expect(() => readFileSync(new URL(link.replace(/\/$/, '/choices.md'), ROOT))).not.toThrow();
  });
});
