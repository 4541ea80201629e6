import { openCheckpoint, type KnownLog, type SignedCheckpoint } from './checkpoint.js';
import { readBase64, readDecimal, readHash } from './encoding.js';
import { leafHash } from './hash.js';
import { ProofError } from './proof-error.js';
import { verifyInclusion } from './tree.js';

/** The proof of one entry, to be kept beside it: C2SP `tlog-proof`. The checkpoint is a whole note, as its log gave it out. */
export interface TlogProof {
  index: number;
  hashes: readonly Buffer[];
  checkpoint: Buffer;
}

const HEADER = 'c2sp.org/tlog-proof@v1';
const EXTRA = 'extra ';
const INDEX = 'index ';

/** No tree that can be counted is higher. */
const MAX_HASHES = 63;

export function formatTlogProof({ index, hashes, checkpoint }: TlogProof): string {
  const path = hashes.map((hash) => `${hash.toString('base64')}\n`);
  return `${HEADER}\n${INDEX}${index}\n${path.join('')}\n${checkpoint.toString()}`;
}

/** Reads a proof. What it has of extra data is read over: nothing vouches for it. */
export function parseTlogProof(proof: Buffer): TlogProof {
  const blank = proof.indexOf('\n\n');
  const [header, ...lines] = proof.toString('latin1', 0, Math.max(blank, 0)).split('\n');
  if (header !== HEADER) throw malformed(`begins with ${HEADER} and has a blank line before its checkpoint`);
  if (lines[0]?.startsWith(EXTRA)) {
    const extra = readBase64(lines.shift()!.slice(EXTRA.length));
    if (!extra?.length) throw malformed('has extra data as base64');
  }
  const line = lines.shift() ?? '';
  const index = readDecimal(line.slice(INDEX.length));
  if (index === undefined || !line.startsWith(INDEX)) throw malformed('names the index of its entry');
  const hashes = lines.map(readHash).filter((hash) => hash !== undefined);
  if (hashes.length < lines.length || lines.length > MAX_HASHES) throw malformed(`has a hash of 32 bytes a line, at most ${MAX_HASHES}`);
  return { index, hashes, checkpoint: proof.subarray(blank + 2) };
}

/** Checks that an entry, byte for byte, is in the log at the index that the proof names, and gives the checkpoint that says so. */
export function verifyTlogProof(proof: Buffer, entry: string | Buffer, log: KnownLog): SignedCheckpoint & { index: number } {
  const { index, hashes, checkpoint: note } = parseTlogProof(proof);
  const checkpoint = openCheckpoint(note, log);
  if (!verifyInclusion(index, checkpoint.size, leafHash(entry), hashes, checkpoint.root))
    throw new ProofError('not-included', `the proof does not lead from this entry, at ${index}, to the root of the checkpoint`);
  return { ...checkpoint, index };
}

function malformed(what: string): ProofError {
  return new ProofError('malformed-proof', `a proof ${what}`);
}
