import { canonicalEvent } from '../../src/event/canonical.js';
import type { RecordedEvent } from '../../src/event/event.js';
import { formatCheckpoint } from '../../src/proof/checkpoint.js';
import { leafHash } from '../../src/proof/hash.js';
import { Signer } from '../../src/proof/note-keys.js';
import { formatNote } from '../../src/proof/note.js';
import { grow, resolver, tileBytes, type Edge } from '../../src/proof/tiles.js';
import { root } from '../../src/proof/tree.js';
import type { Source } from '../../src/audit/source.js';
import { privateKey } from '../proof/keys.js';

export const ORIGIN = 'zonewatch/6f1c7a1e-5d0c-4d6e-9a55-0d9c3c1b7f10';

/** The key of the log that the tests make. */
export const SIGNER = signerOf(ORIGIN);

export function signerOf(origin: string, seed = 7): Signer {
  return new Signer(origin, privateKey(Buffer.alloc(32, seed)));
}

const STREAMS = ['zone-idlib', 'zone-eastern-ghouta', 'party-russia', 'agreement-astana', 'statement-s1'];

/** The event of a sequence, the same in every log. */
export function eventAt(sequence: number, change: Partial<RecordedEvent> = {}): RecordedEvent {
  const stream = STREAMS[(sequence - 1) % STREAMS.length]!;
  return {
    sequence,
    id: `01900000-0000-7000-8000-${sequence.toString(16).padStart(12, '0')}`,
    stream,
    revision: Math.floor((sequence - 1) / STREAMS.length),
    type: 'ZoneReported',
    version: 1,
    occurred: '2017-07-05',
    recordedAt: new Date(Date.UTC(2017, 6, 6) + sequence * 1000).toISOString(),
    recordedBy: 'admin',
    sources: [{ publisher: 'SANA', title: 'إدلب' }],
    about: [stream],
    // An id within the data is not the event's.
    data: { id: `place-${sequence}`, name: { ar: 'إدلب', en: `Idlib ${sequence}` } },
    ...change,
  };
}

const entries: Buffer[] = [];
const leaves = new WeakMap<Buffer, Buffer>();

/** The first entries of every log. A test may put others in their places, and leaves their bytes alone: they are made once. */
export function entriesOf(size: number): Buffer[] {
  while (entries.length < size) entries.push(Buffer.from(canonicalEvent(eventAt(entries.length + 1))));
  return entries.slice(0, size);
}

function leafOf(entry: Buffer): Buffer {
  const leaf = leaves.get(entry) ?? leafHash(entry);
  leaves.set(entry, leaf);
  return leaf;
}

/** A checkpoint over entries, as their log would sign it. */
export function checkpointOver(entries: readonly Buffer[], signers?: readonly Signer[], origin?: string): Buffer {
  return signed(treeOver(entries), signers, origin);
}

function signed({ hashes, size }: ReturnType<typeof treeOver>, signers: readonly Signer[] = [SIGNER], origin = ORIGIN): Buffer {
  const text = formatCheckpoint({ origin, size, root: root(hashes, size) });
  return Buffer.from(
    formatNote(
      text,
      signers.map((signer) => signer.sign(text)),
    ),
  );
}

/** A log in memory. What is handed in may be changed afterwards, as by somebody with access to the file. */
export function memorySource(entries: Buffer[], more: Partial<Source> = {}): Source {
  const tree = treeOver(entries);
  const note = signed(tree);
  return {
    name: 'memory',
    checkpoint: async () => note,
    vkeys: async () => [SIGNER.verifier.vkey],
    async *entries(after, size) {
      for (let at = after; at < Math.min(size, entries.length); at += 300) yield entries.slice(at, Math.min(at + 300, size));
    },
    tile: async (tile) => tileBytes(tree.hashes, tile),
    close: async () => {},
    ...more,
  };
}

function treeOver(entries: readonly Buffer[]) {
  const { edge, full } = grow([] as Edge, entries.map(leafOf));
  const tiles = new Map(full.map(({ level, index, nodes }) => [`${level}/${index}`, nodes]));
  return { size: entries.length, hashes: resolver(edge, (level, index) => tiles.get(`${level}/${index}`)!) };
}
