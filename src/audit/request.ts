import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../client/backoff.js';
import { WrongUse } from './finding.js';

export interface RequestOptions {
  /** How many bytes a body may have. One that is longer is cut there, with one byte more to show it. */
  most: number;
  authorization?: string | undefined;
  signal?: AbortSignal | undefined;
  /** How long a service that is busy or away is asked again, in milliseconds. */
  patience?: number | undefined;
}

/** How long one answer may take, in milliseconds. */
const ANSWER = 60_000;
const PATIENCE = 30_000;

/** What a service says that has too much to do, or is about to come back. */
const BUSY = new Set([429, 502, 503, 504]);

/**
 * Gets what an address has; nothing where it has nothing. A service that is busy or away is asked again for a while. Throws `WrongUse` where
 * it refuses, sends elsewhere or can't be reached, and the reason of the signal when that is aborted.
 */
export async function request(address: URL, options: RequestOptions): Promise<Buffer | undefined> {
  const began = Date.now();
  for (let failures = 0; ; failures++) {
    const answer = await attempt(address, options);
    if (!('retry' in answer)) return answer.bytes;
    const wait = backoff(failures, answer.after);
    if (Date.now() - began + wait > (options.patience ?? PATIENCE)) throw new WrongUse(`${address.href} can't be had: ${answer.retry}`);
    await sleep(wait, undefined, options.signal && { signal: options.signal }).catch(() => options.signal?.throwIfAborted());
  }
}

/** The answer, or why it has to be asked for again. */
type Answer = { bytes?: Buffer } | { retry: string; after?: number };

async function attempt(address: URL, { most, authorization, signal }: RequestOptions): Promise<Answer> {
  signal?.throwIfAborted();
  // One of its own for each request: listeners on the caller's signal would stay there as long as it does.
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  const late = setTimeout(stop, ANSWER);
  signal?.addEventListener('abort', stop);
  try {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const response = await fetch(address, { headers, redirect: 'manual', signal: stopping.signal });
    if (response.status === 200) return { bytes: await bodyOf(response, most) };
    await response.body?.cancel();
    if (response.status === 404) return {};
    if (!BUSY.has(response.status)) throw new WrongUse(refusal(address, response.status, authorization !== undefined));
    return { retry: `it answers ${response.status}`, after: (Number(response.headers.get('retry-after')) || 0) * 1_000 };
  } catch (error) {
    if (error instanceof WrongUse) throw error;
    signal?.throwIfAborted();
    const { message, cause } = error as { message: string; cause?: NodeJS.ErrnoException };
    return { retry: stopping.signal.aborted ? 'it takes too long to answer' : cause?.message || cause?.code || message };
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', stop);
  }
}

async function bodyOf(response: Response, most: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    parts.push(part as Uint8Array);
    length += (part as Uint8Array).length;
    // Leaving the loop cancels the rest.
    if (length > most) break;
  }
  return Buffer.concat(parts, Math.min(length, most + 1));
}

function refusal({ href }: URL, status: number, hasToken: boolean): string {
  if (status === 401 && hasToken) return `${href} does not know this token (401)`;
  if (status === 401) return `${href} asks for a token (401): give --token or ZONEWATCH_TOKEN, of an auditor`;
  if (status === 403) return `${href} is not for this token (403): it takes the role auditor`;
  if (status >= 300 && status < 400) return `${href} sends elsewhere (${status}), and is not followed`;
  return `${href} answers ${status}`;
}
