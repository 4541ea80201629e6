import type { NewEvent, StreamEvent } from '../event/event.js';

/** What a stream must look like for an append: not there yet, or ending with exactly this revision. There is no "any". */
export type Expected = 'none' | number;

/**
 * A place in a log, made by the log and read by nobody else. Cursors of one log are kept and given back; they are not compared or computed.
 */
export type Cursor = string;

/**
 * The log of events: streams of immutable events, and one order of them all. It is the truth; all else is made from it.
 * The port knows no sequence: `record/` counts what the log holds. Every adapter runs the one suite in `test/log/contract.ts`.
 */
export interface EventLog {
  /**
   * Adds events to the end of a stream, all of them or none.
   * - When the promise resolves, the events are durable: no crash of this process or of its machine takes them back.
   * - A stream that is not as `expected` rejects with `WrongRevision`, and nothing is written.
   * - An event that the record can't hold rejects with `EventTooLarge`, and nothing is written.
   * - Any other failure rejects with `AppendFailed`, and the events are not seen. With `mayComeBack` a crash might still bring them back;
   *   the same append may be repeated.
   * - A repeat is safe only with the same ids **and** the same expected revision: it resolves as the first did and writes nothing. The same
   *   ids with another expected revision are a caller's error, and what comes of it is open.
   * - Concurrent appends are taken one after another; one that expects what another is still writing is judged as if that were written,
   *   and fails with it.
   * - An append is at most 1 MiB.
   * `revision` is that of the last event.
   */
  append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<{ revision: number }>;

  /** The events of a stream that are durable, from a revision on, in order. A stream that does not exist is empty. */
  readStream(stream: string, from?: number): AsyncIterable<StreamEvent>;

  /**
   * Every durable event behind the cursor (from the beginning without one) in the order of the log, then each new one as it becomes
   * durable, for ever; ends when the reader returns, its signal is aborted or the log closes. `next` resumes behind the event that it comes with. The order never
   * changes: two readers from the same cursor see the same.
   */
  follow(cursor?: Cursor, signal?: AbortSignal): AsyncIterable<{ event: StreamEvent; next: Cursor }>;

  /** Finishes what is being written, ends the followers, and lets go of files and sockets. */
  close(): Promise<void>;
}

/** The stream is not as the append expected it. */
export class WrongRevision extends Error {
  constructor(
    readonly stream: string,
    readonly expected: Expected,
    readonly actual: Expected,
  ) {
    super(`${stream} was expected at ${expected} and is at ${actual}`);
  }
}

/** An event has more bytes than the record holds for one. */
export class EventTooLarge extends Error {
  constructor(
    readonly bytes: number,
    readonly most: number,
  ) {
    super(`the event would have ${bytes} bytes; at most ${most} are taken`);
  }
}

/** What keeps a log from being written. */
export const FAILURE_REASONS = ['disk-full', 'read-only', 'io-error', 'closed', 'unknown'] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** The log could not take the events. */
export class AppendFailed extends Error {
  constructor(
    cause: unknown,
    readonly reason: FailureReason = 'unknown',
    /** That what is left of the events on the disk could not be taken back: a start after a crash may find them. */
    readonly mayComeBack = false,
  ) {
    super(`the log could not be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
