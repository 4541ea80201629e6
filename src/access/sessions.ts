import type { Caller, Ended } from './caller.js';
import type { ApiKeys } from './api-keys.js';

/** How often it is looked whether a credential has ended, in milliseconds: a revoked key closes its sockets within a second. */
const INTERVAL = 250;

/** What stays open for longer than a request, and ends with the credential that opened it. */
export class Sessions {
  private readonly open = new Map<object, { ended: () => Ended | undefined; end: (why: Ended) => void }>();
  private readonly looking: NodeJS.Timeout;

  constructor(private readonly keys: ApiKeys) {
    this.looking = setInterval(() => this.look(), INTERVAL).unref();
  }

  /** Ends something when its caller's credential ends. Returns what is to be called when it has ended by itself. */
  watch({ ended }: Caller, end: (why: Ended) => void): () => void {
    if (!ended) return () => {};
    const session = {};
    this.open.set(session, { ended, end });
    return () => void this.open.delete(session);
  }

  close(): void {
    clearInterval(this.looking);
  }

  private look(): void {
    this.keys.refresh();
    for (const [session, { ended, end }] of this.open) {
      const why = ended();
      if (why === undefined) continue;
      this.open.delete(session);
      end(why);
    }
  }
}
