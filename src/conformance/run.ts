import { CHECKS } from './checks.js';
import { Skipped, Unmet } from './expectation.js';
import type { Waits } from './probe.js';
import { HttpRecord } from './record.js';
import { Scene, type Check, type Target } from './scene.js';

export interface ConformanceOptions {
  url: string;
  token?: string | undefined;
  /** Records some zones, which stay for ever: what comes live cannot be seen otherwise. */
  append?: boolean | undefined;
  /** The names of the checks to make; all of them without it. */
  only?: readonly string[] | undefined;
  /** How long things are waited for, where it is not as docs/PROTOCOL.md allows. */
  waits?: Partial<Waits> | undefined;
  onResult?: ((result: Result) => void) | undefined;
}

export interface Result {
  name: string;
  section: string;
  outcome: 'holds' | 'fails' | 'skipped';
  /** Why it fails, or was skipped. */
  why?: string;
  milliseconds: number;
}

/** As docs/PROTOCOL.md allows, and some time on the way. */
const WAITS: Waits = { answer: 5_000, frame: 10_000, progress: 15_000, closed: 75_000, quiet: 500 };

/** Looks whether a server keeps to docs/PROTOCOL.md, one check after another. */
export async function conformance({ url, token, append = false, only, waits, onResult }: ConformanceOptions): Promise<Result[]> {
  const record = await HttpRecord.at(url, token);
  const target: Target = { url, token, record, waits: { ...WAITS, ...waits } };
  const results: Result[] = [];
  for (const check of chosen(only)) {
    const result = check.needs === 'append' && !append ? unwritten(check) : await resultOf(check, target);
    results.push(result);
    onResult?.(result);
  }
  return results;
}

function chosen(only: readonly string[] | undefined): readonly Check[] {
  const unknown = only?.find((name) => CHECKS.every((check) => check.name !== name));
  if (unknown !== undefined) throw new Error(`there is no check that ${unknown}`);
  return only ? CHECKS.filter(({ name }) => only.includes(name)) : CHECKS;
}

function unwritten({ name, section }: Check): Result {
  return { name, section, outcome: 'skipped', why: 'to see it, something must be recorded', milliseconds: 0 };
}

async function resultOf(check: Check, target: Target): Promise<Result> {
  const { name, section } = check;
  const started = performance.now();
  const scene = new Scene(target);
  const ended = await Promise.race([check.run(scene), scene.broken]).then(
    () => ({ outcome: 'holds' as const }),
    (error: Error) => ({ outcome: error instanceof Skipped ? ('skipped' as const) : ('fails' as const), why: wordsOf(error) }),
  );
  scene.close();
  return { name, section, ...ended, milliseconds: Math.round(performance.now() - started) };
}

/** What a server did is told as it is; what broke on the way is told with its name. */
function wordsOf(error: Error): string {
  return error instanceof Unmet || error instanceof Skipped ? error.message : String(error);
}
