import { readDecimal, readHash } from './encoding.js';
import { EMPTY_ROOT } from './hash.js';
import type { Signature, Verifier } from './note-keys.js';
import { openNote, type Note } from './note.js';
import { ProofError } from './proof-error.js';

/** What a log says of itself: so many entries, and this root over them. */
export interface Checkpoint {
  origin: string;
  size: number;
  root: Buffer;
}

/** A log as its reader knows it, and the witnesses that its reader trusts. It has more than one key while one takes the place of another. */
export interface KnownLog {
  origin: string;
  keys: readonly Verifier[];
  witnesses: readonly Verifier[];
}

export interface SignedCheckpoint extends Checkpoint, Note {
  /** Those of witnesses, among all signatures. Whether they are enough is for the reader to say. */
  cosignatures: Signature[];
}

/** The text of a checkpoint (C2SP `tlog-checkpoint`), without extension lines. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** Reads the text of a checkpoint. Lines after the root are extensions: they are let through, and nothing here goes by them. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, digits, base64, ...rest] = text.split('\n');
  const size = readDecimal(digits ?? '');
  const root = readHash(base64 ?? '');
  const end = rest.pop();
  if (!origin || size === undefined || !root || end !== '' || rest.includes(''))
    throw malformed('a checkpoint is an origin, a size and a root, each on its line');
  if (size === 0 && !root.equals(EMPTY_ROOT)) throw malformed('the root of no entries is SHA-256 of nothing');
  return { origin, size, root };
}

/** Opens a checkpoint that its log has signed. Witnesses alone do not vouch for it: they sign what a log has signed. */
export function openCheckpoint(note: Buffer, { origin, keys, witnesses }: KnownLog): SignedCheckpoint {
  const { text, signatures } = openNote(note, [...keys, ...witnesses]);
  const cosignatures = signatures.filter(({ by }) => witnesses.includes(by));
  if (cosignatures.length === signatures.length) throw new ProofError('no-known-signature', `${origin} has not signed this checkpoint`);
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.origin !== origin) throw new ProofError('wrong-origin', `this is a checkpoint of ${checkpoint.origin}`);
  return { ...checkpoint, text, signatures, cosignatures };
}

function malformed(message: string): ProofError {
  return new ProofError('malformed-checkpoint', message);
}
