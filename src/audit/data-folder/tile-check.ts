import { HASH_BYTES } from '../../proof/hash.js';
import { TILE_WIDTH } from '../../proof/tile-path.js';
import { grow, type FullTile } from '../../proof/tiles.js';
import type { Db } from '../../record/schema.js';
import { tileId } from '../../record/tree.js';
import type { Finding } from '../finding.js';
import { isSame } from './is-same.js';
import { readable } from './readable.js';

const HASHES_BYTES = TILE_WIDTH * HASH_BYTES;

/** Holds the rows of `tiles` against the tiles that the events fill. */
export class TileCheck {
  private readonly selectNodes;

  constructor(
    private readonly db: Db,
    /** How many events the checkpoint covers. */
    private readonly covered: number,
  ) {
    this.selectNodes = db.prepare<[number], unknown>('SELECT nodes FROM tiles WHERE id = ?').pluck();
  }

  /**
   * What is wrong with a tile but its hashes, where the checkpoint covers these: they are held against the events as those of every source
   * are. A tile says nothing against itself where its events were changed.
   */
  wrong({ level, index, nodes }: FullTile): Finding[] {
    const span = TILE_WIDTH ** level;
    const first = index * TILE_WIDTH * span;
    const isCovered = first + TILE_WIDTH * span <= this.covered;
    const stored = readable(first + 1, () => this.selectNodes.get(tileId(level, index)));
    if (isSame(nodes, stored)) return [];
    const fault = (what: string, at = 0) => ({
      code: 'tile-changed' as const,
      message: `the tile ${level}/${index} ${what}`,
      sequence: first + at * span + 1,
    });
    if (!Buffer.isBuffer(stored) || stored.length !== nodes.length) {
      if (isCovered && (stored === undefined || (Buffer.isBuffer(stored) && stored.length < HASHES_BYTES))) return [];
      return [fault(stored === undefined ? 'is missing' : 'is none')];
    }
    const other = isCovered ? -1 : placeOf(nodes, stored, 0, TILE_WIDTH);
    if (other >= 0) return [fault('has other hashes than the events', other)];
    const own = grow([], hashesOf(stored)).full[0]!.nodes;
    // Where the inner nodes are over the events, it is a hash that was changed.
    if (own.equals(stored) || nodes.subarray(HASHES_BYTES).equals(stored.subarray(HASHES_BYTES))) return [];
    const [from, to] = beneath(placeOf(own, stored, TILE_WIDTH, own.length / HASH_BYTES));
    return [fault(`has another hash over the events ${first + from * span + 1} to ${first + to * span} than over their own`, from)];
  }

  /** Whether there are more tiles, or fewer, than so many events fill. */
  *count(head: number): Generator<Finding> {
    const tiles = this.db.prepare<[], number>('SELECT count(*) FROM tiles').pluck().get()!;
    let expected = 0;
    for (let count = Math.floor(head / TILE_WIDTH); count > 0; count = Math.floor(count / TILE_WIDTH)) expected += count;
    if (tiles !== expected) yield { code: 'tile-changed', message: `there are ${tiles} tiles, and ${expected} that the events fill` };
  }
}

function hashesOf(nodes: Buffer): Buffer[] {
  return Array.from({ length: TILE_WIDTH }, (_, at) => nodes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
}

/** The first of the nodes of two tiles, between two places, that is not the same; -1 where all are. */
function placeOf(one: Buffer, other: Buffer, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const end = (at + 1) * HASH_BYTES;
    if (one.compare(other, end - HASH_BYTES, end, end - HASH_BYTES, end) !== 0) return at;
  }
  return -1;
}

/** From which to which hash of its tile an inner node goes: row by row they are half as many, each over twice as many. */
function beneath(node: number): [from: number, to: number] {
  let span = 1;
  let place = node;
  for (let row = TILE_WIDTH; place >= row && row > 1; row /= 2) {
    place -= row;
    span *= 2;
  }
  return [place * span, (place + 1) * span];
}
