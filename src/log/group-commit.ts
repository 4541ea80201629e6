import type { StreamEvent } from '../event/event.js';
import { AppendFailed, EventTooLarge, WrongRevision } from './event-log.js';

/** A place that takes writes in transactions, one at a time. */
export interface Transactional {
  begin(): void;
  /** Makes all since `begin` durable and visible, or throws with nothing of it kept. */
  commit(): void;
  rollback(): void;
}

/** What is made from the log in the log's own transaction: it is handed the events of each append as they are written. */
export interface ReadSide extends Transactional {
  /** Throws `EventTooLarge` before it has changed anything. */
  take(events: readonly StreamEvent[]): { bytes: number };
}

export const MAX_GROUP_EVENTS = 256;
export const MAX_GROUP_BYTES = 1024 * 1024;

/**
 * Many writers share one transaction and so one fsync. A write runs at once, against all that the group has written before it; what it
 * returns is told when the group is durable. A group closes at the end of the event loop's turn, with all the writes that were waiting, or
 * when it is full. A failed commit fails its whole group, because each write was decided on top of those before it.
 */
export class GroupCommit {
  private waiting: { resolve(): void; reject(error: unknown): void }[] = [];
  private open = false;
  private events = 0;
  private bytes = 0;
  private scheduled: NodeJS.Immediate | undefined;

  constructor(private readonly target: Transactional) {}

  /**
   * Runs a write inside the open group. `WrongRevision` and `EventTooLarge` are thrown before anything is written and concern their caller
   * alone. Anything else fails the group.
   */
  run<T>(write: () => { result: T; events: number; bytes: number }): Promise<T> {
    try {
      if (!this.open) this.begin();
      const { result, events, bytes } = write();
      const done = new Promise<T>((resolve, reject) => this.waiting.push({ resolve: () => resolve(result), reject }));
      this.events += events;
      this.bytes += bytes;
      if (this.events >= MAX_GROUP_EVENTS || this.bytes >= MAX_GROUP_BYTES) this.flush();
      return done;
    } catch (error) {
      if (error instanceof WrongRevision || error instanceof EventTooLarge) return Promise.reject(error);
      return Promise.reject(this.fail(error));
    }
  }

  /** Commits what is open. */
  flush(): void {
    if (!this.open) return;
    try {
      this.target.commit();
    } catch (error) {
      this.fail(error);
      return;
    }
    const done = this.end();
    for (const { resolve } of done) resolve();
  }

  private begin(): void {
    this.target.begin();
    this.open = true;
    this.scheduled = setImmediate(() => this.flush());
  }

  private fail(error: unknown): AppendFailed {
    const failure = error instanceof AppendFailed ? error : new AppendFailed(error);
    const wasOpen = this.open;
    for (const { reject } of this.end()) reject(failure);
    if (wasOpen) this.target.rollback();
    return failure;
  }

  private end() {
    if (this.scheduled) clearImmediate(this.scheduled);
    const { waiting } = this;
    this.waiting = [];
    this.open = false;
    this.events = 0;
    this.bytes = 0;
    this.scheduled = undefined;
    return waiting;
  }
}
