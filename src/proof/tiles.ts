import { HASH_BYTES, nodeHash } from './hash.js';
import { TILE_WIDTH, hashesAt } from './tile-path.js';
import type { Hashes } from './tree.js';

/** The rows of the subtree over a tile: its 256 hashes, the 128 nodes over them, and so on to its one root. */
export const HEIGHT = 8;

/** At which node each row begins. */
const ROW_STARTS = Array.from({ length: HEIGHT + 1 }, (_, row) => 2 * TILE_WIDTH - 2 * (TILE_WIDTH >> row));

/**
 * A tile that is full, and so for ever as it is. `nodes` is its whole subtree row by row, 511 hashes: the first 256 are the tile as it is
 * served, the last is its root, and a proof reads any of them without hashing.
 */
export interface FullTile {
  level: number;
  index: number;
  nodes: Buffer;
}

/** The right edge of a tree: of each level the tile that is not full yet. A tree can grow, and show its root, from this alone. */
export type Edge = readonly { index: number; hashes: readonly Buffer[] }[];

/** The edge after more leaves, and the tiles that they fill, the lower levels first. The edge before stays as it is: a commit may fail. */
export function grow(edge: Edge, leaves: readonly Buffer[]): { edge: Edge; full: FullTile[] } {
  const grown = [...edge];
  const full: FullTile[] = [];
  let added = leaves;
  for (let level = 0; added.length > 0; level++) {
    let { index, hashes } = grown[level] ?? { index: 0, hashes: [] };
    hashes = [...hashes, ...added];
    const roots: Buffer[] = [];
    let at = 0;
    for (; hashes.length - at >= TILE_WIDTH; at += TILE_WIDTH) {
      const nodes = nodesOver(hashes.slice(at, at + TILE_WIDTH));
      full.push({ level, index: index++, nodes });
      // A copy: a view would keep the 16 kB of the tile in memory for its 32 bytes.
      roots.push(Buffer.from(nodeAt(nodes, HEIGHT, 0)));
    }
    grown[level] = { index, hashes: hashes.slice(at) };
    added = roots;
  }
  return { edge: grown, full };
}

/** The edge of a tree of `size`. It asks for leaves and for the roots of full tiles, fewer than 256 of each level. */
export function edgeOf(hashes: Hashes, size: number): Edge {
  const edge: { index: number; hashes: Buffer[] }[] = [];
  for (let level = 0, count = size; count > 0; count = hashesAt(++level, size)) {
    const index = Math.floor(count / TILE_WIDTH);
    const first = index * TILE_WIDTH;
    edge.push({ index, hashes: Array.from({ length: count - first }, (_, at) => hashes({ level: level * HEIGHT, index: first + at })) });
  }
  return edge;
}

/**
 * The hashes of a tree out of its edge and its full tiles. `readTile` gives the nodes of a full tile, and is asked once for each: a proof
 * costs one read a level. A resolver is for one proof, since it keeps what it read.
 */
export function resolver(edge: Edge, readTile: (level: number, index: number) => Buffer): Hashes {
  const read = new Map<string, Buffer>();
  return ({ level, index }) => {
    const row = level % HEIGHT;
    const tileLevel = (level - row) / HEIGHT;
    const rowWidth = TILE_WIDTH >> row;
    const place = index % rowWidth;
    const tileIndex = (index - place) / rowWidth;
    const open = edge[tileLevel];
    if (open?.index === tileIndex) return nodeOver(open.hashes, row, place);
    const key = `${tileLevel}/${tileIndex}`;
    const nodes = read.get(key) ?? readTile(tileLevel, tileIndex);
    read.set(key, nodes);
    return nodeAt(nodes, row, place);
  };
}

/** A tile as it is served: its hashes, one after the other. */
export function tileBytes(hashes: Hashes, { level, index, width }: { level: number; index: number; width: number }): Buffer {
  return Buffer.concat(Array.from({ length: width }, (_, at) => hashes({ level: level * HEIGHT, index: index * TILE_WIDTH + at })));
}

function nodesOver(hashes: readonly Buffer[]): Buffer {
  const rows = [hashes];
  for (let row = 1; row <= HEIGHT; row++) rows.push(pairUp(rows[row - 1]!));
  return Buffer.concat(rows.flat());
}

function pairUp(row: readonly Buffer[]): Buffer[] {
  return Array.from({ length: row.length / 2 }, (_, at) => nodeHash(row[2 * at]!, row[2 * at + 1]!));
}

function nodeAt(nodes: Buffer, row: number, place: number): Buffer {
  const start = (ROW_STARTS[row]! + place) * HASH_BYTES;
  return nodes.subarray(start, start + HASH_BYTES);
}

/** What was hashed over tiles that are not full yet: one proof after the other asks for the same. */
const nodesOverOpen = new WeakMap<readonly Buffer[], Map<number, Buffer>>();

/** A node over the hashes of a tile that is not full yet. */
function nodeOver(hashes: readonly Buffer[], row: number, place: number): Buffer {
  if (row === 0) return hashes[place]!;
  const known = nodesOverOpen.get(hashes) ?? new Map<number, Buffer>();
  nodesOverOpen.set(hashes, known);
  const at = ROW_STARTS[row]! + place;
  const node = known.get(at) ?? nodeHash(nodeOver(hashes, row - 1, 2 * place), nodeOver(hashes, row - 1, 2 * place + 1));
  known.set(at, node);
  return node;
}
