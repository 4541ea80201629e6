import { exportTo } from '../audit/export.js';
import { visible } from '../audit/visible.js';
import { ON_TRUST, audited, trusted, withProgress, withSource, type AuditOptions } from './audit.js';

export interface ExportCommand extends AuditOptions {
  from: string;
}

/** `zonewatch export <new folder>`: the record up to its newest checkpoint, verified while it is written. */
export async function exportRecord(folder: string, options: ExportCommand): Promise<void> {
  const trust = await trusted(options);
  await audited(options, (signal) =>
    withSource(options.from, options, signal, async (source) => {
      const { origin, size, root, keysTrusted } = await withProgress('events', (progress) =>
        exportTo(source, folder, { ...trust, progress, signal }),
      );
      const told = { folder, origin, size, root: root!.toString('base64'), keysTrusted };
      console.log(
        options.json
          ? JSON.stringify(told)
          : `${size.toLocaleString('en')} events of ${visible(origin!)} are in ${folder}, root ${told.root}${keysTrusted ? '' : `, signed ${ON_TRUST}`}`,
      );
    }),
  );
}
