import type { Checkpoint } from '../proof/checkpoint.js';
import { HASH_BYTES } from '../proof/hash.js';
import { TILE_WIDTH, hashesAt, tilePath, tileWidth } from '../proof/tile-path.js';
import { grow, type Edge } from '../proof/tiles.js';
import { named } from './event-checks.js';
import { FindingError, type Finding } from './finding.js';
import { edgeRoot } from './rehash.js';
import type { HashTile, HashedPage } from './source.js';

/** A hash of the source's that is not the one that its events make. */
interface Difference {
  level: number;
  index: number;
  /** The first event beneath it. Its id is known where the hash is that event's own. */
  event: { sequence: number; id?: string };
  /** A hash beneath it differs too, and tells more. */
  isExplained: boolean;
}

/** How many differences are kept, each of which may cost a few reads to say what it comes of, and how many tiles that have some. */
const MOST = 200;
const MOST_TILES = 100;

/**
 * Holds the tiles of a source against its events. A root says only that something was changed. Tiles say what: those that lead to the root
 * that was signed are the log's own word, hash by hash, and whatever differs from them is what was changed.
 */
export class HeldTiles {
  /** What is wrong with tiles whatever the events are: they are not there, or have another length than the size of the tree gives them. */
  private readonly faults = new Map<string, Finding>();
  private readonly open: { index: number; bytes: Buffer | undefined }[] = [];
  private readonly differences: Difference[] = [];
  private readonly lastAt: number[] = [];
  private readonly tilesThatDiffer = new Set<string>();
  private notKept = 0;
  /** The roots that the events give to tiles that differ. */
  private readonly made = new Map<string, Buffer>();
  private readonly proven = new Map<string, Promise<Buffer | undefined>>();
  private provenEdge: Promise<boolean> | undefined;

  constructor(
    private readonly read: (tile: HashTile) => Promise<Buffer | undefined>,
    private readonly checkpoint: Checkpoint,
  ) {}

  /** The places, within the page, of the events whose hashes differ from the source's. */
  async page({ after, entries, leaves, full }: HashedPage): Promise<ReadonlySet<number>> {
    const differing = await this.differingAt(0, after, leaves);
    for (const at of differing) this.note(0, after + at, named(entries[at]!, after + at + 1));
    for (let first = 0; first < full.length;) {
      const { level, index } = full[first]!;
      const same = full.slice(first).filter((tile) => tile.level === level);
      const roots = same.map(({ nodes }) => nodes.subarray(-HASH_BYTES));
      for (const tile of same) if (this.tilesThatDiffer.has(keyOf(tile))) this.keep(tile);
      for (const at of await this.differingAt(level + 1, index, roots)) this.note(level + 1, index + at);
      first += same.length;
    }
    return new Set(differing);
  }

  /**
   * What the differences come of, and how many more there are. Where the events lead to the signed root, the tiles are wrong; where they
   * don't, it may be either: an event, or one among the `spans` beneath a hash.
   */
  async blame(eventsHold: boolean): Promise<{ events: Finding[]; spans: Finding[]; tiles: Finding[]; more: number }> {
    const events: Finding[] = [];
    const spans: Finding[] = [];
    const tiles = new Map<string, Finding>();
    for (const difference of this.differences) {
      const tile = tileOver(difference);
      if (!eventsHold && difference.isExplained) continue;
      if (!eventsHold && !(await this.isTileWrong(tile))) (difference.level === 0 ? events : spans).push(await this.wrongEvent(difference));
      else if (!tiles.has(keyOf(tile))) tiles.set(keyOf(tile), this.wrongTile(difference));
    }
    for (const [key, fault] of this.faults) if (!tiles.has(key)) tiles.set(key, fault);
    return { events, spans, tiles: [...tiles.values()], more: eventsHold ? 0 : this.notKept };
  }

  private wrongTile(difference: Difference): Finding {
    const tile = tileOver(difference);
    const path = tilePath({ ...tile, width: tileWidth(tile, this.checkpoint.size) });
    const message = this.faults.get(keyOf(tile))?.message ?? `${path} has other hashes than the events`;
    return { code: 'tile-changed', message, ...difference.event };
  }

  private async wrongEvent(difference: Difference): Promise<Finding> {
    const { level, index, event } = difference;
    const isProven = await this.provenTile(tileOver(difference));
    const last = Math.min((index + 1) * TILE_WIDTH ** level, this.checkpoint.size);
    const which = level === 0 ? `event ${event.sequence}` : `one of the events ${event.sequence} to ${last}`;
    const message = isProven
      ? `${which} is not what the log has signed`
      : `${which}, or its hash in a tile, is not what the log has signed`;
    return { code: 'event-changed', message, ...event };
  }

  /** Compares hashes in a row with the source's, and gives the places of those that differ. Tiles that are not there are passed over. */
  private async differingAt(level: number, first: number, hashes: readonly Buffer[]): Promise<number[]> {
    const places: number[] = [];
    for (let at = 0; at < hashes.length;) {
      const index = Math.floor((first + at) / TILE_WIDTH);
      const end = Math.min(hashes.length, (index + 1) * TILE_WIDTH - first);
      const held = await this.held(level, index);
      const differing = held ? differingFrom(held, index * TILE_WIDTH - first, hashes, { at, end }) : [];
      const key = keyOf({ level, index });
      // Behind the first hash that differs, a tile of the wrong length says nothing.
      if (this.faults.has(key)) differing.length = Math.min(differing.length, this.tilesThatDiffer.has(key) ? 0 : 1);
      places.push(...differing);
      at = end;
    }
    return places;
  }

  private async held(level: number, index: number): Promise<Buffer | undefined> {
    const open = this.open[level];
    if (open?.index === index) return open.bytes;
    const { bytes, fault } = await this.kept({ level, index });
    if (fault && this.faults.size < MOST_TILES) this.faults.set(keyOf({ level, index }), fault);
    this.open[level] = { index, bytes };
    return bytes;
  }

  private note(level: number, index: number, event: Difference['event'] = { sequence: index * TILE_WIDTH ** level + 1 }): void {
    const isExplained = level > 0 && (this.lastAt[level - 1] ?? -1) >= index * TILE_WIDTH;
    this.lastAt[level] = index;
    const tile = keyOf(tileOver({ level, index }));
    // Each tile that differs is known by its first hash that does, however many there are before it.
    const isFirst = !this.tilesThatDiffer.has(tile) && this.tilesThatDiffer.size < MOST_TILES;
    if (isFirst) this.tilesThatDiffer.add(tile);
    if (isFirst || this.differences.length < MOST - MOST_TILES) this.differences.push({ level, index, event, isExplained });
    else if (level === 0) this.notKept++;
  }

  private keep({ level, index, nodes }: { level: number; index: number; nodes: Buffer }): void {
    this.made.set(keyOf({ level, index }), Buffer.from(nodes.subarray(-HASH_BYTES)));
  }

  /** Whether the tile that the events make leads to the signed root, and the source's does not. */
  private async isTileWrong({ level, index }: Place): Promise<boolean> {
    if (await this.provenTile({ level, index })) return false;
    const made = this.made.get(keyOf({ level, index }));
    return made !== undefined && made.equals((await this.provenRoot({ level, index })) ?? Buffer.of());
  }

  /** The hashes of the source's tile, where they lead to the signed root. */
  private provenTile({ level, index }: Place): Promise<Buffer | undefined> {
    const key = keyOf({ level, index });
    const known = this.proven.get(key) ?? this.prove({ level, index });
    this.proven.set(key, known);
    return known;
  }

  private async prove({ level, index }: Place): Promise<Buffer | undefined> {
    const { bytes, fault } = await this.kept({ level, index });
    if (!bytes || fault) return undefined;
    if (bytes.length < TILE_WIDTH * HASH_BYTES) return (await (this.provenEdge ??= this.proveEdge())) ? bytes : undefined;
    const [tile] = grow([], hashesOf(bytes)).full;
    return tile!.nodes.subarray(-HASH_BYTES).equals((await this.provenRoot({ level, index })) ?? Buffer.of()) ? bytes : undefined;
  }

  /** The root of a full tile, by the proven tile above it. */
  private async provenRoot({ level, index }: Place): Promise<Buffer | undefined> {
    const above = await this.provenTile({ level: level + 1, index: Math.floor(index / TILE_WIDTH) });
    const start = (index % TILE_WIDTH) * HASH_BYTES;
    return above?.subarray(start, start + HASH_BYTES);
  }

  private async proveEdge(): Promise<boolean> {
    const { size, root } = this.checkpoint;
    const edge: Edge[number][] = [];
    for (let level = 0, count = size; count > 0; count = hashesAt(++level, size)) {
      const index = Math.floor(count / TILE_WIDTH);
      const { bytes, fault } = count % TILE_WIDTH === 0 ? { bytes: Buffer.of() } : await this.kept({ level, index });
      if (!bytes || fault) return false;
      edge.push({ index, hashes: hashesOf(bytes) });
    }
    return edgeRoot(edge, size).equals(root);
  }

  /** A log may let go of a tile that is not full once the full one is there: it begins with the same hashes. */
  private async fullTile({ level, index, width }: HashTile): Promise<Buffer | undefined> {
    if (width === TILE_WIDTH) return undefined;
    return (await this.read({ level, index, width: TILE_WIDTH }))?.subarray(0, width * HASH_BYTES);
  }

  /** The source's tile, and what is wrong with it. */
  private async kept({ level, index }: Place): Promise<{ bytes?: Buffer; fault?: Finding }> {
    const tile = { level, index, width: tileWidth({ level, index }, this.checkpoint.size) };
    try {
      const bytes = (await this.read(tile)) ?? (await this.fullTile(tile));
      if (bytes?.length === tile.width * HASH_BYTES) return { bytes };
      return { ...(bytes && { bytes }), fault: faultOf(tile, bytes) };
    } catch (error) {
      if (error instanceof FindingError) return { fault: { ...faultOf(tile, undefined), ...error.finding } };
      throw error;
    }
  }
}

type Place = Pick<HashTile, 'level' | 'index'>;

/** Which of some hashes in a row are not those of a tile that begins at a place among them. One that the tile lacks is not. */
function differingFrom(tile: Buffer, begins: number, hashes: readonly Buffer[], { at, end }: { at: number; end: number }): number[] {
  const differing: number[] = [];
  for (let place = at; place < end; place++) {
    const start = (place - begins) * HASH_BYTES;
    const isThere = start + HASH_BYTES <= tile.length;
    if (!isThere || hashes[place]!.compare(tile, start, start + HASH_BYTES) !== 0) differing.push(place);
  }
  return differing;
}

function tileOver({ level, index }: Place): Place {
  return { level, index: Math.floor(index / TILE_WIDTH) };
}

function hashesOf(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, at) => bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
}

/** Where no hash of it differs, a tile touches the first of its events when it is not there, and else the last. */
function faultOf(tile: HashTile, bytes: Buffer | undefined): Finding {
  const sequence = (tile.index * TILE_WIDTH + (bytes ? tile.width - 1 : 0)) * TILE_WIDTH ** tile.level + 1;
  const fault = bytes ? `has ${bytes.length} bytes and not ${tile.width * HASH_BYTES}` : 'is not there';
  return { code: 'tile-changed', message: `${tilePath(tile)} ${fault}`, sequence };
}

function keyOf({ level, index }: Place): string {
  return `${level}/${index}`;
}
