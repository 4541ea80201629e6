import { randomInt } from 'node:crypto';
import type { Checkpoint } from '../../proof/checkpoint.js';
import { leafHash } from '../../proof/hash.js';
import { grow, type Edge } from '../../proof/tiles.js';
import { statesAreCurrent } from '../../record/rebuild.js';
import type { Db } from '../../record/schema.js';
import { canonicallyRead, named } from '../event-checks.js';
import { WrongUse, type Finding } from '../finding.js';
import { edgeRoot } from '../rehash.js';
import type { Check, VerifiedPage } from '../source.js';
import { FilingCheck } from './filing-check.js';
import type { EventRows } from './event-rows.js';
import { ENTRY, isDamage, unreadable } from './readable.js';
import { checkSchema } from './schema-check.js';
import { secondReader, type SecondReader } from './second-reader.js';
import { TagSum, type Seed } from './tag-sum.js';
import { TileCheck } from './tile-check.js';

const PAGE = 1_000;
const MAX_SEED = 2 ** 31;

/**
 * Holds the tables of record.db against its events: the columns and tags that these are found by, the leaves and tiles of the tree, and the
 * states, each folded anew by a second reader meanwhile.
 */
export class TablesCheck implements Check {
  private readonly second: SecondReader;
  private readonly head: number;
  private readonly filing: FilingCheck;
  private readonly tiles: TileCheck;
  private edge: Edge = [];
  /** Whether states can be folded from the events as they are found: what is wrong with these is told, and what comes of it is not. */
  private canFold = true;

  constructor(
    private readonly db: Db,
    private readonly rows: EventRows,
    private readonly checkpoint: Checkpoint,
  ) {
    const seed: Seed = [randomInt(MAX_SEED), randomInt(MAX_SEED)];
    this.filing = new FilingCheck(db, rows, new TagSum(seed));
    this.tiles = new TileCheck(db, checkpoint.size);
    this.head = this.number('SELECT max(sequence) FROM events') ?? 0;
    this.second = secondReader(db, this.head, seed);
  }

  async page(page: VerifiedPage): Promise<Finding[]> {
    return this.held(page);
  }

  async *end(): AsyncGenerator<Finding> {
    for await (const finding of this.found()) yield this.withId(finding);
  }

  private async *found(): AsyncGenerator<Finding> {
    // What a changed event leads to says nothing of the states.
    this.canFold &&= edgeRoot(this.edge, this.checkpoint.size).equals(this.checkpoint.root);
    let holds = true;
    try {
      for await (const finding of this.tables()) {
        holds = false;
        yield finding;
      }
      if (!this.canFold) return;
      if (statesAreCurrent(this.db)) yield* await this.second.wrongStates();
      else if (holds)
        throw new WrongUse(
          'the states say that another release has folded them, so this one cannot hold them against their events. Ask for hashes only, or start this release on a copy of the folder.',
        );
    } catch (error) {
      if (!isDamage(error)) throw error;
      yield unreadable(error);
    }
  }

  async close(): Promise<void> {
    await this.second.close();
  }

  private held(page: VerifiedPage): Finding[] {
    this.edge = page.edge;
    return [...this.unlessSound(this.filing.page(page)), ...page.full.flatMap((tile) => this.tiles.wrong(tile))];
  }

  private async *tables(): AsyncGenerator<Finding> {
    const { head } = this;
    yield* this.behindCheckpoint(head);
    yield* this.strays(head);
    yield* this.tiles.count(head);
    yield* checkSchema(this.db, this.checkpoint);
    yield* this.unlessSound(await this.second.damage());
  }

  /** What no checkpoint covers yet is held at least to its own leaves, columns and tiles. */
  private *behindCheckpoint(head: number): Generator<Finding> {
    for (let after = this.checkpoint.size; after < head;) {
      const rows = this.rows.read(after, after + PAGE);
      const gap = rows.findIndex(([, sequence], at) => sequence !== after + at + 1);
      const entries = (gap < 0 ? rows : rows.slice(0, gap)).map(([bytes]) => bytes);
      if (entries.length === 0)
        return yield* this.unlessSound([{ code: 'event-missing', sequence: after + 1, message: 'it is not there' }]);
      const leaves = entries.map(leafHash);
      yield* this.held({ after, entries, events: entries.map(canonicallyRead), leaves, ...grow(this.edge, leaves) });
      after += entries.length;
    }
  }

  /** Rows that belong to no event. */
  private async *strays(head: number): AsyncGenerator<Finding> {
    if ((this.number('SELECT count(*) FROM events WHERE sequence < 1') ?? 0) > 0)
      yield* this.unlessSound([{ code: 'event-order', message: 'there are events in places before the first' }]);
    if ((await this.second.tags()) !== this.filing.tags.value) yield* this.unlessSound([this.filing.wrongTag(head)]);
  }

  /** The id of an event behind the checkpoint is known to nobody else. */
  private withId(finding: Finding): Finding {
    const { code, sequence, id } = finding;
    if (id !== undefined || sequence === undefined || sequence <= this.checkpoint.size || code === 'event-missing') return finding;
    try {
      const entry = this.db.prepare<[number], Buffer>(`SELECT ${ENTRY} FROM events WHERE sequence = ?`).pluck().get(sequence);
      return entry ? { ...finding, ...named(entry, sequence) } : finding;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return finding;
    }
  }

  /** Hands on what is wrong with what states are folded from. */
  private unlessSound(findings: readonly Finding[]): readonly Finding[] {
    this.canFold &&= findings.length === 0;
    return findings;
  }

  private number(sql: string): number | undefined {
    return this.db.prepare<[], number>(sql).pluck().get() ?? undefined;
  }
}
