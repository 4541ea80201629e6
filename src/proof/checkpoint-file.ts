import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPEN, writeWhole } from '../record/write-whole.js';

/** The newest checkpoint of a data folder. It stands outside the record, so that a record put back to an older state is found out. */
export class CheckpointFile {
  private readonly path: string;

  constructor(folder: string) {
    this.path = join(folder, 'checkpoint');
  }

  /** Undefined where nothing has been signed yet. */
  read(): Buffer | undefined {
    return existsSync(this.path) ? readFileSync(this.path) : undefined;
  }

  /** It is durable when this returns. */
  write(note: Buffer): void {
    writeWhole(this.path, note, OPEN);
  }
}
