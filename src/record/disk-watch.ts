import { MAX_GROUP_BYTES } from '../log/group-commit.js';
import { AppendFailed, type FailureReason } from '../log/event-log.js';
import { diskError, roomUnder } from './disk-error.js';
import { restAfter } from './rest.js';

/** That the record can't be written, since when (an instant as a text), and the error that told. */
export interface WriteFailure {
  reason: FailureReason;
  since: string;
  cause: unknown;
}

/** How often it is tried where nobody writes, in milliseconds: a service that is not ready gets no more commands. */
const PROBE_EVERY = 1_000;

/** Knows whether the disk takes what is written to the record, and keeps a disk that fails from being tried too often. */
export class DiskWatch {
  private current: WriteFailure | undefined;
  private restsUntil = -Infinity;
  private probing: NodeJS.Timeout | undefined;
  private readonly listeners: ((failure: WriteFailure | undefined) => void)[] = [];

  /** `probe` writes something, and throws where that fails. */
  constructor(
    private readonly folder: string,
    private readonly probe: () => void,
  ) {}

  get failure(): WriteFailure | undefined {
    return this.current;
  }

  /** Tells once when the disk begins to fail, and once when it has come back. A listener must not throw. */
  onChange(listener: (failure: WriteFailure | undefined) => void): void {
    this.listeners.push(listener);
  }

  /** Throws where the disk has failed only just now. */
  admit(): void {
    if (this.current && performance.now() < this.restsUntil) throw new AppendFailed(this.current.cause, this.current.reason);
  }

  /** What an error says of the disk, as it is now; undefined where it was not for the disk. */
  reasonOf(error: unknown): FailureReason | undefined {
    return diskError(error, this.folder);
  }

  /** Notes that a write has failed that began at `began`, and returns its reason; undefined where it was not for the disk. */
  failed(error: unknown, began: number, reason = this.reasonOf(error)): FailureReason | undefined {
    if (!reason) return undefined;
    const now = performance.now();
    this.restsUntil = now + restAfter(now - began);
    const begins = !this.current;
    this.current = { reason, since: this.current?.since ?? new Date().toISOString(), cause: error };
    this.probing ??= setTimeout(() => this.try(), PROBE_EVERY).unref();
    if (begins) this.tell();
    return reason;
  }

  /** Notes that something was written. */
  worked(): void {
    if (!this.current) return;
    this.restsUntil = -Infinity;
    // What was small may have found the last of the room.
    if (this.current.reason === 'disk-full' && (roomUnder(this.folder) ?? Infinity) < MAX_GROUP_BYTES) return;
    this.close();
    this.current = undefined;
    this.tell();
  }

  /** Tries no more by itself. */
  close(): void {
    clearTimeout(this.probing);
    this.probing = undefined;
  }

  private try(): void {
    const began = performance.now();
    if (began < this.restsUntil) {
      this.probing = setTimeout(() => this.try(), this.restsUntil - began).unref();
      return;
    }
    this.probing = setTimeout(() => this.try(), PROBE_EVERY).unref();
    try {
      this.probe();
      this.worked();
    } catch (error) {
      this.failed(error, began);
    }
  }

  private tell(): void {
    for (const listener of this.listeners) listener(this.current);
  }
}
