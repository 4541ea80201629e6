import { importInto } from '../audit/import.js';
import { ON_TRUST, audited, trusted, withProgress, withSource, type AuditOptions } from './audit.js';

export interface ImportCommand extends AuditOptions {
  data: string;
}

/** `zonewatch import <folder>`: fills the empty record of a data folder with the events of an export. */
export async function importRecord(place: string, options: ImportCommand): Promise<void> {
  const trust = await trusted(options);
  await audited(options, (signal) =>
    withSource(place, options, signal, async (source) => {
      const { epoch, events, root } = await withProgress('events', (progress) =>
        importInto(options.data, source, { ...trust, progress, signal }),
      );
      const keysTrusted = trust.keys !== undefined;
      const told = { folder: options.data, epoch, events, root: root.toString('base64'), keysTrusted };
      console.log(
        options.json
          ? JSON.stringify(told)
          : `${events.toLocaleString('en')} events are in ${options.data}, root ${told.root}${keysTrusted ? '' : `, signed ${ON_TRUST}`}. The record is a new one, of epoch ${epoch}.`,
      );
    }),
  );
}
