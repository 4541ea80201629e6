import { createHash } from 'node:crypto';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '../proof/checkpoint.js';
import { MAX_ENTRY_BYTES, formatBundle } from '../proof/entry-bundle.js';
import { HASH_BYTES } from '../proof/hash.js';
import type { Verifier } from '../proof/note-keys.js';
import { TILE_WIDTH, tilePath } from '../proof/tile-path.js';
import type { Edge } from '../proof/tiles.js';
import { syncFolder } from '../record/write-whole.js';
import { CHECKPOINT, LINES, MANIFEST, VKEY, epochOf, factsOf, linesOf, manifestOf, type FileFacts, type Form } from './export-layout.js';
import { FindingError, type Finding } from './finding.js';
import type { Check, VerifiedPage } from './source.js';

/** Writes the events of an export as they are verified, each file durably. Nothing in the folder counts before `finish`. */
export class ExportWriter implements Check {
  private readonly folders = new Set<string>();
  private readonly lines: LinesFile[];
  private bundled = 0;
  private rest: readonly Buffer[] = [];
  private edge: Edge = [];

  constructor(
    private readonly folder: string,
    private readonly checkpoint: Checkpoint,
  ) {
    this.lines = Object.entries(LINES).map(([path, form]) => new LinesFile(folder, path, epochOf(checkpoint.origin), form));
  }

  async page({ after, entries, full, edge }: VerifiedPage): Promise<readonly Finding[]> {
    const tooLong = entries.findIndex(({ length }) => length > MAX_ENTRY_BYTES);
    if (tooLong >= 0) throw tooLongAt(after + tooLong + 1);
    this.edge = edge;
    this.rest = [...this.rest, ...entries];
    const writing: Promise<void>[] = this.lines.map((file) => file.add(entries));
    for (const { level, index, nodes } of full)
      writing.push(this.write(tilePath({ level, index, width: TILE_WIDTH }), nodes.subarray(0, TILE_WIDTH * HASH_BYTES)));
    for (; this.rest.length >= TILE_WIDTH; this.rest = this.rest.slice(TILE_WIDTH)) writing.push(this.bundle(TILE_WIDTH));
    await allOf(writing);
    return [];
  }

  // oxlint-disable-next-line require-yield
  async *end(): AsyncGenerator<Finding> {
    if (this.rest.length > 0) await this.bundle(this.rest.length);
    for (const [level, { index, hashes }] of this.edge.entries())
      if (hashes.length > 0) await this.write(tilePath({ level, index, width: hashes.length }), Buffer.concat(hashes));
  }

  async close(): Promise<void> {
    for (const file of this.lines) await file.close();
  }

  /** Writes what says that the rest holds, the checkpoint last. */
  async finish(note: Buffer, keys: readonly Verifier[]): Promise<void> {
    const vkeys = Buffer.from(keys.map(({ vkey }) => `${vkey}\n`).join(''));
    const files: Record<string, FileFacts> = { [CHECKPOINT]: factsOf(note), [VKEY]: factsOf(vkeys) };
    for (const { path, facts } of this.lines) files[path] = facts;
    await this.write(VKEY, vkeys);
    await this.write(MANIFEST, manifestOf(this.checkpoint, files));
    await this.write(CHECKPOINT, note);
    for (const folder of [...this.folders, this.folder]) syncFolder(folder);
  }

  private bundle(width: number): Promise<void> {
    return this.write(tilePath({ level: 'entries', index: this.bundled++, width }), formatBundle(this.rest.slice(0, width)));
  }

  private async write(path: string, bytes: Buffer): Promise<void> {
    const parts = path.split('/').slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth++) this.folders.add(join(this.folder, ...parts.slice(0, depth)));
    await mkdir(join(this.folder, ...parts), { recursive: true });
    const file = await open(join(this.folder, path), 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

function tooLongAt(sequence: number): FindingError {
  return new FindingError({ code: 'event-malformed', sequence, message: `event ${sequence} has more than ${MAX_ENTRY_BYTES} bytes` });
}

/** A file of lines that grows. */
class LinesFile {
  private readonly sha256 = createHash('sha256');
  private bytes = 0;
  private readonly opening: Promise<FileHandle>;

  constructor(
    folder: string,
    readonly path: string,
    private readonly epoch: string,
    private readonly form: Form,
  ) {
    this.opening = open(join(folder, path), 'wx');
    this.opening.catch(() => {});
  }

  async add(entries: readonly Buffer[]): Promise<void> {
    const { bytes } = linesOf(entries, this.epoch, this.form);
    this.sha256.update(bytes);
    this.bytes += bytes.length;
    await (await this.opening).appendFile(bytes);
  }

  get facts(): FileFacts {
    return { bytes: this.bytes, sha256: this.sha256.copy().digest('hex') };
  }

  async close(): Promise<void> {
    const file = await this.opening;
    await file.sync();
    await file.close();
  }
}

/** Waits for all of them, so that none still writes where the others have failed. */
async function allOf(writing: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(writing)).find((settled) => settled.status === 'rejected');
  if (failed) throw failed.reason;
}
