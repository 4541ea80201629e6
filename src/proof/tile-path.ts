/** How many hashes a full tile has, and how many entries a full bundle. */
export const TILE_WIDTH = 256;

const MAX_LEVEL = 63;

/** A tile of C2SP `tlog-tiles`, or at the level `entries` a bundle. Its width is how many hashes or entries it has. */
export interface Tile {
  level: number | 'entries';
  index: number;
  width: number;
}

/** How wide a tile of a tree is: 0 where the tree has no such tile. */
export function tileWidth({ level, index }: Pick<Tile, 'level' | 'index'>, size: number): number {
  const hashes = level === 'entries' ? size : hashesAt(level, size);
  return Math.min(Math.max(hashes - index * TILE_WIDTH, 0), TILE_WIDTH);
}

/** How many subtrees of 256^level leaves are full. Only those have a place in a tile. */
export function hashesAt(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/** `tile/<L>/<N>[.p/<W>]`, with N in groups of three digits: `tile/0/x001/x234/067`. */
export function tilePath({ level, index, width }: Tile): string {
  let [groups, above] = [lastGroup(index), Math.floor(index / 1000)];
  for (; above > 0; above = Math.floor(above / 1000)) groups = `x${lastGroup(above)}/${groups}`;
  return `tile/${level}/${groups}${width < TILE_WIDTH ? `.p/${width}` : ''}`;
}

/** Reads the one path that a tile has. Nothing for what is none, and for an index beyond what can be counted. */
export function parseTilePath(path: string): Tile | undefined {
  const [, l, n, w] = /^tile\/([0-9]+|entries)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]+))?$/.exec(path) ?? [];
  if (l === undefined || n === undefined) return undefined;
  const level = l === 'entries' ? l : Number(l);
  const tile: Tile = { level, index: Number(n.replace(/[x/]/g, '')), width: w === undefined ? TILE_WIDTH : Number(w) };
  const isOne = (level === 'entries' || level <= MAX_LEVEL) && Number.isSafeInteger(tile.index) && tile.width > 0;
  return isOne && tilePath(tile) === path ? tile : undefined;
}

function lastGroup(index: number): string {
  return String(index % 1000).padStart(3, '0');
}
