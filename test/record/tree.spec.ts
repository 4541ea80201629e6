import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppendFailed } from '../../src/log/event-log.js';
import { consistencyProof, inclusionProof, root } from '../../src/proof/tree.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';
import { UnfitFile, openForWriting } from '../../src/record/schema.js';
import { tileId } from '../../src/record/tree.js';
import { behind, made, many } from '../log/made.js';
import { watchCommits } from '../log/writing.js';
import { extend, includes, leafOf, mth, path, proof } from '../proof/definition.js';
import { growTo, next } from '../proof/grown.js';
import { rounds } from './rounds.js';

/** The sizes at which a tile, or a tile of tiles, is about to be full, full, and begun anew. */
const SIZES = [1, 255, 256, 257, 65_536, 65_537];

const entriesOf = ({ writer }: OpenRecord) =>
  writer.db.prepare<[], Buffer>('SELECT CAST(bytes AS BLOB) FROM events ORDER BY sequence').pluck().all();
const tilesOf = ({ writer }: OpenRecord) =>
  new Map(writer.db.prepare<[], [number, Buffer]>('SELECT id, nodes FROM tiles ORDER BY id').raw().all());
/** An assertion on bytes looks at each by itself. */
const texts = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('hex'));
const leavesOf = (record: OpenRecord) => entriesOf(record).map(leafOf);
const rootOf = ({ writer: { tree } }: OpenRecord, size = tree.size) => root(tree.hashes(), size);

/** A generator of numbers that gives the same ones each time. */
function drawn(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

let folder: string;
let record: OpenRecord;
const open = () => {
  folder = mkdtempSync(join(tmpdir(), 'zonewatch-tree-'));
  record = openRecord(folder);
};
const leave = async () => {
  await record.close();
  rmSync(folder, { recursive: true });
};
const reopen = async () => {
  await record.close();
  record = openRecord(folder);
};

describe('the tree of a record', () => {
  beforeAll(open);
  afterAll(leave);

  /** The roots that the definition gives, by size. What was a root once stays the root of that size. */
  const roots = new Map<number, Buffer>();

  const known: { entry: Buffer; leaf: Buffer }[] = [];
  /** The leaves of entries. One that has not changed since is not hashed again. */
  const hashed = (entries: readonly Buffer[]) =>
    entries.map((entry, at) => {
      if (!known[at]?.entry.equals(entry)) known[at] = { entry, leaf: leafOf(entry) };
      return known[at].leaf;
    });

  /** That all the tree tells is as RFC 6962 defines it over the stored bytes, at this size and at all that were looked at before. */
  const holdsToTheDefinition = (random: (below: number) => number) => {
    const leaves = hashed(entriesOf(record));
    const size = leaves.length;
    // Joined: an assertion looks at each byte by itself.
    const stored = record.writer.db.prepare<[], Buffer>('SELECT leaf FROM events ORDER BY sequence').pluck().all();
    expect(Buffer.concat(stored).equals(Buffer.concat(leaves))).toBe(true);

    const { tree } = record.writer;
    expect(tree.size).toBe(size);
    for (const some of [size, 1 + random(size)]) roots.set(some, roots.get(some) ?? mth(leaves.slice(0, some)));
    for (const [old, oldRoot] of roots) {
      expect(rootOf(record, old).equals(oldRoot)).toBe(true);
      expect(extend(old, size, oldRoot, roots.get(size)!, consistencyProof(tree.hashes(), old, size))).toBe(true);
      for (const index of [0, old - 1, ...Array.from({ length: 20 }, () => random(old))])
        expect(includes(index, old, leaves[index]!, inclusionProof(tree.hashes(), index, old), oldRoot)).toBe(true);
    }
  };

  test.each(SIZES)('is RFC 6962 to the letter with %i events, and after the record was opened again', async (size) => {
    growTo(record, size);
    holdsToTheDefinition(drawn(size));
    await reopen();
    holdsToTheDefinition(drawn(size));
  });

  test('has stored each full tile once, its hashes first, and no other', () => {
    const leaves = hashed(entriesOf(record));
    const tiles = tilesOf(record);
    expect([...tiles.keys()]).toEqual([...Array.from({ length: 256 }, (_, at) => tileId(0, at)), tileId(1, 0)]);
    for (const at of [0, 1, 255])
      expect(
        tiles
          .get(tileId(0, at))!
          .subarray(0, 256 * 32)
          .equals(Buffer.concat(leaves.slice(at * 256, at * 256 + 256))),
      ).toBe(true);
    const tops = Array.from({ length: 256 }, (_, at) => mth(leaves.slice(at * 256, at * 256 + 256)));
    expect(
      tiles
        .get(tileId(1, 0))!
        .subarray(0, 256 * 32)
        .equals(Buffer.concat(tops)),
    ).toBe(true);
  });
});

describe('a tree that grows', () => {
  beforeEach(open);
  afterEach(leave);

  test('gives the proofs of the definition, hash for hash, between any two sizes', () => {
    growTo(record, 300, 7);
    const leaves = leavesOf(record);
    const { tree } = record.writer;
    const sizes = fc.integer({ min: 1, max: 300 }).chain((size) => fc.tuple(fc.integer({ min: 1, max: size }), fc.constant(size)));
    fc.assert(
      fc.property(sizes, ([old, size]) => {
        const held = leaves.slice(0, size);
        expect(texts(inclusionProof(tree.hashes(), old - 1, size))).toEqual(texts(path(old - 1, held)));
        expect(texts(consistencyProof(tree.hashes(), old, size))).toEqual(texts(proof(old, held)));
      }),
      { seed: 5, numRuns: rounds(60) },
    );
  });

  test('is one and the same however its events are grouped, whatever is lost between, and wherever it was opened again', async () => {
    const group = fc.record({
      size: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 240, max: 270 }), fc.integer({ min: 500, max: 800 })),
      end: fc.constantFrom('commit', 'commit', 'commit', 'rollback', 'reopen'),
    });
    const grows = async (groups: { size: number; end: string }[]) => {
      await leave();
      open();
      record.writer.db.pragma('synchronous = OFF');
      const sizes = [];
      for (const { size, end } of groups) {
        record.writer.begin();
        record.writer.take(next(record, size));
        if (end === 'rollback') record.writer.rollback();
        else record.writer.commit();
        if (end === 'reopen') await reopen();
        sizes.push(record.writer.tree.size);
      }
      const leaves = leavesOf(record);
      expect(record.writer.tree.size).toBe(leaves.length);
      for (const size of sizes) expect(rootOf(record, size)).toEqual(mth(leaves.slice(0, size)));
      expect(tilesOf(record).size).toBe(Math.floor(leaves.length / 256));
    };
    await fc.assert(fc.asyncProperty(fc.array(group, { minLength: 2, maxLength: 8 }), grows), { seed: 6962, numRuns: rounds(6) });
  });

  test('keeps nothing of a commit that failed as it filled a tile', async () => {
    const { failNextCommit } = watchCommits(record.writer);
    growTo(record, 250);
    const before = rootOf(record);
    failNextCommit();
    const lost = many('zone-idlib', 20).map((event, at) => record.log.append('zone-idlib', behind(at), [event]));
    for (const outcome of await Promise.allSettled(lost))
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(AppendFailed) as unknown });
    expect([record.writer.tree.size, tilesOf(record).size]).toEqual([250, 0]);
    expect(rootOf(record)).toEqual(before);
    await record.log.append('zone-idlib', 'none', many('zone-idlib', 7));
    expect(record.writer.tree.size).toBe(257);
    expect(rootOf(record)).toEqual(mth(leavesOf(record)));
    expect(tilesOf(record).size).toBe(1);
  });

  test('shows nothing of a group before it is committed', () => {
    growTo(record, 255);
    const before = rootOf(record);
    record.writer.begin();
    record.writer.take(next(record, 5));
    expect([record.writer.tree.size, rootOf(record)]).toEqual([255, before]);
    record.writer.commit();
    expect(record.writer.tree.size).toBe(260);
  });

  test('shows an older tree to a proof that was begun before it grew', () => {
    growTo(record, 255);
    const hashes = record.writer.tree.hashes();
    growTo(record, 600);
    expect(root(hashes, 255)).toEqual(mth(leavesOf(record).slice(0, 255)));
  });

  test.each([
    "UPDATE tiles SET nodes = x''",
    'UPDATE tiles SET id = id + 7',
    'DELETE FROM tiles',
    'INSERT OR REPLACE INTO tiles SELECT id, zeroblob(32) FROM tiles',
  ])('has tiles that are not changed by %s', (statement) => {
    growTo(record, 600);
    const before = tilesOf(record);
    expect(() => record.writer.db.exec(statement)).toThrow('tiles are immutable');
    expect(tilesOf(record)).toEqual(before);
  });

  test('hashes the UTF-8 of a text in any script', async () => {
    await record.log.append('zone-idlib', 'none', [made('zone-idlib', 'إدلب \u0000 \u{1F54A}')]);
    expect(rootOf(record)).toEqual(leafOf(entriesOf(record)[0]!));
    expect(entriesOf(record)[0]!.toString()).toContain('إدلب \\u0000 \u{1F54A}');
  });
});

describe('a record whose tree and events do not belong together', () => {
  beforeEach(open);
  afterEach(() => rmSync(folder, { recursive: true }));

  /** What opening says after somebody has changed the file without asking. */
  const refusalAfter = async (size: number, ...statements: string[]) => {
    growTo(record, size);
    await record.close();
    const db = openForWriting(join(folder, 'record.db'));
    for (const name of ['events_are_not_deleted', 'tiles_are_not_deleted']) db.exec(`DROP TRIGGER ${name}`);
    for (const statement of statements) db.exec(statement);
    db.close();
    try {
      await openRecord(folder).close();
    } catch (error) {
      expect(error).toBeInstanceOf(UnfitFile);
      expect((error as Error).message).toContain('zonewatch verify');
      return (error as Error).message;
    }
    throw new Error('it was opened');
  };

  test.each([256, 300, 512])('is refused where the last of %i events is gone and its tile is not', async (size) => {
    expect(await refusalAfter(size, 'DELETE FROM events WHERE sequence > 255')).toContain('255');
  });

  test('is refused where an event behind the last tile is gone', async () => {
    expect(await refusalAfter(300, 'DELETE FROM events WHERE sequence = 290')).toContain('300');
  });

  test.each([0, 1, 2])('is refused where tile %i of four is gone', async (index) => {
    expect(await refusalAfter(1_100, `DELETE FROM tiles WHERE id = ${index}`)).toContain('tile');
  });

  test('makes the last tile again where only that is gone', async () => {
    growTo(record, 600);
    const before = tilesOf(record);
    await record.close();
    const db = openForWriting(join(folder, 'record.db'));
    db.exec('DROP TRIGGER tiles_are_not_deleted; DELETE FROM tiles WHERE id = 1');
    db.close();
    record = openRecord(folder);
    expect(tilesOf(record)).toEqual(before);
    await record.close();
  });
});
