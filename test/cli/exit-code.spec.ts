import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startApp } from '../support/start-app.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** What a script makes of a command: 0, it holds; 1, it does not; 2, nothing can be said of it. */
describe('the exit code', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zonewatch-exit-'));
    const app = await startApp({ folder });
    await app.post('/v1/parties', { id: 'a', name: { en: 'A' }, kind: 'other', occurred: '2017-05-04' });
    await app.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (script: string, env: Record<string, string> = {}) =>
    spawnSync('bash', ['-c', script], { encoding: 'utf8', env: { ...process.env, CLI, NODE: process.execPath, FOLDER: folder, ...env } });

  test('stays that of what was found where nobody reads on', () => {
    const verify = '"$NODE" "$CLI" verify "$FOLDER" | true; echo ${PIPESTATUS[0]}';
    expect(run(verify).stdout).toBe('0\n');
    const checkpoint = join(folder, 'checkpoint');
    const honest = readFileSync(checkpoint);
    writeFileSync(checkpoint, 'no checkpoint');
    expect(run(verify).stdout).toBe('1\n');
    writeFileSync(checkpoint, honest);
  });

  test.each([
    ['there is no room for what it writes', '"$NODE" "$CLI" verify "$FOLDER" > /dev/full'],
    ['there is no folder to rebuild', '"$NODE" "$CLI" rebuild "$FOLDER/nowhere"'],
    ['there is no place for scratch work', '"$NODE" "$CLI" replay "$FOLDER"'],
  ])('is 2 where %s', (_, script) => {
    if (script.includes('/dev/full') && !existsSync('/dev/full')) return;
    const { status, stderr } = run(script, { TMPDIR: '/nonexistent' });
    expect([status, /\n\s+at /.test(stderr)]).toEqual([2, false]);
  });
});
