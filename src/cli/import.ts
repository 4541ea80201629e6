import { importInto } from '../audit/import.js';
import { audited, withProgress, withSource, type AuditOptions } from './audit.js';

export interface ImportCommand extends AuditOptions {
  data: string;
}

/** `zonewatch import <folder>`: fills the empty record of a data folder with the events of an export. */
export async function importRecord(place: string, options: ImportCommand): Promise<void> {
  await audited(options, (signal) =>
    withSource(place, options, signal, async (source) => {
      const { epoch, events, root } = await withProgress('events', (progress) => importInto(options.data, source, { progress, signal }));
      const told = { folder: options.data, epoch, events, root: root.toString('base64') };
      console.log(
        options.json
          ? JSON.stringify(told)
          : `${events.toLocaleString('en')} events are in ${options.data}, root ${told.root}. The record is a new one, of epoch ${epoch}.`,
      );
    }),
  );
}
