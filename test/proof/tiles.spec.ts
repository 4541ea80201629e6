import fc from 'fast-check';
import { formatBundle, parseBundle } from '../../src/proof/entry-bundle.js';
import { parseTilePath, tilePath, tileWidth, type Tile } from '../../src/proof/tile-path.js';
import { edgeOf, grow, resolver, tileBytes, type Edge } from '../../src/proof/tiles.js';
import { consistencyProof, inclusionProof, root, verifyConsistency, verifyInclusion, type Hashes } from '../../src/proof/tree.js';
import { rounds } from '../record/rounds.js';
import { leafOf, mth } from './definition.js';
import { base64, vectors } from './vectors.js';

interface Path {
  path: string;
  level: number | 'entries';
  index: string;
  width: number;
  error?: boolean;
}

const derived = vectors<{
  roots: Record<string, string>;
  inclusion: { index: number; size: number; proof: string[] }[];
  consistency: { old: number; size: number; proof: string[] }[];
}>('derived');
const published = vectors<{ size: number; root: string; tiles: Record<string, string> }>('tiles-300');
const tessera = vectors<{ words: string[]; tiles: Record<string, string>; entries: Record<string, string> }>('tessera-log');
const paths = vectors<{
  parse: { cases: Path[] };
  format: { cases: Path[] };
  bundleOfEvent: { cases: { index: number; size: number; path: string }[] };
  tilesOfTree: { cases: { size: number; levels: { full: number; partial: number }[] }[] };
}>('tile-paths');

const EDGE_SIZES = [0, 1, 255, 256, 257, 65_535, 65_536, 65_537];

const leaves = Array.from({ length: 66_000 }, (_, at) => leafOf(`record ${at}`));
const roots = new Map(Object.entries(derived.roots).map(([size, hash]) => [Number(size), base64(hash)]));

/** A log as a record would keep it: the edge in memory, and full tiles that are written once. */
class Log {
  edge: Edge = [];
  size = 0;
  reads: string[] = [];
  readonly tiles = new Map<string, Buffer>();

  append(group: readonly Buffer[]): void {
    const { edge, full } = grow(this.edge, group);
    for (const { level, index, nodes } of full) {
      expect(this.tiles.has(`${level}/${index}`)).toBe(false);
      this.tiles.set(`${level}/${index}`, nodes);
    }
    this.edge = edge;
    this.size += group.length;
  }

  get hashes(): Hashes {
    this.reads = [];
    return resolver(this.edge, (level, index) => {
      this.reads.push(`${level}/${index}`);
      const nodes = this.tiles.get(`${level}/${index}`);
      if (!nodes) throw new Error(`no tile ${level}/${index}`);
      return nodes;
    });
  }
}

function logOf(size: number): Log {
  const log = new Log();
  log.append(leaves.slice(0, size));
  return log;
}

describe('a tree that grows', () => {
  test('is what its definition says after any groups, whether or not one of them failed', () => {
    const groups = fc.array(fc.record({ length: fc.integer({ min: 0, max: 600 }), fails: fc.boolean() }), { maxLength: 12 });
    fc.assert(
      fc.property(groups, (some) => {
        const log = new Log();
        for (const { length, fails } of some) {
          const group = leaves.slice(log.size, log.size + length);
          if (fails) grow(log.edge, group);
          else log.append(group);
        }
        expect(root(log.hashes, log.size)).toEqual(mth(leaves.slice(0, log.size)));
        expect(log.edge).toEqual(logOf(log.size).edge);
      }),
      { numRuns: rounds(25) },
    );
  });

  test('has the roots of the vectors, at every size that fills a tile or begins one', () => {
    const log = new Log();
    for (const [size, hash] of [...roots].sort(([a], [b]) => a - b)) {
      while (log.size < size) log.append(leaves.slice(log.size, Math.min(size, log.size + 256)));
      expect(root(log.hashes, size)).toEqual(hash);
    }
    for (const [size, hash] of roots) expect(root(log.hashes, size)).toEqual(hash);
    expect(log.edge.map(({ index, hashes }) => [index, hashes.length])).toEqual([
      [256, 1],
      [1, 0],
      [0, 1],
    ]);
  });

  test('fills one tile for 256 leaves, with all the nodes over them, and hands out nothing that keeps it', () => {
    const { full, edge } = grow([], leaves.slice(0, 257));
    expect(full.map(({ level, index }) => [level, index])).toEqual([[0, 0]]);
    const { nodes } = full[0]!;
    expect(nodes.length).toBe(511 * 32);
    expect(nodes.subarray(0, 8_192)).toEqual(Buffer.concat(leaves.slice(0, 256)));
    expect(nodes.subarray(8_192, 8_224)).toEqual(mth(leaves.slice(0, 2)));
    expect(nodes.subarray(-32)).toEqual(roots.get(256));
    const [above] = edge[1]!.hashes;
    expect(above!.equals(roots.get(256)!)).toBe(true);
    nodes.fill(0);
    expect(above!.equals(roots.get(256)!)).toBe(true);
  });

  test.each(EDGE_SIZES)('finds its edge again at %i, out of fewer than 256 hashes a level', (size) => {
    const log = logOf(size);
    let asked = 0;
    const edge = edgeOf((subtree) => {
      asked++;
      const { level, index } = subtree;
      expect(level % 8).toBe(0);
      return level === 0 ? leaves[index]! : log.tiles.get(`${level / 8 - 1}/${index}`)!.subarray(-32);
    }, size);
    expect(edge).toEqual(log.edge);
    expect(asked).toBeLessThan(256 * Math.max(edge.length, 1));
  });
});

describe('a proof out of tiles', () => {
  const log = logOf(66_000);
  const rootOf = (size: number) => roots.get(size) ?? root(log.hashes, size);

  test('is that of the vectors, from the newest tree and from the tree of its size', () => {
    for (const { index, size, proof } of derived.inclusion) {
      for (const from of [log, logOf(size)]) expect(inclusionProof(from.hashes, index, size)).toEqual(proof.map(base64));
    }
    for (const { old, size, proof } of derived.consistency) {
      for (const from of [log, logOf(size)]) expect(consistencyProof(from.hashes, old, size)).toEqual(proof.map(base64));
    }
  });

  test('holds at the sizes that fill a tile or begin one', () => {
    for (const size of EDGE_SIZES.filter((size) => size > 0)) {
      for (const index of EDGE_SIZES.filter((index) => index < size)) {
        const made = inclusionProof(log.hashes, index, size);
        expect(verifyInclusion(index, size, leaves[index]!, made, rootOf(size))).toBe(true);
      }
      for (const old of EDGE_SIZES.filter((old) => 0 < old && old <= size)) {
        const made = consistencyProof(log.hashes, old, size);
        expect(verifyConsistency(old, size, rootOf(old), rootOf(size), made)).toBe(true);
      }
    }
  });

  test('holds for any leaf and any two sizes, and reads a tile once, and one for each level but at the edges', () => {
    const place = fc.tuple(fc.integer({ min: 1, max: 66_000 }), fc.nat()).map(([size, any]) => ({ size, index: any % size }));
    fc.assert(
      fc.property(place, ({ size, index }) => {
        const included = inclusionProof(log.hashes, index, size);
        expect(new Set(log.reads).size).toBe(log.reads.length);
        expect(log.reads.length).toBeLessThanOrEqual(4);
        expect(verifyInclusion(index, size, leaves[index]!, included, rootOf(size))).toBe(true);
        const extends_ = consistencyProof(log.hashes, index + 1, size);
        expect(new Set(log.reads).size).toBe(log.reads.length);
        expect(verifyConsistency(index + 1, size, rootOf(index + 1), rootOf(size), extends_)).toBe(true);
      }),
      { numRuns: rounds(200) },
    );
  });
});

describe('a tile as it is served', () => {
  test('is that of a published log, full, partial and of the level above', () => {
    for (const from of [logOf(300), logOf(66_000)]) {
      for (const [path, bytes] of Object.entries(published.tiles)) {
        const tile = parseTilePath(path)!;
        expect(tileBytes(from.hashes, { ...tile, level: Number(tile.level) })).toEqual(base64(bytes));
        expect(tileWidth(tile, published.size)).toBe(tile.width);
      }
      expect(root(from.hashes, published.size)).toEqual(base64(published.root));
    }
  });

  test('is that of a Tessera log at each of its sizes', () => {
    const log = new Log();
    for (const word of tessera.words) {
      log.append([leafOf(word)]);
      const tile = { level: 0, index: 0, width: log.size };
      expect(tileBytes(log.hashes, tile)).toEqual(base64(tessera.tiles[tilePath(tile)]!));
    }
  });
});

describe('the path of a tile', () => {
  test.each(paths.parse.cases.map((one) => [one.path, one] as const))('%s is read', (path, { level, index, width, error }) => {
    const countable = !error && Number.isSafeInteger(Number(index));
    expect(parseTilePath(path)).toEqual(countable ? { level, index: Number(index), width } : undefined);
  });

  test.each(paths.format.cases.map((one) => [one.path, one] as const))('%s is written, and read', (path, { level, index, width }) => {
    const tile = { level, index: Number(index), width };
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  test('of a bundle is that of the vectors', () => {
    for (const { index: event, size, path } of paths.bundleOfEvent.cases) {
      const bundle = { level: 'entries', index: Math.floor(event / 256) } as const;
      expect(tilePath({ ...bundle, width: tileWidth(bundle, size) })).toBe(path);
    }
  });

  test('is one for each tile', () => {
    const levels = fc.oneof(fc.nat(63), fc.constant('entries' as const));
    const tiles: fc.Arbitrary<Tile> = fc.record({ level: levels, index: fc.maxSafeNat(), width: fc.integer({ min: 1, max: 256 }) });
    fc.assert(fc.property(tiles, (tile) => expect(parseTilePath(tilePath(tile))).toEqual(tile)));
    const others = [
      'x000/005',
      '000.p/0',
      '000.p/007',
      '000.p/256',
      '000.p/-1',
      '000.p/1.0',
      '5',
      'x5',
      '0005',
      '000/',
      '000 ',
      '000\n',
      '٠٠٠',
    ];
    for (const other of others) expect(parseTilePath(`tile/0/${other}`)).toBeUndefined();
    const rest = [
      'tile/00/000',
      'tile/64/000',
      'tile//000',
      'tile/1e1/000',
      'tile/entry/000',
      '/tile/0/000',
      'tile/0',
      '',
      'tile/0/x009/x007/x199/x254/x740/992',
    ];
    for (const other of rest) expect(parseTilePath(other)).toBeUndefined();
  });
});

describe('the tiles of a tree', () => {
  test('are those of the specification', () => {
    for (const { size, levels } of paths.tilesOfTree.cases) {
      levels.forEach(({ full, partial }, level) => {
        if (full > 0) expect(tileWidth({ level, index: full - 1 }, size)).toBe(256);
        expect(tileWidth({ level, index: full }, size)).toBe(partial);
        expect(tileWidth({ level, index: full + 1 }, size)).toBe(0);
      });
      expect(tileWidth({ level: levels.length, index: 0 }, size)).toBe(0);
      expect(tileWidth({ level: 63, index: 0 }, size)).toBe(0);
    }
  });

  test('have as many entries as the tree has leaves, and none beyond', () => {
    expect([0, 1, 2].map((index) => tileWidth({ level: 'entries', index }, 300))).toEqual([256, 44, 0]);
    expect(tileWidth({ level: 'entries', index: 0 }, 0)).toBe(0);
    expect(tileWidth({ level: 0, index: Number.MAX_SAFE_INTEGER }, Number.MAX_SAFE_INTEGER)).toBe(0);
  });
});

describe('a bundle of entries', () => {
  test('is that of a Tessera log at each of its sizes', () => {
    const words = tessera.words.map((word) => Buffer.from(word));
    for (const [path, bytes] of Object.entries(tessera.entries)) {
      const entries = words.slice(0, parseTilePath(path)!.width);
      expect(formatBundle(entries)).toEqual(base64(bytes));
      expect(parseBundle(base64(bytes))).toEqual(entries);
    }
  });

  test('gives back what was put in, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 })), (some) => {
        const entries = some.map((entry) => Buffer.from(entry));
        expect(parseBundle(formatBundle(entries))).toEqual(entries);
      }),
    );
  });

  test('takes entries of 65,535 bytes and no longer ones', () => {
    const longest = Buffer.alloc(65_535, 7);
    expect(parseBundle(formatBundle([longest, longest]))).toEqual([longest, longest]);
    expect(() => formatBundle([Buffer.alloc(65_536)])).toThrow(RangeError);
  });

  test('is malformed where it ends within an entry or its length', () => {
    const bundle = formatBundle([Buffer.from('one'), Buffer.from('two')]);
    for (const length of [1, 2, 3, 4, 6, 7, 9]) {
      expect(() => parseBundle(bundle.subarray(0, length))).toThrow(expect.objectContaining({ code: 'malformed-bundle' }));
    }
    expect(parseBundle(bundle.subarray(0, 5))).toEqual([Buffer.from('one')]);
  });
});
