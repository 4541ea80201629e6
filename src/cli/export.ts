import { exportTo } from '../audit/export.js';
import { visible } from '../audit/visible.js';
import { audited, trusted, withProgress, withSource, type AuditOptions } from './audit.js';

export interface ExportCommand extends AuditOptions {
  from: string;
}

/** `zonewatch export <new folder>`: the record up to its newest checkpoint, verified while it is written. */
export async function exportRecord(folder: string, options: ExportCommand): Promise<void> {
  const { keys, witnesses } = trusted(options);
  await audited(options, (signal) =>
    withSource(options.from, options, signal, async (source) => {
      const { origin, size, root } = await withProgress('events', (progress) =>
        exportTo(source, folder, { progress, signal, ...(keys && { keys }), ...(witnesses && { witnesses }) }),
      );
      const told = { folder, origin, size, root: root!.toString('base64') };
      console.log(
        options.json
          ? JSON.stringify(told)
          : `${size.toLocaleString('en')} events of ${visible(origin!)} are in ${folder}, root ${told.root}`,
      );
    }),
  );
}
