import { addressOf } from '../body/address.js';
import { HASH_BYTES } from '../proof/hash.js';
import { tilePath } from '../proof/tile-path.js';
import { MAX_BUNDLE_BYTES, entriesOfBundles } from './bundle.js';
import { MAX_NOTE_BYTES } from './export-layout.js';
import { WrongUse } from './finding.js';
import { request } from './request.js';
import { ServiceStates } from './service-states.js';
import { NO_CHECK, type Source } from './source.js';

/** How long a service is asked again that has not answered yet, in milliseconds. */
const FIRST_PATIENCE = 3_000;

export interface ServiceOptions {
  /** The key or JWT of an auditor: entries are not open to all. */
  token?: string | undefined;
  signal?: AbortSignal | undefined;
  /** How long a service that is busy or away is asked again, in milliseconds. */
  patience?: number | undefined;
}

/**
 * Opens the log of a running service, or any C2SP `tlog-tiles` log that stands under `/log/`. Nothing is asked before it is read from, and
 * what can't be had then rejects with `WrongUse`.
 */
export function openService(url: string, { token, signal, patience }: ServiceOptions = {}): Source {
  const base = baseOf(url);
  // What was asked for ahead would be asked for again and again, with nobody there to have it.
  const closing = new AbortController();
  const ending = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
  // Only what is not open to all gets the token.
  const ask = (path: string, most: number, authorization?: string, wait = patience) =>
    request(new URL(path, base), { most, authorization, signal: ending, patience: wait });
  const needed = async (path: string) => {
    // Whoever mistook the address should not have to wait long to hear of it.
    const bytes = await ask(path, MAX_NOTE_BYTES, undefined, patience ?? FIRST_PATIENCE);
    if (!bytes) throw new WrongUse(`${url} has no log: it knows no /log/${path}`);
    return bytes;
  };
  const bearer = token === undefined ? undefined : `Bearer ${token}`;
  const shown = (path: string, most: number) => ask(`../v1/${path}`, most, bearer);
  return {
    name: url,
    checkpoint: () => needed('checkpoint'),
    vkeys: async () => (await needed('vkey')).toString().split('\n').filter(Boolean),
    entries: (after, size) => entriesOfBundles((bundle) => ask(tilePath(bundle), MAX_BUNDLE_BYTES, bearer), after, size),
    tile: (tile) => ask(tilePath(tile), tile.width * HASH_BYTES),
    check: (checkpoint, { hashesOnly }) => (hashesOnly ? NO_CHECK : new ServiceStates(checkpoint, shown)),
    close: async () => closing.abort(),
  };
}

function baseOf(url: string): URL {
  const address = addressOf(url);
  if (!address || !['http:', 'https:'].includes(address.protocol) || address.username || address.password)
    throw new WrongUse('a service is named by http://host:port, and its token by itself');
  return new URL(`${address.pathname.replace(/\/+$/, '')}/log/`, address.origin);
}
