import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './hash.js';

/** A perfect subtree: the 2^level leaves from index × 2^level on. Once its leaves are there its hash never changes. */
export interface Subtree {
  level: number;
  index: number;
}

/** Gives the hash of a perfect subtree. */
export type Hashes = (subtree: Subtree) => Buffer;

/** The leaves from `lo` up to `hi`, which is no longer among them. Sizes go beyond 2^32, so that no bit operator may touch them. */
interface Span {
  lo: number;
  hi: number;
}

/** The root of the tree of the first `size` leaves (RFC 6962, 2.1). Of a larger tree, it is the root that it had. */
export function root(hashes: Hashes, size: number): Buffer {
  return size === 0 ? EMPTY_ROOT : spanHash(hashes, { lo: 0, hi: size });
}

/** That a leaf is in the tree of `size` (RFC 6962, 2.1.1): its siblings from the lowest up. */
export function inclusionProof(hashes: Hashes, index: number, size: number): Buffer[] {
  if (!canInclude(index, size)) throw new RangeError(`no leaf ${index} in a tree of ${size}`);
  return wayTo(index, size).siblings.map((span) => spanHash(hashes, span));
}

/** That the tree of `size` begins with the one of `old` (RFC 6962, 2.1.2). There is no such proof for a tree without leaves. */
export function consistencyProof(hashes: Hashes, old: number, size: number): Buffer[] {
  if (!canExtend(old, size)) throw new RangeError(`no tree of ${old} to prove within one of ${size}`);
  const { end, siblings } = wayToEnd(old, size);
  return (end.lo === 0 ? siblings : [end, ...siblings]).map((span) => spanHash(hashes, span));
}

/** Whether the proof shows a leaf in the tree with this root. Nothing that is handed in makes it throw. */
export function verifyInclusion(index: number, size: number, leaf: Buffer, proof: readonly Buffer[], root: Buffer): boolean {
  if (!canInclude(index, size) || ![leaf, ...proof].every(isHash)) return false;
  const { siblings } = wayTo(index, size);
  if (proof.length !== siblings.length) return false;
  const found = siblings.reduce((hash, { lo }, at) => (lo > index ? nodeHash(hash, proof[at]!) : nodeHash(proof[at]!, hash)), leaf);
  return found.equals(root);
}

/**
 * Whether the proof shows that the tree with `root` begins with the one of `oldRoot`. Nothing that is handed in makes it throw. A tree
 * without leaves is the beginning of every tree, which no proof can show: it is for the caller to know.
 */
export function verifyConsistency(old: number, size: number, oldRoot: Buffer, root: Buffer, proof: readonly Buffer[]): boolean {
  if (!canExtend(old, size) || ![oldRoot, ...proof].every(isHash)) return false;
  const { end, siblings } = wayToEnd(old, size);
  const hashes = end.lo === 0 ? [oldRoot, ...proof] : proof;
  const [lowest, ...others] = hashes;
  if (!lowest || others.length !== siblings.length) return false;
  let [before, now] = [lowest, lowest];
  siblings.forEach(({ lo }, at) => {
    const other = others[at]!;
    if (lo >= old) {
      now = nodeHash(now, other);
    } else {
      before = nodeHash(other, before);
      now = nodeHash(other, now);
    }
  });
  return before.equals(oldRoot) && now.equals(root);
}

function canInclude(index: number, size: number): boolean {
  return Number.isSafeInteger(index) && Number.isSafeInteger(size) && 0 <= index && index < size;
}

function canExtend(old: number, size: number): boolean {
  return Number.isSafeInteger(old) && Number.isSafeInteger(size) && 0 < old && old <= size;
}

function isHash(hash: Buffer): boolean {
  return hash.length === HASH_BYTES;
}

function wayTo(leaf: number, size: number): Way {
  return descend(leaf, size, ({ lo, hi }) => hi - lo === 1);
}

/** The way to the subtree that the old tree ends with. Where that is the old tree itself, whoever asks knows its hash. */
function wayToEnd(old: number, size: number): Way {
  return descend(old - 1, size, ({ hi }) => hi === old);
}

/** Where a way down from the root ends, and the siblings of what it passes, the lowest first. */
interface Way {
  end: Span;
  siblings: Span[];
}

function descend(leaf: number, size: number, there: (span: Span) => boolean): Way {
  const siblings: Span[] = [];
  let end: Span = { lo: 0, hi: size };
  while (!there(end)) {
    const middle = end.lo + largestPowerBelow(end.hi - end.lo);
    const [left, right] = [
      { lo: end.lo, hi: middle },
      { lo: middle, hi: end.hi },
    ];
    siblings.push(leaf < middle ? right : left);
    end = leaf < middle ? left : right;
  }
  return { end, siblings: siblings.reverse() };
}

/** The greatest power of two below a number of two or more: where RFC 6962 divides. */
function largestPowerBelow(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}

function spanHash(hashes: Hashes, span: Span): Buffer {
  return cover(span)
    .map(hashes)
    .reduceRight((right, left) => nodeHash(left, right));
}

/**
 * The greatest perfect subtrees that make up a span, from left to right. A span of a way down begins where a subtree at least as large as
 * itself does, so that all of these have their place in the tree.
 */
function cover({ lo, hi }: Span): Subtree[] {
  const subtrees: Subtree[] = [];
  while (lo < hi) {
    let [level, leaves] = [0, 1];
    while (lo + leaves * 2 <= hi) [level, leaves] = [level + 1, leaves * 2];
    subtrees.push({ level, index: lo / leaves });
    lo += leaves;
  }
  return subtrees;
}
