import type { RecordedEvent } from '../event/event.js';
import type { Checkpoint } from '../proof/checkpoint.js';
import type { Edge, FullTile } from '../proof/tiles.js';
import type { Finding } from './finding.js';

/** A record as an auditor gets at it, wherever it lies. Nothing in it is trusted until it is verified. */
export interface Source {
  /** Where it is, as its reader named it. */
  readonly name: string;

  /** The newest checkpoint, as its log gave it out. */
  checkpoint(): Promise<Buffer>;

  /** The verifier keys that it names as its own: they prove nothing by themselves. */
  vkeys(): Promise<string[]>;

  /**
   * The entries behind `after`, up to and with the `size`-th: their canonical bytes, in order, in pages of about a thousand or less. `size`
   * is that of a checkpoint: what is served as tiles can be had for no other. Throws a FindingError where one is missing.
   */
  entries(after: number, size: number): AsyncIterable<readonly Buffer[]>;

  /**
   * The hashes of a tile of the checkpoint's tree as the source keeps them; undefined where it should have the tile and has not. They tell
   * which event was changed, where all the root can tell is that one was. Not every source has such.
   */
  tile?(tile: HashTile): Promise<Buffer | undefined>;

  /** Begins to hold what else the source keeps (tables, files) against the events, up to the size of this checkpoint. */
  check?(checkpoint: Checkpoint, options: { hashesOnly: boolean }): Check;

  close(): Promise<void>;
}

/** A tile of hashes: `width` of them, of 32 bytes each. */
export interface HashTile {
  level: number;
  index: number;
  width: number;
}

/** What is held against the events of a source while they go by, once, from the first to the last. */
export interface Check {
  /** What does not agree with these events. A finding on an event that turns out to be changed is dropped: the event is to blame. */
  page(page: VerifiedPage): Promise<readonly Finding[]>;

  /**
   * What does not agree with the whole, after the last page. Not asked for where an event was missing. Where states are to be read for that,
   * it tells how many are done, of how many.
   */
  end(states?: (done: number, of: number) => void): AsyncIterable<Finding>;

  /** Lets go of what it has opened, also where the end was never reached. */
  close?(): Promise<void>;
}

/** Where nothing else is to be looked at. */
export const NO_CHECK: Check = { page: async () => [], end: async function* () {} };

/** Entries as they were read, and what the tree makes of them. */
export type HashedPage = Omit<VerifiedPage, 'events'>;

/** Events as they were read, and what the tree makes of them. Whether they are what the log has signed shows after the last one. */
export interface VerifiedPage {
  /** How many events come before them. */
  after: number;
  entries: readonly Buffer[];
  /** What each of them says, where it is an event in its canonical form. Not read where only hashes are asked for. */
  events: readonly (RecordedEvent | undefined)[];
  /** The hash of each entry. */
  leaves: readonly Buffer[];
  /** The tiles that these events have filled, the lower levels first. */
  full: readonly FullTile[];
  /** The edge of the tree with these events. */
  edge: Edge;
}
