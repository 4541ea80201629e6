import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const KEY = 'the-key-of-the-tests';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The built service in a process of its own. */
export interface ServiceProcess {
  child: ChildProcess;
  /** `http://host:port`; rejects with what it wrote when it ends without listening. */
  listening: Promise<string>;
  /** How it ended. Resolves when it has. */
  ended: Promise<{ code: number | null; signal: string | null; output: string }>;
  /** Sends it a signal and waits for its end. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<{ code: number | null; signal: string | null; output: string }>;
}

/** Starts the service on a free port and a folder. `npm test` has built it. */
export function startProcess(folder: string, settings: Record<string, string> = {}, stderr: 'pipe' | number = 'pipe'): ServiceProcess {
  const env = {
    PATH: process.env['PATH'],
    PORT: '0',
    ZONEWATCH_DATA: folder,
    ZONEWATCH_ADMIN_KEY: KEY,
    ZONEWATCH_PUBLIC_READ: 'true',
    ...settings,
  };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', stderr] });
  let output = '';
  const ended = once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null, output }));
  const listening = new Promise<string>((resolve, reject) => {
    const read = (text: string) => {
      output += text;
      const address = /listening on (http:\/\/\S+)\n/.exec(output)?.[1];
      if (address) resolve(address);
    };
    child.stdout!.setEncoding('utf8').on('data', read);
    child.stderr?.setEncoding('utf8').on('data', read);
    void ended.then(() => reject(new Error(`the service ended before it listened: ${output}`)));
  });
  // Whoever does not wait for it has no use for its failure.
  listening.catch(() => {});
  return {
    child,
    listening,
    ended,
    stop: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}
