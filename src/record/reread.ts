import { Worker } from 'node:worker_threads';
import { leafHash } from '../proof/hash.js';
import { TILE_WIDTH } from '../proof/tile-path.js';
import { grow, type Edge } from '../proof/tiles.js';
import type { Db } from './schema.js';
import { tileId } from './tree.js';

/** The sequences of the first and the last event of those that hash to something else than the tree has over them. */
export interface Spoilt {
  first: number;
  last: number;
}

/** What the thread is given. */
export interface Asked {
  path: string;
  tiles: number;
}

/** So many tiles, some 50 ms of them, are read before a start goes on. More are left to a thread, which takes a third of a second to begin. */
const FEW = 32;

/** The built file, also where this one is run from its source: a thread can't be started on TypeScript. */
const WORKER = new URL('../../dist/record/reread-worker.js', import.meta.url);

/** Of the first `tiles` full tiles over the events, the events of the first that is not what they hash to; undefined where all are. */
export function firstSpoilt(db: Db, tiles: number): Spoilt | undefined {
  const events = db
    .prepare<[number, number], string>('SELECT bytes FROM events WHERE sequence > ? AND sequence <= ? ORDER BY sequence')
    .pluck();
  const stored = db.prepare<[number], Buffer>('SELECT nodes FROM tiles WHERE id = ?').pluck();
  let edge: Edge = [];
  for (let index = 0; index < tiles; index++) {
    const after = index * TILE_WIDTH;
    const grown = grow(edge, events.all(after, after + TILE_WIDTH).map(leafHash));
    edge = grown.edge;
    const isWhole = grown.full.length > 0 && grown.full.every((tile) => stored.get(tileId(tile.level, tile.index))?.equals(tile.nodes));
    if (!isWhole) return { first: after + 1, last: after + TILE_WIDTH };
  }
  return undefined;
}

/**
 * Reads every event under a full tile once more after a start, which itself reads but the roots of those tiles: what was changed behind the
 * service's back would be served, and no checkpoint would tell. Returns what it finds, at once or when a thread is through. `end` breaks it off.
 */
export function reread(db: Db, tiles: number): { found: Spoilt | undefined | Promise<Spoilt | undefined>; end(): Promise<void> } {
  if (tiles <= FEW) return { found: firstSpoilt(db, tiles), end: async () => {} };
  const asked: Asked = { path: db.name, tiles };
  const worker = new Worker(WORKER, { workerData: asked, execArgv: [] });
  worker.unref();
  const found = new Promise<Spoilt | undefined>((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
  return { found, end: async () => void (await worker.terminate()) };
}
