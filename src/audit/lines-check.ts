import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { linesOf, type FileFacts, type Form } from './export-layout.js';
import { FindingError, type Finding } from './finding.js';
import { openRegular, readAhead } from './regular-file.js';
import type { VerifiedPage } from './source.js';

/** Holds a file of lines against the events, page by page. After the first line that differs the rest is not read. */
export class LinesCheck {
  private readonly sha256 = createHash('sha256');
  private bytes = 0;
  private file: FileHandle | undefined;
  private state: 'unopened' | 'agrees' | 'differs' = 'unopened';

  constructor(
    private readonly folder: string,
    readonly path: string,
    private readonly epoch: string,
    private readonly form: Form,
  ) {}

  async page({ after, entries }: Pick<VerifiedPage, 'after' | 'entries'>): Promise<Finding[]> {
    const { bytes: lines, starts } = linesOf(entries, this.epoch, this.form);
    this.sha256.update(lines);
    this.bytes += lines.length;
    return this.finding(after + 1, async (file) => {
      const found = await readAhead(file, lines.length);
      if (found.equals(lines)) return undefined;
      const at = firstDifference(found, lines);
      const sequence = after + starts.findLastIndex((start) => start <= at) + 1;
      return { code: 'file-changed', sequence, message: `${this.path} has another line for event ${sequence}, or ends before it` };
    });
  }

  /** After the last page. */
  async end(size: number): Promise<Finding[]> {
    return this.finding(size, async (file) => {
      if ((await readAhead(file, 1)).length === 0) return undefined;
      return { code: 'file-changed', sequence: size, message: `${this.path} goes on behind the last event` };
    });
  }

  /** What the file has to be. Known after the last page. */
  get facts(): FileFacts {
    return { bytes: this.bytes, sha256: this.sha256.copy().digest('hex') };
  }

  async close(): Promise<void> {
    await this.file?.close();
  }

  /** The one finding on the file, when it comes. */
  private async finding(sequence: number, look: (file: FileHandle) => Promise<Finding | undefined>): Promise<Finding[]> {
    if (this.state === 'differs') return [];
    const found = await this.looked(look);
    if (!found) return [];
    this.state = 'differs';
    const place = found.sequence ?? sequence;
    return [{ code: found.code, message: found.message, ...(place > 0 && { sequence: place }) }];
  }

  private async looked(look: (file: FileHandle) => Promise<Finding | undefined>): Promise<Finding | undefined> {
    try {
      if (this.state === 'unopened') this.file = await openRegular(this.folder, this.path);
      this.state = 'agrees';
      return this.file ? await look(this.file) : { code: 'file-changed', message: `${this.path} is not there` };
    } catch (error) {
      if (error instanceof FindingError) return error.finding;
      return { code: 'unreadable', message: `${this.path} can't be read: ${(error as Error).message}` };
    }
  }
}

function firstDifference(a: Buffer, b: Buffer): number {
  const at = a.findIndex((byte, place) => byte !== b[place]);
  return at < 0 ? a.length : at;
}
