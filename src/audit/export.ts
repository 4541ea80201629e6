import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { syncFolder } from '../record/write-whole.js';
import { ExportWriter } from './export-writer.js';
import { FindingError, WrongUse } from './finding.js';
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
  const unfinished = join(dirname(target), `.${basename(target)}.unfinished-${randomBytes(4).toString('hex')}`);
  await made(unfinished, folder);
  try {
    const report = await write(source, unfinished, options);
    options.signal?.throwIfAborted();
    await moved(unfinished, target, folder);
    return report;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // A disk that is full is nothing against the record.
    if ((error as NodeJS.ErrnoException).syscall)
      throw new WrongUse(`${folder} can't be written: ${(error as Error).message}`, { cause: error });
    throw error;
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
