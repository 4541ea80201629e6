import { constants } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { FindingError } from './finding.js';

/** A pipe would wait for a writer, and a link may lead anywhere. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** No such file, or something on the way to it that is no folder. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR']);

/**
 * Opens a file of a folder that came from outside; nothing where there is none. Throws a FindingError for links, on the way to it too, for
 * what is no file, and for what can't be read.
 */
export async function openRegular(folder: string, path: string): Promise<FileHandle | undefined> {
  try {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth++)
      if ((await lstat(join(folder, ...parts.slice(0, depth)))).isSymbolicLink()) throw odd(path);
    const file = await open(join(folder, ...parts), FLAGS);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw odd(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof FindingError) throw error;
    if (ABSENT.has(code ?? '')) return undefined;
    if (code === 'ELOOP' || code === 'ENXIO') throw odd(path);
    throw new FindingError({ code: 'unreadable', message: `${path} can't be read: ${message}` });
  }
}

/** A file's bytes; nothing where there is none. One of more than `most` is cut there, with one byte more to show it. */
export async function readRegular(folder: string, path: string, most: number): Promise<Buffer | undefined> {
  const file = await openRegular(folder, path);
  if (!file) return undefined;
  try {
    return await readAhead(file, Math.min((await file.stat()).size, most + 1));
  } catch (error) {
    throw new FindingError({ code: 'unreadable', message: `${path} can't be read: ${(error as Error).message}` });
  } finally {
    await file.close();
  }
}

/** What a file begins with that the auditor has named: a pipe does not tell how much will come, and a device has no end. */
export async function readBeginning(path: string, most: number): Promise<Buffer> {
  const file = await open(path);
  try {
    return await readAhead(file, most);
  } finally {
    await file.close();
  }
}

/** The next bytes of a file: so many, or what is left of it. */
export async function readAhead(file: FileHandle, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at);
    if (bytesRead === 0) return bytes.subarray(0, at);
    at += bytesRead;
  }
  return bytes;
}

function odd(path: string): FindingError {
  return new FindingError({ code: 'unreadable', message: `${path} is a link or no file, and is not followed` });
}
