import { visible } from '../audit/visible.js';
import { restoreInto, type Restored } from '../backup/restore.js';
import { ON_TRUST, audited, trusted, withProgress } from './audit.js';

export interface RestoreCommand {
  data: string;
  vkey?: string[];
  json?: true;
}

/** `zonewatch restore <file>`: a backup becomes the record of a folder that has none, as a log of its own. */
export async function restore(file: string, options: RestoreCommand): Promise<void> {
  const { keys } = await trusted(options);
  await audited(options, async (signal) => {
    const restored = await withProgress('bytes copied', (copying) =>
      withProgress('events verified', (verifying) =>
        restoreInto(options.data, file, { ...(keys && { keys }), copying, verifying, signal }),
      ),
    );
    console.log(options.json ? JSON.stringify(asJson(restored, options)) : shown(restored, options));
  });
}

function asJson({ report: { origin, size, root, keysTrusted }, kept: { made }, lastRecorded, epochs }: Restored, { data }: RestoreCommand) {
  return {
    folder: data,
    origin,
    size,
    root: root.toString('base64'),
    keysTrusted,
    made,
    lastRecorded,
    epoch: epochs.new,
    before: epochs.old,
  };
}

function shown({ report: { origin, size, root, keysTrusted }, kept, lastRecorded, epochs }: Restored, { data }: RestoreCommand): string {
  const last = lastRecorded === undefined ? '' : `, the last recorded at ${visible(lastRecorded)}`;
  const trust = keysTrusted ? '' : `, signed ${ON_TRUST}`;
  return [
    `${size.toLocaleString('en')} events of ${visible(origin)} are in ${data}${last}. The backup was made at ${visible(kept.made)}.`,
    `It was verified: the root is ${root.toString('base64')}${trust}.`,
    `The epoch was ${visible(epochs.old)}, and is ${epochs.new}: from now on it is a log of its own.`,
    'What is left to do:',
    '- If this takes the place of the old record, do not start a service on that again: what it took in behind these events is not here.',
    '- Start the service on this folder. It makes a log.key; give auditors its verifier key (/log/vkey), and tell witnesses the new origin.',
    '- API keys are not in a backup. Put back access.db and admin.key if you have them, or make new keys with `zonewatch keys`.',
    '- Subscribers of the old record are told `other-record`, and begin anew.',
  ].join('\n');
}
