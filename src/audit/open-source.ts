import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { backupHeader, openBackup } from '../backup/backup-file.js';
import { openBareCheckpoint } from './bare-checkpoint.js';
import { openDataFolder } from './data-folder/data-folder.js';
import type { BareCheckpoint } from './diff.js';
import { openExport } from './export-folder.js';
import { CHECKPOINT, MANIFEST } from './export-layout.js';
import { WrongUse } from './finding.js';
import { openService, type ServiceOptions } from './service.js';
import type { Source } from './source.js';

/**
 * Opens the record at a place: a service by its address, the data folder of one, a backup, or an export. Throws `WrongUse` where there is none, and
 * where it could be either of two.
 */
export async function openSource(place: string, options: ServiceOptions = {}): Promise<Source> {
  if (/^https?:\/\//i.test(place)) return openService(place, options);
  if (isBackup(place)) return openBackup(place);
  const has = (path: string) => existsSync(join(place, path));
  const isData = has('record.db');
  if (isData && has(MANIFEST))
    throw new WrongUse(`${place} has both a record.db and a ${MANIFEST}: a data folder and an export are two records. Move one of them.`);
  if (isData) return openDataFolder(place);
  // Whoever takes the manifest away does not make it less of an export.
  if (has(MANIFEST) || (has(CHECKPOINT) && has('tile'))) return openExport(place);
  throw new WrongUse(
    `there is no record at ${place}: neither a data folder nor a backup nor an export. A service is named by its address, http://host:port.`,
  );
}

/** Opens what can be compared: a record, or a checkpoint that somebody has kept in a file. */
export async function openSide(place: string, options: ServiceOptions = {}): Promise<Source | BareCheckpoint> {
  return isFile(place) && !isBackup(place) ? openBareCheckpoint(place) : openSource(place, options);
}

function isBackup(place: string): boolean {
  return isFile(place) && backupHeader(place) !== undefined;
}

function isFile(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isFile() ?? false;
}
