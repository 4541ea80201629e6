import { generateKeyPairSync } from 'node:crypto';
import { edgeRoot } from '../../src/audit/rehash.js';
import type { Source } from '../../src/audit/source.js';
import { formatCheckpoint } from '../../src/proof/checkpoint.js';
import { leafHash } from '../../src/proof/hash.js';
import { Signer } from '../../src/proof/note-keys.js';
import { formatNote } from '../../src/proof/note.js';
import { grow } from '../../src/proof/tiles.js';
import type { OpenRecord } from '../../src/record/record.js';

const ORIGIN = 'zonewatch/a-log-of-the-tests';
const PAGE = 100;

/** Everything that a record holds, byte for byte. */
export function entriesOf({ reader }: OpenRecord): Buffer[] {
  return reader.entries(0, reader.head);
}

/** A checkpoint over entries, by a new key. */
export function signed(entries: readonly Buffer[]): { note: Buffer; vkey: string } {
  const signer = new Signer(ORIGIN, generateKeyPairSync('ed25519').privateKey);
  const root = edgeRoot(grow([], entries.map(leafHash)).edge, entries.length);
  const text = formatCheckpoint({ origin: ORIGIN, size: entries.length, root });
  return { note: Buffer.from(formatNote(text, [signer.sign(text)])), vkey: signer.verifier.vkey };
}

/** A source whose log has signed just these entries, whatever they are; or what else it is told to give out. */
export function sourceOf(entries: readonly Buffer[], { note, vkey } = signed(entries)): Source {
  return {
    name: 'the source',
    checkpoint: async () => note,
    vkeys: async () => [vkey],
    async *entries(after, size) {
      for (let at = after; at < Math.min(size, entries.length); at += PAGE) yield entries.slice(at, Math.min(size, at + PAGE));
    },
    close: async () => {},
  };
}
