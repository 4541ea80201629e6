import { jest } from '@jest/globals';

let runs = 0;

/** Runs the command line here instead of in a process of its own: its exit code, and what it printed. */
export async function zonewatch(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const [argv, exitCode, listeners] = [process.argv, process.exitCode, process.stdout.listeners('error')];
  const said = { stdout: '', stderr: '' };
  const spies = [
    jest.spyOn(console, 'log').mockImplementation((text: string) => void (said.stdout += `${text}\n`)),
    jest.spyOn(console, 'error').mockImplementation((text: string) => void (said.stderr += `${text}\n`)),
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((said.stdout += String(text)))),
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((said.stderr += String(text)))),
  ];
  process.argv = [process.execPath, 'zonewatch', ...args];
  process.exitCode = undefined;
  try {
    runs += 1;
    // It runs where it is loaded: under another name it is loaded again, and nothing that it loads is.
    await import(`../../src/cli.js?${runs}`);
    return { status: Number(process.exitCode ?? 0), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
    for (const listener of process.stdout.listeners('error')) {
      if (!listeners.includes(listener)) process.stdout.off('error', listener as () => void);
    }
    process.argv = argv;
    process.exitCode = exitCode;
  }
}
