import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk in memory that is full when so many bytes are on it. */
export class SmallDisk {
  readonly folder: string;

  constructor(bytes: number) {
    this.folder = mkdtempSync(join(tmpdir(), 'zonewatch-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'zonewatch-test', this.folder], { stdio: 'pipe' });
  }

  /** A folder for the record, beside which there is room for a filler. */
  get data(): string {
    const data = join(this.folder, 'data');
    mkdirSync(data, { recursive: true });
    return data;
  }

  /** Takes all the room that is left. */
  fill(): void {
    const filler = openSync(join(this.folder, 'filler'), 'a');
    try {
      for (const size of [65_536, 4_096, 1]) {
        const piece = Buffer.alloc(size);
        // What has only room for a part of a piece is written as a part.
        while (wrote(filler, piece));
      }
    } finally {
      closeSync(filler);
    }
  }

  /** Gives back all that `fill` took. */
  free(): void {
    rmSync(join(this.folder, 'filler'), { force: true });
  }

  /** Gives back so many bytes of what `fill` took. */
  giveBack(bytes: number): void {
    const filler = join(this.folder, 'filler');
    truncateSync(filler, statSync(filler).size - bytes);
  }

  /** Only while no file is open for writing on it. */
  makeReadOnly(): void {
    execFileSync('mount', ['-o', 'remount,ro', this.folder], { stdio: 'pipe' });
  }

  makeWritable(): void {
    execFileSync('mount', ['-o', 'remount,rw', this.folder], { stdio: 'pipe' });
  }

  remove(): void {
    execFileSync('umount', ['-l', this.folder], { stdio: 'pipe' });
    rmSync(this.folder, { recursive: true });
  }
}

function wrote(file: number, piece: Buffer): boolean {
  try {
    return writeSync(file, piece) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}

/** Why there can be no small disk here; undefined where there can. */
export function whyNoSmallDisk(): string | undefined {
  try {
    new SmallDisk(65_536).remove();
    return undefined;
  } catch (error) {
    return `no file system can be mounted here: ${String((error as { stderr?: unknown }).stderr ?? error).trim()}`;
  }
}

/** Describes what needs something of the machine, or tells why it was left out. */
export function describeWhere(missing: string | undefined, name: string, tests: () => void): void {
  if (missing) describe.skip(`${name} (left out: ${missing})`, tests);
  else describe(name, tests);
}
