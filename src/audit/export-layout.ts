import { hash } from 'node:crypto';
import type { Checkpoint } from '../proof/checkpoint.js';
import { cloudEvent } from './cloud-event.js';

/** The files of an export beside its tiles. The checkpoint and the tiles have the paths that C2SP `tlog-tiles` gives them. */
export const CHECKPOINT = 'checkpoint';
export const VKEY = 'vkey';
export const MANIFEST = 'manifest.json';

/** How an event is written as a line. */
export type Form = (entry: Buffer, epoch: string) => Buffer | string;

/** The events once more, a line each, for whoever reads lines. */
export const LINES: Readonly<Record<string, Form>> = {
  'events.cloudevents.ndjson': cloudEvent,
  'events.ndjson': (entry) => entry,
};

/** The most that a checkpoint and a list of keys can have, and a manifest. */
export const MAX_NOTE_BYTES = 2 ** 20;
export const MAX_MANIFEST_BYTES = 2 ** 16;

export interface FileFacts {
  bytes: number;
  sha256: string;
}

const NEWLINE = Buffer.from('\n');

/** The record's epoch: what its origin ends with. */
export function epochOf(origin: string): string {
  return origin.slice(origin.lastIndexOf('/') + 1);
}

export function factsOf(file: Buffer): FileFacts {
  return { bytes: file.length, sha256: hash('sha256', file, 'hex') };
}

/** What an export is of, and its files but for the tiles, which the root proves. One export has one manifest, byte for byte. */
export function manifestOf({ origin, size, root }: Checkpoint, files: Readonly<Record<string, FileFacts>>): Buffer {
  const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
  const manifest = { format: 'zonewatch-export/1', origin, epoch: epochOf(origin), size, root: root.toString('base64'), files: sorted };
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}

/** Events as lines, and where each of them begins. */
export function linesOf(entries: readonly Buffer[], epoch: string, form: Form): { bytes: Buffer; starts: number[] } {
  const starts: number[] = [];
  let end = 0;
  const parts = entries.flatMap((entry) => {
    const line = Buffer.from(form(entry, epoch));
    starts.push(end);
    end += line.length + 1;
    return [line, NEWLINE];
  });
  return { bytes: Buffer.concat(parts, end), starts };
}
