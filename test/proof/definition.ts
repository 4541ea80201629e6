import { hash } from 'node:crypto';

/** RFC 6962 and RFC 9162 as they are written, over the hashes of leaves, and with nothing from `src`: slow, and plain. */

const sha256 = (...parts: Uint8Array[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer');

export const leafOf = (entry: string | Buffer): Buffer => sha256(Buffer.of(0), Buffer.from(entry));
export const nodeOf = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.of(1), left, right);

/** The largest power of two smaller than n. */
function k(n: number): number {
  let power = 1;
  while (2 * power < n) power *= 2;
  return power;
}

/** 2.1: MTH(D[n]). */
export function mth(d: readonly Buffer[]): Buffer {
  if (d.length === 0) return sha256();
  if (d.length === 1) return d[0]!;
  return nodeOf(mth(d.slice(0, k(d.length))), mth(d.slice(k(d.length))));
}

/** 2.1.1: PATH(m, D[n]). */
export function path(m: number, d: readonly Buffer[]): Buffer[] {
  if (d.length === 1) return [];
  const at = k(d.length);
  const [left, right] = [d.slice(0, at), d.slice(at)];
  return m < at ? [...path(m, left), mth(right)] : [...path(m - at, right), mth(left)];
}

/** 2.1.2: PROOF(m, D[n]). */
export function proof(m: number, d: readonly Buffer[]): Buffer[] {
  return subproof(m, d, true);
}

function subproof(m: number, d: readonly Buffer[], complete: boolean): Buffer[] {
  if (m === d.length) return complete ? [] : [mth(d)];
  const at = k(d.length);
  const [left, right] = [d.slice(0, at), d.slice(at)];
  return m <= at ? [...subproof(m, left, complete), mth(right)] : [...subproof(m - at, right, false), mth(left)];
}

/** RFC 9162, 2.1.3.2. */
export function includes(index: number, size: number, leaf: Buffer, proof: readonly Buffer[], root: Buffer): boolean {
  if (index >= size) return false;
  let [fn, sn, r] = [BigInt(index), BigInt(size) - 1n, leaf];
  for (const p of proof) {
    if (sn === 0n) return false;
    if (fn % 2n === 1n || fn === sn) {
      r = nodeOf(p, r);
      while (fn % 2n === 0n && fn !== 0n) [fn, sn] = [fn / 2n, sn / 2n];
    } else {
      r = nodeOf(r, p);
    }
    [fn, sn] = [fn / 2n, sn / 2n];
  }
  return sn === 0n && r.equals(root);
}

/** RFC 9162, 2.1.4.2. */
export function extend(first: number, second: number, firstHash: Buffer, secondHash: Buffer, proof: readonly Buffer[]): boolean {
  if (first === second) return proof.length === 0 && firstHash.equals(secondHash);
  if (proof.length === 0) return false;
  let [fn, sn] = [BigInt(first) - 1n, BigInt(second) - 1n];
  const isPowerOfTwo = (BigInt(first) & fn) === 0n;
  const [lowest, ...others] = isPowerOfTwo ? [firstHash, ...proof] : proof;
  while (fn % 2n === 1n) [fn, sn] = [fn / 2n, sn / 2n];
  let [fr, sr] = [lowest!, lowest!];
  for (const c of others) {
    if (sn === 0n) return false;
    if (fn % 2n === 1n || fn === sn) {
      [fr, sr] = [nodeOf(c, fr), nodeOf(c, sr)];
      while (fn % 2n === 0n && fn !== 0n) [fn, sn] = [fn / 2n, sn / 2n];
    } else {
      sr = nodeOf(sr, c);
    }
    [fn, sn] = [fn / 2n, sn / 2n];
  }
  return sn === 0n && fr.equals(firstHash) && sr.equals(secondHash);
}
