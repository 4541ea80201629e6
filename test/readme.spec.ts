import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { KEY, startApp, stopApp, type TestApp } from './support/start-app.js';

const ROOT = new URL('../', import.meta.url);
const README = readFileSync(new URL('README.md', ROOT), 'utf8');

function snippets(language: string): string[] {
  return [...README.matchAll(new RegExp(`\`\`\`${language} run\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1]!);
}

describe('the README', () => {
  let app: TestApp;
  beforeAll(async () => void (app = await startApp()));
  afterAll(() => stopApp(app));

  const start = (command: string, args: string[]): ChildProcess =>
    spawn(command, args, { cwd: ROOT, env: { ...process.env, ZONEWATCH: app.address, KEY }, stdio: ['ignore', 'pipe', 'pipe'] });

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
      const { code, output } = await outcome(start('bash', ['-euo', 'pipefail', '-c', snippet]));
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

  test('names only files that are there', () => {
    const links = [...README.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1]!).filter((link) => !link.startsWith('http'));
    for (const link of links) expect(() => readFileSync(new URL(link.replace(/\/$/, '/choices.md'), ROOT))).not.toThrow();
  });
});
