import { HASH_BYTES, leafHash } from '../proof/hash.js';
import { HEIGHT, edgeOf, grow, resolver, type Edge } from '../proof/tiles.js';
import { TILE_WIDTH } from '../proof/tile-path.js';
import type { Hashes } from '../proof/tree.js';
import { UnfitFile, type Db } from './schema.js';

/** How many tiles above the lowest are kept in memory: 1 MiB of them, for 4 million events. */
const MAX_UPPER = 64;

/** More tiles than a level can have, so that a level and an index make one number. */
const LEVEL = 2 ** 40;

/** What a full tile goes by in `tiles`. */
export function tileId(level: number, index: number): number {
  return level * LEVEL + index;
}

/**
 * The RFC 6962 tree over the events of record.db. What is full stands in `tiles`, written by the transaction that fills it; the edge is in
 * memory, and is made from the last events at each start, so that it can't say anything else than they do.
 */
export class RecordTree {
  private readonly insertTile;
  private readonly selectTile;
  private edge: Edge;
  private next: Edge;
  private leaves: Buffer[] = [];
  private readonly upper = new Map<number, Buffer>();
  private durable = 0;

  /** Tiles that are missing behind the others are made: a record from before there were any has none. */
  constructor(private readonly db: Db) {
    this.insertTile = db.prepare('INSERT OR FAIL INTO tiles VALUES (?, ?)');
    this.selectTile = db.prepare<[number], Buffer>('SELECT nodes FROM tiles WHERE id = ?').pluck();
    const tiled = db.prepare<[number], number>('SELECT count(*) FROM tiles WHERE id < ?').pluck().get(tileId(1, 0))! * TILE_WIDTH;
    this.refuseGaps(tiled);
    this.edge = this.next = edgeOf(({ level, index }) => this.rootOfTile(level / HEIGHT - 1, index), tiled);
    this.durable = tiled;
    this.growFrom(tiled);
  }

  /** The leaf of an event, which joins the tree with the transaction. */
  take(bytes: string): Buffer {
    const leaf = leafHash(bytes);
    this.leaves.push(leaf);
    return leaf;
  }

  /** Writes the tiles that the new leaves fill, in the open transaction. */
  store(): void {
    const { edge, full } = grow(this.edge, this.leaves);
    for (const { level, index, nodes } of full) this.insertTile.run(tileId(level, index), nodes);
    this.next = edge;
  }

  /** The transaction is durable. */
  settle(): void {
    this.edge = this.next;
    this.durable += this.leaves.length;
    this.leaves = [];
  }

  /** The transaction is lost. */
  forget(): void {
    this.leaves = [];
  }

  /** How many leaves are durable. */
  get size(): number {
    return this.durable;
  }

  /** The hashes over all that is durable, for one proof. */
  hashes(): Hashes {
    return resolver(this.edge, (level, index) => this.tile(level, index));
  }

  /** Behind a gap, or behind tiles that outlasted their events, an event would not be the leaf that its sequence says. */
  private refuseGaps(tiled: number): void {
    const { last, behind } = this.db
      .prepare<[number], { last: number; behind: number }>(
        'SELECT (SELECT ifnull(max(sequence), 0) FROM events) AS last, count(*) AS behind FROM events WHERE sequence > ?',
      )
      .get(tiled)!;
    const lastTile = this.db.prepare<[number], number>('SELECT ifnull(max(id), -1) FROM tiles WHERE id < ?').pluck().get(tileId(1, 0))!;
    if (last === tiled + behind && (lastTile + 1) * TILE_WIDTH === tiled) return;
    throw new UnfitFile(
      `the record has lost some of its events or tiles: its last event is ${last}, its tree has ${tiled + behind} leaves, and its last ` +
        `full tile ends at ${(lastTile + 1) * TILE_WIDTH}. Put back a whole record.db; \`zonewatch verify\` tells what is amiss.`,
    );
  }

  private growFrom(tiled: number): void {
    const select = this.db
      .prepare<[number], string>(`SELECT bytes FROM events WHERE sequence > ? ORDER BY sequence LIMIT ${TILE_WIDTH}`)
      .pluck();
    for (let after = tiled; ; after += TILE_WIDTH) {
      const page = select.all(after);
      if (page.length === 0) return;
      for (const bytes of page) this.take(bytes);
      this.db.transaction(() => this.store())();
      this.settle();
    }
  }

  /** A full tile, which never changes. Those above the lowest are few, and each proof passes them: they are kept at hand. */
  private tile(level: number, index: number): Buffer {
    const id = tileId(level, index);
    const kept = this.upper.get(id);
    if (kept) return kept;
    const nodes = this.selectTile.get(id);
    if (!nodes)
      throw new UnfitFile(`the record lacks the tile ${level}/${index} of its tree. \`zonewatch verify\` tells what else is amiss.`);
    if (level > 0) this.keep(id, nodes);
    return nodes;
  }

  private keep(id: number, nodes: Buffer): void {
    if (this.upper.size >= MAX_UPPER) this.upper.delete(this.upper.keys().next().value!);
    this.upper.set(id, nodes);
  }

  private rootOfTile(level: number, index: number): Buffer {
    // A copy: a view would keep the whole tile in memory.
    return Buffer.from(this.tile(level, index).subarray(-HASH_BYTES));
  }
}
