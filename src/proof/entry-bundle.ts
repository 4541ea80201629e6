import { ProofError } from './proof-error.js';

/** The length of an entry is written in two bytes. A longer one would come out as a short one. */
export const MAX_ENTRY_BYTES = 65_535;
const LENGTH_BYTES = 2;

/** A bundle of entries as it is served: each entry after its length. */
export function formatBundle(entries: readonly Buffer[]): Buffer {
  return Buffer.concat(entries.flatMap((entry) => [lengthOf(entry), entry]));
}

export function parseBundle(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at < bundle.length;) {
    const start = at + LENGTH_BYTES;
    if (start > bundle.length) throw cutShort();
    at = start + bundle.readUInt16BE(at);
    if (at > bundle.length) throw cutShort();
    entries.push(bundle.subarray(start, at));
  }
  return entries;
}

function lengthOf(entry: Buffer): Buffer {
  if (entry.length > MAX_ENTRY_BYTES) throw new RangeError(`an entry has at most ${MAX_ENTRY_BYTES} bytes, not ${entry.length}`);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(entry.length);
  return length;
}

function cutShort(): ProofError {
  return new ProofError('malformed-bundle', 'the bundle ends within an entry');
}
