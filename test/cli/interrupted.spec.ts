import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** What a process runs: a command that is told to stop, and then takes so long, by so fast a clock, to leave nothing behind. */
const COMMAND = `
  import { setTimeout as passed } from 'node:timers/promises';
  import { audited } from '${new URL('../../dist/cli/audit.js', import.meta.url).href}';
  const [takes, faster] = process.argv.slice(1).map(Number);
  const now = performance.now.bind(performance);
  performance.now = () => now() * faster;
  await audited({}, async (signal) => {
    process.stdout.write('begun ');
    await passed(60_000, undefined, { signal }).catch(() => process.stdout.write('clearing '));
    await passed(takes);
    process.stdout.write('cleared');
    signal.throwIfAborted();
  });`;

/** Sends a process signals, each when it has said its word, and gives how it ended and what it said. */
async function interrupted(takes: number, faster: number, signals: Record<string, NodeJS.Signals[]>) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', COMMAND, String(takes), String(faster)]);
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += String(text);
    for (const signal of signals[String(text).trim()] ?? []) child.kill(signal);
  });
  const [code, by] = (await once(child, 'close')) as [number | null, string | null];
  return { ended: code ?? by, said };
}

describe('a command that is interrupted', () => {
  test.each<NodeJS.Signals>(['SIGINT', 'SIGTERM', 'SIGHUP'])('by %s ends with the exit code that docs/AUDIT.md tells', async (signal) => {
    const told = /It is (\d+) when the command\s+was interrupted/.exec(readFileSync('docs/AUDIT.md', 'utf8'))?.[1];
    expect((await interrupted(0, 1, { begun: [signal] })).ended).toBe(Number(told));
  });

  test('ends when it has left nothing behind, however often it is told to meanwhile', async () => {
    const { ended, said } = await interrupted(300, 1, { begun: ['SIGINT'], clearing: ['SIGINT', 'SIGTERM', 'SIGHUP'] });
    expect([ended, said]).toEqual([130, 'begun clearing cleared']);
  });

  test('is ended all the same, if it is told again after seconds, where that takes too long', async () => {
    const { ended, said } = await interrupted(60_000, 1_000_000, { begun: ['SIGINT'], clearing: ['SIGINT'] });
    expect([ended, said]).toEqual([130, 'begun clearing ']);
  });
});
