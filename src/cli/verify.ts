import { openBareCheckpoint } from '../audit/bare-checkpoint.js';
import { verify, type Report } from '../audit/verify.js';
import { visible } from '../audit/visible.js';
import { ON_TRUST, audited, findingLine, trusted, withProgress, withSource, type AuditOptions } from './audit.js';

export interface VerifyCommand extends AuditOptions {
  checkpoint?: string;
  hashesOnly?: true;
}

/** `zonewatch verify [place]`: prints what holds, or what does not and at which event that begins. */
export async function verifyRecord(place: string, options: VerifyCommand): Promise<void> {
  const earlier = options.checkpoint === undefined ? undefined : await (await openBareCheckpoint(options.checkpoint)).checkpoint();
  const asked = { ...(await trusted(options)), ...(earlier && { earlier }) };
  await audited(options, (signal) =>
    withSource(place, options, signal, async (source) => {
      const report = await withProgress('events', (progress) =>
        withProgress('states', (states) => verify(source, { ...asked, progress, states, signal, hashesOnly: options.hashesOnly ?? false })),
      );
      process.exitCode = report.count === 0 ? 0 : 1;
      console.log(options.json ? JSON.stringify(asJson(report)) : shown(report, options));
    }),
  );
}

function asJson({ root, ...report }: Report) {
  return { holds: report.count === 0, ...report, ...(root && { root: root.toString('base64') }) };
}

function shown(
  { origin, size, root, signedBy, cosignedBy, keysTrusted, findings, count }: Report,
  { checkpoint, hashesOnly }: VerifyCommand,
) {
  const lines = [
    ...(origin === undefined ? [] : [`${visible(origin)}: ${size.toLocaleString('en')} events, root ${root!.toString('base64')}`]),
    ...signedBy.map((name) => `signed by ${visible(name)}${keysTrusted ? '' : `, ${ON_TRUST}`}`),
    ...cosignedBy.map(({ name, time }) => `seen by ${visible(name)} at ${instantOf(time)}`),
  ];
  if (count === 0) {
    const whole = hashesOnly
      ? 'The events are those that were signed.'
      : 'It holds: the events are those that were signed, and all else that is there agrees with them.';
    const since = checkpoint === undefined ? [] : [`It goes on from ${checkpoint}.`];
    return [...lines, whole, ...since].join('\n');
  }
  const kept = findings.length < count ? [`  and ${count - findings.length} more`] : [];
  const told = `It does not hold: ${count === 1 ? 'one finding' : `${count} findings`}.`;
  return [...lines, told, ...findings.map((finding) => `  ${findingLine(finding)}`), ...kept].join('\n');
}

/** Seconds as an instant. A time that no calendar has is told as it stands. */
function instantOf(time: number): string {
  const date = new Date(time * 1_000);
  return Number.isNaN(date.getTime()) ? `${time} s` : date.toISOString();
}
