import { diff, type Diff, type DiffSide } from '../audit/diff.js';
import { openSide, openSource } from '../audit/open-source.js';
import type { Source } from '../audit/source.js';
import { visible } from '../audit/visible.js';
import { ON_TRUST, audited, findingLine, trusted, withProgress, type AuditOptions } from './audit.js';

export interface DiffCommand extends AuditOptions {
  log?: string;
}

/** `zonewatch diff <a> <b>`: whether one goes on from the other, or where they part. */
export async function diffRecords(a: string, b: string, options: DiffCommand): Promise<void> {
  const trust = await trusted(options);
  await audited(options, async (signal) => {
    const access = { signal, token: options.token ?? process.env['ZONEWATCH_TOKEN'] };
    const [left, right] = await Promise.all([openSide(a, access), openSide(b, access)]);
    const log = options.log === undefined ? undefined : await openSource(options.log, access);
    try {
      const found = await withProgress('events', (progress) => diff(left, right, { ...trust, progress, signal, ...(log && { log }) }));
      process.exitCode = found.result === 'same' || found.result === 'continues' ? 0 : 1;
      console.log(options.json ? JSON.stringify(asJson(found)) : shown(found));
    } finally {
      for (const each of [left, right, log]) await (each as Partial<Source> | undefined)?.close?.();
    }
  });
}

function asJson({ a, b, ...found }: Diff) {
  const side = ({ root, ...told }: DiffSide) => ({ ...told, root: root.toString('base64') });
  return { ...found, a: side(a), b: side(b) };
}

function shown({ result, isOneLog, a, b, longer, first, findings, keysTrusted }: Diff): string {
  const signed = keysTrusted ? '' : `, signed ${ON_TRUST}`;
  const side = ({ name, origin, size, isSigned }: DiffSide) =>
    `${name}: ${size.toLocaleString('en')} events of ${visible(origin)}${isSigned ? signed : ', not known to be signed by its log'}`;
  const told = {
    same: () => 'They are the same.',
    continues: () => `${(longer!.side === 'a' ? a : b).name} goes on from the other, by ${longer!.by.toLocaleString('en')} events.`,
    contradicts: () =>
      first
        ? `They contradict each other from event ${first.sequence} on: ${first.a ?? 'unreadable'} here, ${first.b ?? 'unreadable'} there.`
        : 'They contradict each other.',
    unproven: () => 'Nothing follows: not all of it is what was signed.',
  };
  const logs = isOneLog ? [] : ['They are of two logs [other-record]. What follows is of their events alone.'];
  return [side(a), side(b), ...logs, told[result](), ...findings.map((finding) => `  ${finding.side}: ${findingLine(finding)}`)].join('\n');
}
