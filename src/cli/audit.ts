import { FindingError, WrongUse, type Finding } from '../audit/finding.js';
import { openSource } from '../audit/open-source.js';
import type { Trust } from '../audit/opening.js';
import { readBeginning } from '../audit/regular-file.js';
import type { Source } from '../audit/source.js';
import { visible } from '../audit/visible.js';
import { LOG_KEY, parseVkey, type Verifier } from '../proof/note-keys.js';
import { MAX_POLICY_BYTES, missing, parsePolicy } from '../proof/policy.js';
import { ProofError } from '../proof/proof-error.js';
import { ProgressLine } from './progress-line.js';

/** What every command of an auditor takes. */
export interface AuditOptions {
  token?: string;
  vkey?: string[];
  policy?: string;
  json?: true;
}

/** What a shell takes for an end by Ctrl-C. */
const INTERRUPTED = 130;
/** How long a command that was interrupted may take to leave nothing behind: only what comes later than that cuts it short, in milliseconds. */
const CLEARING_UP = 5_000;

/**
 * Runs a command that Ctrl-C may end at any point: it hears of that by the signal and leaves nothing half done. What does not hold is
 * printed and makes the exit code 1.
 */
export async function audited(options: AuditOptions, command: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stopping = new AbortController();
  let stopsSince: number | undefined;
  const stop = () => {
    if (stopsSince !== undefined && performance.now() - stopsSince > CLEARING_UP) process.exit(INTERRUPTED);
    stopsSince ??= performance.now();
    stopping.abort();
  };
  for (const name of SIGNALS) process.on(name, stop);
  try {
    await command(stopping.signal);
  } catch (error) {
    if (stopping.signal.aborted) process.exitCode = INTERRUPTED;
    else if (error instanceof FindingError) printFindings([error.finding], options);
    else if (error instanceof WrongUse) throw new WrongUse(visible(error.message), { cause: error });
    else throw error;
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Opens the record at a place for as long as a command needs it. */
export async function withSource(place: string, { token }: AuditOptions, signal: AbortSignal, use: (source: Source) => Promise<void>) {
  const source = await openSource(place, { signal, token: token ?? process.env['ZONEWATCH_TOKEN'] });
  try {
    await use(source);
  } finally {
    await source.close();
  }
}

/** Whom the auditor trusts: the keys and the policy that the command line names. */
export async function trusted({ vkey, policy: path }: AuditOptions): Promise<Trust> {
  const given = await Promise.all((vkey ?? []).map(logKey));
  const reading = async (file: string) => parsePolicy(await readBeginning(file, MAX_POLICY_BYTES + 1));
  const policy = path === undefined ? undefined : await orWrongUse('--policy', () => reading(path));
  const keys = [...given, ...(policy?.logs ?? []).map(({ key }) => key)];
  return {
    ...(keys.length > 0 && { keys }),
    ...(policy && { witnesses: policy.witnesses.map(({ key }) => key), quorum: (found) => missing(policy, found) }),
  };
}

async function logKey(vkey: string): Promise<Verifier> {
  const key = await orWrongUse('--vkey', () => parseVkey(vkey));
  if (key.type === LOG_KEY) return key;
  throw new WrongUse(`--vkey: ${visible(vkey)} is the key of a witness, which vouches for no log. A --policy names witnesses.`);
}

/** What is told beside a checkpoint whose key came with it. */
export const ON_TRUST = 'with a key that only the record itself vouches for (--vkey)';

/** Shows how far a command has come, where somebody watches. */
export async function withProgress<T>(what: string, run: (progress: (done: number, of: number) => void) => Promise<T>): Promise<T> {
  const line = new ProgressLine(what);
  try {
    return await run((done, of) => line.show(done, of));
  } finally {
    line.end();
  }
}

export function printFindings(findings: readonly Finding[], { json }: AuditOptions, count = findings.length): void {
  process.exitCode = 1;
  if (json) {
    console.log(JSON.stringify({ holds: false, count, findings }));
    return;
  }
  console.log(`It does not hold: ${count === 1 ? 'one finding' : `${count} findings`}.`);
  for (const finding of findings) console.log(`  ${findingLine(finding)}`);
}

/** A finding with the event that it touches, which its message leaves out. */
export function findingLine({ code, message, sequence, id }: Finding): string {
  const where = sequence === undefined ? '' : `event ${sequence}${id === undefined ? '' : ` (${visible(id)})`}: `;
  return `${where}${visible(message)} [${code}]`;
}

async function orWrongUse<T>(option: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ProofError || (error as { code?: string }).code !== undefined)
      throw new WrongUse(`${option}: ${(error as Error).message}`, { cause: error });
    throw error;
  }
}
