import { readFileSync } from 'node:fs';
import { FindingError, WrongUse, type Finding } from '../audit/finding.js';
import { openSource } from '../audit/open-source.js';
import type { Source } from '../audit/source.js';
import type { VerifyOptions } from '../audit/verify.js';
import { parseVkey } from '../proof/note-keys.js';
import { isSatisfied, parsePolicy } from '../proof/policy.js';
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

/**
 * Runs a command that Ctrl-C may end at any point: it hears of that by the signal and leaves nothing half done. What does not hold is
 * printed and makes the exit code 1.
 */
export async function audited(options: AuditOptions, command: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  for (const name of SIGNALS) process.once(name, stop);
  try {
    await command(stopping.signal);
  } catch (error) {
    if (stopping.signal.aborted) process.exitCode = INTERRUPTED;
    else if (error instanceof FindingError) printFindings([error.finding], options);
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
export function trusted({ vkey, policy: path }: AuditOptions): Pick<VerifyOptions, 'keys' | 'witnesses' | 'isQuorum'> {
  const given = orWrongUse('--vkey', () => (vkey ?? []).map(parseVkey));
  const policy = path === undefined ? undefined : orWrongUse('--policy', () => parsePolicy(readFileSync(path)));
  const keys = [...given, ...(policy?.logs ?? []).map(({ key }) => key)];
  return {
    ...(keys.length > 0 && { keys }),
    ...(policy && { witnesses: policy.witnesses.map(({ key }) => key), isQuorum: (found) => isSatisfied(policy, found) }),
  };
}

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

export function findingLine({ code, message, sequence, id }: Finding): string {
  const where = sequence === undefined ? '' : `event ${sequence}${id === undefined ? '' : ` (${id})`}: `;
  return `${where}${message} [${code}]`;
}

function orWrongUse<T>(option: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProofError || (error as { code?: string }).code !== undefined)
      throw new WrongUse(`${option}: ${(error as Error).message}`, { cause: error });
    throw error;
  }
}
