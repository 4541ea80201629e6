import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Modes of files: a secret is its owner's alone. */
export const SECRET = 0o600;
export const OPEN = 0o644;

/** Writes a file so that it is there whole or as it was before, whatever dies in between, and durable when this returns. */
export function writeWhole(path: string, content: string | Buffer, mode: number): void {
  const unfinished = `${path}.unfinished`;
  const file = openSync(unfinished, 'w', mode);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, path);
  syncFolder(dirname(path));
}

/** Makes the names in a folder durable. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
