import fc from 'fast-check';
import { EMPTY_ROOT, leafHash, nodeHash } from '../../src/proof/hash.js';
import { consistencyProof, inclusionProof, root, verifyConsistency, verifyInclusion, type Hashes } from '../../src/proof/tree.js';
import { extend, includes, leafOf, mth, nodeOf, path, proof } from './definition.js';
import { base64, hex, vectors } from './vectors.js';

interface InclusionCase {
  name: string;
  leafIdx: number | string;
  treeSize: number | string;
  root: string;
  leafHash: string;
  proof: string[];
  wantErr: boolean;
}

interface ConsistencyCase {
  name: string;
  size1: number | string;
  size2: number | string;
  root1: string;
  root2: string;
  proof: string[];
  wantErr: boolean;
}

const reference = vectors<{
  leafInputs: string[];
  nodeHashes: string[][];
  rootsBySize: string[];
  hasher: { cases: { dataUtf8: string; want: string }[] };
}>('rfc6962-roots');
const inclusion = vectors<{ cases: InclusionCase[] }>('inclusion').cases;
const consistency = vectors<{ cases: ConsistencyCase[] }>('consistency').cases;

const leaves = Array.from({ length: 70 }, (_, at) => leafOf(`record ${at}`));

/** Every perfect subtree, by its definition. */
function over(d: readonly Buffer[]): Hashes {
  const known = new Map<string, Buffer>();
  return ({ level, index }) => {
    const name = `${level}/${index}`;
    const hash = known.get(name) ?? mth(d.slice(index * 2 ** level, (index + 1) * 2 ** level));
    known.set(name, hash);
    return hash;
  };
}

/** A tree as large as one likes, in which one leaf is another than all the others. */
function sparse(odd: number): Hashes {
  const alike = [leafOf('as all others')];
  for (let level = 1; level < 54; level++) alike.push(nodeOf(alike[level - 1]!, alike[level - 1]!));
  return function hashes({ level, index }): Buffer {
    if (Math.floor(odd / 2 ** level) !== index) return alike[level]!;
    if (level === 0) return leafOf('odd');
    return nodeOf(hashes({ level: level - 1, index: 2 * index }), hashes({ level: level - 1, index: 2 * index + 1 }));
  };
}

const texts = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('hex'));

/** The same bytes but for one bit. */
function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

const sizes = fc.integer({ min: 1, max: leaves.length });
const place = fc.tuple(sizes, fc.nat()).map(([size, any]) => ({ size, index: any % size }));
const hugePlace = fc
  .tuple(fc.maxSafeNat(), fc.maxSafeNat())
  .map(([a, b]) => ({ size: Math.max(a, b), index: Math.min(a, b) }))
  .filter(({ size, index }) => index < size);

describe('the hashes of RFC 6962', () => {
  test('are those of the reference implementation', () => {
    for (const { dataUtf8, want } of reference.hasher.cases) expect(leafHash(dataUtf8).toString('hex')).toBe(want);
    const d = reference.leafInputs.map((input) => leafHash(hex(input)));
    expect(d.map((leaf) => leaf.toString('hex'))).toEqual(reference.nodeHashes[0]);
    expect(nodeHash(d[0]!, d[1]!).toString('hex')).toBe(reference.nodeHashes[1]![0]);
    expect(EMPTY_ROOT.toString('hex')).toBe(reference.rootsBySize[0]);
  });

  test('take a text for its UTF-8, and 64 bytes of an entry for no node', () => {
    expect(leafHash('Чăvaş')).toEqual(leafHash(Buffer.from('Чăvaş')));
    const [a, b] = [leafHash('a'), leafHash('b')];
    expect(leafHash(Buffer.concat([a, b]))).not.toEqual(nodeHash(a, b));
  });

  test('stay as they are when more is hashed', () => {
    const first = nodeHash(leaves[0]!, leaves[1]!);
    nodeHash(leaves[2]!, leaves[3]!);
    expect(first).toEqual(nodeOf(leaves[0]!, leaves[1]!));
  });
});

describe('a root', () => {
  test('is that of the reference implementation', () => {
    const d = reference.leafInputs.map((input) => leafHash(hex(input)));
    expect(reference.rootsBySize.map((_, size) => root(over(d), size).toString('hex'))).toEqual(reference.rootsBySize);
  });

  test('is what its definition says, of the newest tree and of each older one', () => {
    for (let size = 0; size <= leaves.length; size++) expect(root(over(leaves), size)).toEqual(mth(leaves.slice(0, size)));
  });
});

describe('hashes', () => {
  test('are asked for of the greatest perfect subtrees, and of no others', () => {
    const asked = (size: number) => {
      const subtrees: string[] = [];
      root((subtree) => {
        subtrees.push(`${subtree.level}/${subtree.index}`);
        return leaves[0]!;
      }, size);
      return subtrees;
    };
    expect(asked(1)).toEqual(['0/0']);
    expect(asked(2 ** 40)).toEqual(['40/0']);
    expect(asked(2 ** 40 + 2 ** 3 + 1)).toEqual(['40/0', `3/${2 ** 37}`, `0/${2 ** 40 + 2 ** 3}`]);
  });
});

describe('a proof of inclusion', () => {
  test.each(inclusion.map((one) => [one.name, one] as const))('%s', (_, { leafIdx, treeSize, leafHash: leaf, wantErr, ...one }) => {
    const held = verifyInclusion(Number(leafIdx), Number(treeSize), base64(leaf), one.proof.map(base64), base64(one.root));
    expect(held).toBe(!wantErr);
  });

  test('is what its definition says, and holds, for every leaf of every tree', () => {
    for (let size = 1; size <= leaves.length; size++) {
      const d = leaves.slice(0, size);
      for (let index = 0; index < size; index++) {
        const made = inclusionProof(over(leaves), index, size);
        expect(texts(made)).toEqual(texts(path(index, d)));
        expect(verifyInclusion(index, size, d[index]!, made, mth(d))).toBe(true);
      }
    }
  });

  test('holds in trees beyond 2^32', () => {
    fc.assert(
      fc.property(hugePlace, ({ index, size }) => {
        const hashes = sparse(index);
        const made = inclusionProof(hashes, index, size);
        expect(verifyInclusion(index, size, leafOf('odd'), made, root(hashes, size))).toBe(true);
        expect(includes(index, size, leafOf('odd'), made, root(hashes, size))).toBe(true);
        expect(verifyInclusion(index === 0 ? 1 : index - 1, size, leafOf('odd'), made, root(hashes, size))).toBe(false);
      }),
    );
  });

  test('fails with any bit changed, with a hash more or less, and for any other leaf', () => {
    fc.assert(
      fc.property(place, fc.nat(), fc.nat(255), ({ index, size }, any, bit) => {
        const [leaf, top] = [leaves[index]!, root(over(leaves), size)];
        const made = inclusionProof(over(leaves), index, size);
        expect(verifyInclusion(index, size, flipped(leaf, bit), made, top)).toBe(false);
        expect(verifyInclusion(index, size, leaf, made, flipped(top, bit))).toBe(false);
        expect(verifyInclusion(index, size, leaf, [...made, top], top)).toBe(false);
        expect(verifyInclusion(any % leaves.length, size, leaf, made, top)).toBe(any % leaves.length === index);
        if (made.length === 0) return;
        const at = any % made.length;
        expect(verifyInclusion(index, size, leaf, made.with(at, flipped(made[at]!, bit)), top)).toBe(false);
        expect(verifyInclusion(index, size, leaf, made.toSpliced(at, 1), top)).toBe(false);
      }),
    );
  });

  test('is refused, not thrown at, for places that no tree has and for what is no hash', () => {
    const [leaf, other] = [leaves[0]!, leaves[1]!];
    const top = nodeOf(leaf, other);
    expect(verifyInclusion(0, 2, leaf, [other], top)).toBe(true);
    for (const index of [-1, 2, 0.5, NaN, Infinity, -Infinity, 2 ** 53]) expect(verifyInclusion(index, 2, leaf, [other], top)).toBe(false);
    for (const size of [-1, 0, 1.5, NaN, Infinity, 2 ** 53]) expect(verifyInclusion(0, size, leaf, [other], top)).toBe(false);
    const short = other.subarray(1);
    const long = Buffer.concat([other, Buffer.of(0)]);
    for (const odd of [short, long, Buffer.alloc(0)]) {
      expect(verifyInclusion(0, 2, odd, [other], top)).toBe(false);
      expect(verifyInclusion(0, 2, leaf, [odd], top)).toBe(false);
      expect(verifyInclusion(0, 2, leaf, [other], odd)).toBe(false);
      expect(verifyInclusion(0, 1, odd, [], odd)).toBe(false);
    }
  });

  test('is not made of a leaf that the tree has not', () => {
    for (const index of [-1, 5, 6, 0.5, NaN]) expect(() => inclusionProof(over(leaves), index, 5)).toThrow(RangeError);
    expect(() => inclusionProof(over(leaves), 0, Infinity)).toThrow(RangeError);
  });
});

describe('a proof of consistency', () => {
  /** One valid case has two equal texts for roots, which are no hashes: here they are refused. */
  test.each(consistency.map((one) => [one.name, one] as const))('%s', (_, { size1, size2, wantErr, ...one }) => {
    const [before, now] = [base64(one.root1), base64(one.root2)];
    const held = verifyConsistency(Number(size1), Number(size2), before, now, one.proof.map(base64));
    expect(held).toBe(!wantErr && before.length === 32);
  });

  test('is what its definition says, and holds, for every older tree of every tree', () => {
    for (let size = 1; size <= leaves.length; size++) {
      const d = leaves.slice(0, size);
      for (let old = 1; old <= size; old++) {
        const made = consistencyProof(over(leaves), old, size);
        expect(texts(made)).toEqual(texts(proof(old, d)));
        expect(verifyConsistency(old, size, mth(d.slice(0, old)), mth(d), made)).toBe(true);
      }
    }
  });

  test('holds in trees beyond 2^32', () => {
    fc.assert(
      fc.property(hugePlace, fc.maxSafeNat(), ({ index: old, size }, odd) => {
        fc.pre(old > 0);
        const hashes = sparse(odd % size);
        const [before, now] = [root(hashes, old), root(hashes, size)];
        const made = consistencyProof(hashes, old, size);
        expect(verifyConsistency(old, size, before, now, made)).toBe(true);
        expect(extend(old, size, before, now, made)).toBe(true);
      }),
    );
  });

  test('fails with any bit changed, and with a hash more or less', () => {
    fc.assert(
      fc.property(place, fc.nat(), fc.nat(255), ({ index, size }, any, bit) => {
        const old = index + 1;
        const [before, now] = [root(over(leaves), old), root(over(leaves), size)];
        const made = consistencyProof(over(leaves), old, size);
        expect(verifyConsistency(old, size, flipped(before, bit), now, made)).toBe(false);
        expect(verifyConsistency(old, size, before, flipped(now, bit), made)).toBe(false);
        expect(verifyConsistency(old, size, before, now, [...made, now])).toBe(false);
        if (made.length === 0) return;
        const at = any % made.length;
        expect(verifyConsistency(old, size, before, now, made.with(at, flipped(made[at]!, bit)))).toBe(false);
        expect(verifyConsistency(old, size, before, now, made.toSpliced(at, 1))).toBe(false);
      }),
    );
  });

  test('fails for a tree whose older leaves were changed', () => {
    const rewritten = leaves.with(3, leafOf('another record'));
    for (let old = 4; old < 40; old++) {
      const made = consistencyProof(over(rewritten), old, 40);
      expect(verifyConsistency(old, 40, mth(leaves.slice(0, old)), root(over(rewritten), 40), made)).toBe(false);
    }
  });

  test('is refused, not thrown at, for sizes that no two trees have and for what is no hash', () => {
    const [a, b] = [leaves[0]!, leaves[1]!];
    const top = nodeOf(a, b);
    expect(verifyConsistency(1, 2, a, top, [b])).toBe(true);
    for (const old of [-1, 0, 3, 0.5, NaN, Infinity]) expect(verifyConsistency(old, 2, a, top, [b])).toBe(false);
    for (const size of [-1, 0, 1.5, NaN, Infinity, 2 ** 53]) expect(verifyConsistency(1, size, a, top, [b])).toBe(false);
    expect(verifyConsistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])).toBe(false);
    for (const odd of [b.subarray(1), Buffer.concat([b, Buffer.of(0)]), Buffer.alloc(0)]) {
      expect(verifyConsistency(1, 2, odd, top, [b])).toBe(false);
      expect(verifyConsistency(1, 2, a, odd, [b])).toBe(false);
      expect(verifyConsistency(1, 2, a, top, [odd])).toBe(false);
      expect(verifyConsistency(1, 1, odd, odd, [])).toBe(false);
    }
  });

  test('is not made of sizes that no two trees have', () => {
    for (const old of [-1, 0, 6, 0.5, NaN]) expect(() => consistencyProof(over(leaves), old, 5)).toThrow(RangeError);
    expect(() => consistencyProof(over(leaves), 1, Infinity)).toThrow(RangeError);
  });
});
