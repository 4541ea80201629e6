import { FindingError } from '../audit/finding.js';
import type { Trust } from '../audit/opening.js';
import type { Progress } from '../audit/rehash.js';
import { verify, type Report } from '../audit/verify.js';
import { openBackup, type Backup, type Kept } from './backup-file.js';

export interface Verifying extends Pick<Trust, 'keys'> {
  /** How many events are verified, of how many. */
  verifying?: Progress | undefined;
  signal?: AbortSignal | undefined;
}

/** A backup that holds: every event is what was signed, and goes on from what was published, and all tables agree with the events. */
export interface Verified {
  kept: Kept;
  report: Required<Pick<Report, 'origin' | 'root'>> & Report;
  /** When its last event was recorded; undefined where it has none. */
  lastRecorded: string | undefined;
}

/** Verifies a backup, and throws the first thing that does not hold as a FindingError. */
export async function verifyBackup(path: string, name: string, options: Verifying): Promise<Verified> {
  const backup = openBackup(path, name);
  try {
    const report = await held(backup, options);
    return { kept: backup.kept, report: report as Verified['report'], lastRecorded: await lastRecorded(backup, report.size) };
  } finally {
    await backup.close();
  }
}

/** Throws a FindingError where a backup does not hold. With `hashesOnly` it is whether its events are those that were signed. */
export async function held(backup: Backup, { keys, verifying, signal, hashesOnly = false }: Verifying & { hashesOnly?: boolean }) {
  const report = await verify(backup, {
    ...(keys && { keys }),
    ...(verifying && { progress: verifying }),
    ...(signal && { signal }),
    earlier: Buffer.from(backup.kept.published),
    hashesOnly,
  });
  const [finding] = report.findings;
  if (finding) throw new FindingError(finding);
  return report;
}

async function lastRecorded(backup: Backup, size: number): Promise<string | undefined> {
  if (size === 0) return undefined;
  for await (const [entry] of backup.entries(size - 1, size)) return (JSON.parse(String(entry)) as { recordedAt: string }).recordedAt;
  return undefined;
}
