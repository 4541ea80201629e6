import type { Cursor } from './event-log.js';
import type { StreamEvent } from '../event/event.js';

/** Wakes the followers of a log when it has grown or closed. */
export class Growth {
  private readonly waiting = new Set<() => void>();
  private closed = false;

  grew(): void {
    for (const wake of Array.from(this.waiting)) wake();
  }

  close(): void {
    this.closed = true;
    this.grew();
  }

  /** Reads pages behind the cursor for ever: at the end of the log it waits for more. */
  async *follow(page: (cursor: Cursor | undefined) => { event: StreamEvent; next: Cursor }[], cursor?: Cursor, signal?: AbortSignal) {
    const ended = () => this.closed || signal?.aborted;
    while (!ended()) {
      const found = page(cursor);
      for (const entry of found) {
        yield entry;
        if (ended()) return;
        cursor = entry.next;
      }
      if (found.length === 0) await this.more(signal);
    }
  }

  private more(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener('abort', wake);
        this.waiting.delete(wake);
        resolve();
      };
      this.waiting.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }
}
