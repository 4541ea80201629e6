import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { lockFolder } from '../record/lock.js';
import { syncFolder } from '../record/write-whole.js';
import { ExportWriter } from './export-writer.js';
import { FindingError, WrongUse, orWrongUse } from './finding.js';
import { isKeyOf, ownKeys, type Trust } from './opening.js';
import type { Source } from './source.js';
import { verifyWith, type Report, type VerifyOptions } from './verify.js';

/**
 * Writes a record to a folder that needs no service: a static web server over it is a C2SP `tlog-tiles` log, and whoever has it can verify
 * it. It is verified while it is written, and is there whole and durable, or not at all. Throws `WrongUse` where the folder has files, a
 * FindingError where the events are not those that were signed, don't hold together or too few have witnessed them, and the reason of the signal when that is aborted.
 */
export async function exportTo(
  source: Source,
  folder: string,
  options: Trust & Pick<VerifyOptions, 'progress' | 'signal'> = {},
): Promise<Report> {
  const target = resolve(folder);
  await refuseTaken(target, folder);
  await removeKilled(target);
  const unfinished = join(dirname(target), `${unfinishedName(target)}${randomBytes(4).toString('hex')}`);
  await made(unfinished, folder);
  let unlock: (() => void) | undefined;
  try {
    // It is held as long as it is there: what nobody holds was left by an export that was killed.
    unlock = orWrongUse(() => lockFolder(unfinished));
    const written = join(unfinished, 'export');
    await made(written, folder);
    const report = await write(source, written, options);
    options.signal?.throwIfAborted();
    await moved(written, target, folder);
    return report;
  } catch (error) {
    // A disk that is full is nothing against the record.
    if ((error as NodeJS.ErrnoException).syscall)
      throw new WrongUse(`${folder} can't be written: ${(error as Error).message}`, { cause: error });
    throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true }).finally(unlock);
  }
}

/** What the folder of an unfinished export is called, but for the eight digits at the end. */
function unfinishedName(target: string): string {
  return `.${basename(target)}.unfinished-`;
}

/** Takes away what exports into the same place have left that were killed. */
async function removeKilled(target: string): Promise<void> {
  const [place, name] = [dirname(target), unfinishedName(target)];
  for (const entry of await readdir(place, { withFileTypes: true }).catch(() => [])) {
    const isOne = entry.isDirectory() && entry.name.startsWith(name) && /^[0-9a-f]{8}$/.test(entry.name.slice(name.length));
    if (!isOne) continue;
    const left = join(place, entry.name);
    try {
      const unlock = lockFolder(left);
      await rm(left, { recursive: true, force: true }).finally(unlock);
    } catch {
      // Another export is at work in it, or it is somebody else's.
    }
  }
}

async function write(source: Source, folder: string, options: VerifyOptions): Promise<Report> {
  const note = await source.checkpoint();
  const writers: ExportWriter[] = [];
  const report = await verifyWith(source, { ...options, checkpoint: note }, (checkpoint) => {
    writers.push(new ExportWriter(folder, checkpoint));
    return writers;
  });
  // The tiles of an export are made of its events: those of the source don't get into it.
  const fault = report.findings.find(({ code }) => code !== 'tile-changed');
  if (fault) throw new FindingError(fault);
  // An auditor's keys of other logs are nobody else's concern.
  const keys = (options.keys ?? (await ownKeys(source))).filter((key) => isKeyOf(report.origin!, key));
  await writers[0]!.finish(note, keys);
  return report;
}

async function refuseTaken(target: string, folder: string): Promise<void> {
  const found = await stat(target).catch(() => undefined);
  if (!found) return;
  if (!found.isDirectory()) throw new WrongUse(`${folder} is a file`);
  if ((await readdir(target)).length > 0) throw new WrongUse(`${folder} has files in it: an export needs a new folder`);
}

async function made(unfinished: string, folder: string): Promise<void> {
  try {
    await mkdir(unfinished);
  } catch (error) {
    throw new WrongUse(`${folder} can't be written: ${(error as Error).message}`, { cause: error });
  }
}

/** An empty folder gives way; one that has been filled meanwhile does not. */
async function moved(unfinished: string, target: string, folder: string): Promise<void> {
  try {
    await rename(unfinished, target);
  } catch (error) {
    throw new WrongUse(`${folder} was taken meanwhile: ${(error as Error).message}`, { cause: error });
  }
  syncFolder(dirname(target));
}
