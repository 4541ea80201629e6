import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openBareCheckpoint } from './bare-checkpoint.js';
import { openDataFolder } from './data-folder/data-folder.js';
import type { BareCheckpoint } from './diff.js';
import { openExport } from './export-folder.js';
import { MANIFEST } from './export-layout.js';
import { WrongUse } from './finding.js';
import { openService, type ServiceOptions } from './service.js';
import type { Source } from './source.js';

/** Opens the record at a place: a service by its address, the data folder of one, or an export. Throws `WrongUse` where there is none. */
export async function openSource(place: string, options: ServiceOptions = {}): Promise<Source> {
  if (/^https?:\/\//i.test(place)) return openService(place, options);
  if (existsSync(join(place, 'record.db'))) return openDataFolder(place);
  if (existsSync(join(place, MANIFEST))) return openExport(place);
  throw new WrongUse(
    `there is no record at ${place}: neither a data folder nor an export. A service is named by its address, http://host:port.`,
  );
}

/** Opens what can be compared: a record, or a checkpoint that somebody has kept in a file. */
export async function openSide(place: string, options: ServiceOptions = {}): Promise<Source | BareCheckpoint> {
  const isFile = statSync(place, { throwIfNoEntry: false })?.isFile() ?? false;
  return isFile ? openBareCheckpoint(place) : openSource(place, options);
}
