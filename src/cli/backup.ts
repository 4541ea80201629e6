import { constants, getPriority, setPriority } from 'node:os';
import { visible } from '../audit/visible.js';
import { backupTo } from '../backup/backup.js';
import { audited, withProgress } from './audit.js';

export interface BackupCommand {
  data: string;
  json?: true;
}

/** `zonewatch backup <file>`: the record as it stands, with a service on it or not, verified after it was written. */
export async function backUp(file: string, options: BackupCommand): Promise<void> {
  giveWay();
  await audited(options, async (signal) => {
    const { report, kept, lastRecorded, bytes } = await withProgress('pages copied', (copying) =>
      withProgress('events verified', (verifying) => backupTo(options.data, file, { copying, verifying, signal })),
    );
    const { origin, size, root } = report;
    const told = { file, origin, size, root: root.toString('base64'), made: kept.made, lastRecorded, bytes };
    const last = lastRecorded === undefined ? '' : `, the last recorded at ${visible(lastRecorded)}`;
    console.log(
      options.json
        ? JSON.stringify(told)
        : `${size.toLocaleString('en')} events of ${visible(origin)} are in ${file}${last}. It was verified: the root is ${told.root}. API keys and the log's key are not in it.`,
    );
  });
}

/** To verify keeps two processors busy, which a service that is written to needs more. */
function giveWay(): void {
  const { PRIORITY_BELOW_NORMAL } = constants.priority;
  if (getPriority() < PRIORITY_BELOW_NORMAL) setPriority(PRIORITY_BELOW_NORMAL);
}
