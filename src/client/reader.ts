import { setTimeout as sleep } from 'node:timers/promises';
import type { State } from '../folding/state.js';
import { backoff } from './backoff.js';
import { FeedClosed, ReadRefused } from './errors.js';
import type { Closed } from './subscription.js';
import { tokenNow, type Token } from './token.js';

type Parameters = Record<string, string | number | readonly string[] | undefined>;
interface Reply<T> {
  epoch: string;
  sequence: number;
  data: T;
  next?: string;
}

/** How long a reply may take: the service itself waits 10 s for a sequence that is to come. */
const PATIENCE = 60_000;

/** Reads states of one record over HTTP. A service that is away or busy is asked again until it answers. */
export class Reader {
  /** The record's, once something was read. */
  epoch: string | undefined;

  constructor(
    private readonly url: string,
    private readonly token: Token | undefined,
    private readonly signal: AbortSignal | undefined,
    /** Told of each attempt that has failed and is made again. */
    private readonly failed: (closed: Closed) => void = () => {},
  ) {}

  /** All states of a collection as they are at one sequence. Rejects with `ReadRefused`. */
  async all(collection: string, parameters: Parameters): Promise<{ states: State[]; sequence: number }> {
    const states: State[] = [];
    let page: Reply<State[]>;
    let after: string | undefined;
    do {
      page = await this.read<State[]>(collection, { ...parameters, limit: 1_000, after });
      for (const state of page.data) states.push(state);
      after = page.next;
    } while (after !== undefined);
    return { states, sequence: page.sequence };
  }

  /** One state, with all that is recorded up to `min` or farther; undefined where there is no such subject, as it is read. */
  async one(collection: string, id: string, min: number, parameters: Parameters): Promise<{ state: State | undefined; sequence: number }> {
    try {
      const { data, sequence } = await this.read<State>(`${collection}/${id}`, { ...parameters, min });
      return { state: data, sequence };
    } catch (error) {
      if (error instanceof ReadRefused && error.code === 'no-such-subject') return { state: undefined, sequence: min };
      throw error;
    }
  }

  private async read<T>(path: string, parameters: Parameters): Promise<Reply<T>> {
    const address = new URL(`${this.url.replace(/\/$/, '')}/v1/${path}`);
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) address.searchParams.set(name, String(value));
    for (let failures = 0; ; failures++) {
      const reply = await this.ask<T>(address);
      if ('epoch' in reply) {
        this.epoch ??= reply.epoch;
        if (reply.epoch !== this.epoch) throw new FeedClosed('other-record', `this is record ${reply.epoch}, not ${this.epoch}`);
        return reply;
      }
      this.failed(reply);
      await sleep(backoff(failures, reply.retryAfter), undefined, this.signal && { signal: this.signal });
    }
  }

  /** The reply, or why it has to be asked for again. */
  private async ask<T>(address: URL): Promise<Reply<T> | Closed> {
    this.signal?.throwIfAborted();
    // One of its own for each request: listeners on the caller's signal would stay there as long as it does.
    const stopping = new AbortController();
    const stop = () => stopping.abort();
    const late = setTimeout(stop, PATIENCE);
    this.signal?.addEventListener('abort', stop);
    try {
      const token = await tokenNow(this.token);
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const response = await fetch(address, { headers, signal: stopping.signal });
      if (response.ok) return (await response.json()) as Reply<T>;
      const { code = 'unknown', detail = response.statusText } = (await response.json().catch(() => ({}))) as {
        code?: string;
        detail?: string;
      };
      if (response.status < 500 && response.status !== 429) throw new ReadRefused(response.status, code, detail);
      const seconds = Number(response.headers.get('retry-after')) || 0;
      return { code, message: detail, retry: true, retryAfter: seconds * 1_000 };
    } catch (error) {
      if (error instanceof ReadRefused || this.signal?.aborted) throw error;
      return { code: 'unreachable', message: (error as Error).message, retry: true };
    } finally {
      clearTimeout(late);
      this.signal?.removeEventListener('abort', stop);
    }
  }
}
