import { conformance, type Result } from '../conformance/run.js';

export interface ConformanceOptions {
  token?: string;
  write?: true;
  json?: true;
}

/** Prints whether a server keeps to the protocol, a line for each check (TAP) as it is made; ends with 1 where one does not hold. */
export async function runConformance(url: string, { token, write, json }: ConformanceOptions): Promise<void> {
  const told = (line: string) => void process.stdout.write(`${line}\n`);
  let count = 0;
  const onResult = (result: Result) => told(json ? JSON.stringify(result) : shown(result, ++count));
  const results = await conformance({ url, token: token ?? process.env['ZONEWATCH_TOKEN'], append: write, onResult });
  if (!json) told(summary(results));
  if (results.some(({ outcome }) => outcome === 'fails')) process.exitCode = 1;
}

function shown({ name, section, outcome, why, milliseconds }: Result, at: number): string {
  const line = `${outcome === 'fails' ? 'not ok' : 'ok'} ${at} - ${section}: ${name}`;
  if (outcome === 'skipped') return `${line} # SKIP ${why}`;
  return outcome === 'holds' ? line : `${line}\n  ---\n  why: ${JSON.stringify(why)}\n  milliseconds: ${milliseconds}\n  ...`;
}

function summary(results: readonly Result[]): string {
  const count = (of: Result['outcome']) => results.filter(({ outcome }) => outcome === of).length;
  const needsWriting = count('skipped') > 0 ? '; --write may let more be seen' : '';
  return `1..${results.length}\n# ${count('holds')} hold, ${count('fails')} fail, ${count('skipped')} were skipped${needsWriting}`;
}
