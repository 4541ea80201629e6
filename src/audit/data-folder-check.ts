import { canonical } from '../event/canonical.js';
import type { Json, RecordedEvent } from '../event/event.js';
import { dated } from '../folding/fact.js';
import type { Folded } from '../folding/fold.js';
import { present, type State } from '../folding/state.js';
import type { Checkpoint } from '../proof/checkpoint.js';
import { HASH_BYTES, leafHash } from '../proof/hash.js';
import { grow, type Edge, type FullTile } from '../proof/tiles.js';
import { TILE_WIDTH } from '../proof/tile-path.js';
import { columnsOf, filed, type Filing } from '../record/filing.js';
import { HistoryReader } from '../record/history-reader.js';
import { refolded, statesAreCurrent, type StateRow } from '../record/rebuild.js';
import { blankRecord, type Db } from '../record/schema.js';
import { tileId } from '../record/tree.js';
import { subjectOfStream } from '../subjects.js';
import type { Bounds } from '../time/occurred.js';
import { named } from './event-checks.js';
import { epochOf } from './export-layout.js';
import { WrongUse, type Finding } from './finding.js';
import { ENTRY, isDamage, readable, unreadable } from './readable.js';
import { edgeRoot } from './rehash.js';
import { NO_CHECK, type Check, type VerifiedPage } from './source.js';
import { visible } from './visible.js';

const PAGE = 1_000;
const HASHES_BYTES = TILE_WIDTH * HASH_BYTES;

/** An event by its columns, and its bytes by what SQLite takes them for: what is no text is served otherwise. */
const COLUMNS =
  'sequence, id, stream, revision, type, recorded, earliest, latest, confidence, fingerprint, recordedBy, commandKey, leaf, typeof(bytes)';

/**
 * Holds the tables of record.db against its events: the columns and tags that these are found by, the leaves and tiles of the tree, and the
 * states, each folded anew. Where only hashes are asked for, none of it.
 */
export function checkTables(db: Db, checkpoint: Checkpoint, hashesOnly: boolean): Check {
  if (hashesOnly) return NO_CHECK;
  let check: TableCheck | undefined;
  // Where a table is gone, this is the first to say so.
  const begun = () => (check ??= readable(undefined, () => new TableCheck(db, checkpoint)));
  return {
    page: async (page) => begun().page(page),
    async *end() {
      yield* begun().end();
    },
  };
}

type Page = Pick<VerifiedPage, 'after' | 'entries' | 'leaves' | 'full' | 'edge'>;

class TableCheck {
  private readonly histories: HistoryReader;
  private readonly selectRows;
  private readonly selectNodes;
  private readonly selectTagged;
  private tags = 0;
  private edge: Edge = [];
  /** Whether states can be folded from the events as they are found: what is wrong with these is told, and what comes of it is not. */
  private canFold = true;

  constructor(
    private readonly db: Db,
    private readonly checkpoint: Checkpoint,
  ) {
    this.histories = new HistoryReader(db);
    this.selectRows = db
      .prepare<[number, number], unknown[]>(`SELECT ${COLUMNS} FROM events WHERE sequence > ? AND sequence <= ? ORDER BY sequence`)
      .raw();
    this.selectTagged = db
      .prepare<[string, number, number], number>(
        'SELECT sequence FROM tags WHERE tag = ? AND sequence > ? AND sequence <= ? ORDER BY sequence',
      )
      .pluck();
    this.selectNodes = db.prepare<[number], unknown>('SELECT nodes FROM tiles WHERE id = ?').pluck();
  }

  page({ after, entries, leaves, full, edge }: Page): Finding[] {
    this.edge = edge;
    const rows = readable(after + 1, () => this.selectRows.all(after, after + entries.length));
    const wrong = new Map<number, string>();
    const tagged = new Map<string, number[]>();
    entries.forEach((entry, at) => {
      const sequence = after + at + 1;
      const filing = readable(sequence, () => this.filing(entry));
      const fault = filing
        ? wrongColumn([...columnsOf(filing.event, filing.print), leaves[at]!, 'text'], rows[at] ?? [])
        : 'what it amends';
      if (fault !== undefined) wrong.set(at, fault);
      for (const tag of filing?.tags ?? []) {
        const sequences = tagged.get(tag);
        if (sequences) sequences.push(sequence);
        else tagged.set(tag, [sequence]);
      }
    });
    // What is found at no event of the page, out of order in a spoilt index, is told as what it is.
    for (const sequence of this.wrongTags(tagged, after, after + entries.length))
      if (entries[sequence - after - 1]) wrong.set(sequence - after - 1, 'the tags');
    this.canFold &&= wrong.size === 0;
    const findings = [...wrong].map(([at, what]) => misfiled(entries[at]!, after + at + 1, what));
    return [...findings, ...full.flatMap((tile) => this.wrongTile(tile))];
  }

  async *end(): AsyncGenerator<Finding> {
    // What a changed event leads to says nothing of the states.
    this.canFold &&= edgeRoot(this.edge, this.checkpoint.size).equals(this.checkpoint.root);
    let count = 0;
    try {
      for (const finding of this.tables()) {
        count++;
        yield finding;
      }
      if (!this.canFold) return;
      if (statesAreCurrent(this.db)) yield* this.wrongStates();
      else if (count === 0)
        throw new WrongUse('the states were folded by another release. Start the service once, or ask for hashes only.');
    } catch (error) {
      if (!isDamage(error)) throw error;
      yield unreadable(error);
    }
  }

  private *tables(): Generator<Finding> {
    const head = this.number('SELECT max(sequence) FROM events') ?? 0;
    yield* this.behindCheckpoint(head);
    yield* this.strays(head);
    yield* this.outOfPlace();
    yield* this.damage();
  }

  /** How an event must be filed; undefined where it amends what is not there, or is none. */
  private filing(entry: Buffer): (Filing & { event: RecordedEvent & Bounds }) | undefined {
    try {
      const event = dated(JSON.parse(entry.toString()) as RecordedEvent);
      const filing = { event, ...filed(event, this.histories) };
      return filing.tags.every((tag) => typeof tag === 'string') ? filing : undefined;
    } catch (error) {
      if (isDamage(error)) throw error;
      return undefined;
    }
  }

  /** The events of a page that are not found by what they should be, or by what they should not. Tag by tag: most stand for many events. */
  private wrongTags(tagged: ReadonlyMap<string, readonly number[]>, after: number, upTo: number): Set<number> {
    const wrong = new Set<number>();
    for (const [tag, sequences] of tagged) {
      this.tags += sequences.length;
      const found = readable(after + 1, () => this.selectTagged.all(tag, after, upTo));
      if (found.length === sequences.length && found.every((sequence, at) => sequence === sequences[at])) continue;
      for (const sequence of found) if (!sequences.includes(sequence)) wrong.add(sequence);
      for (const sequence of sequences) if (!found.includes(sequence)) wrong.add(sequence);
    }
    return wrong;
  }

  /**
   * What is wrong with a tile but its hashes, where the checkpoint covers these: they are held against the events as those of every source
   * are. A tile says nothing against itself where its events were changed.
   */
  private wrongTile({ level, index, nodes }: FullTile): Finding[] {
    const span = TILE_WIDTH ** level;
    const first = index * TILE_WIDTH * span;
    const isCovered = first + TILE_WIDTH * span <= this.checkpoint.size;
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

  /** What no checkpoint covers yet is held at least to its own leaves, columns and tiles. */
  private *behindCheckpoint(head: number): Generator<Finding> {
    const select = this.db.prepare<[number], { sequence: number; bytes: Buffer }>(
      `SELECT sequence, ${ENTRY} AS bytes FROM events WHERE sequence > ? ORDER BY sequence LIMIT ${PAGE}`,
    );
    for (let after = this.checkpoint.size; after < head;) {
      const rows = readable(after + 1, () => select.all(after));
      const gap = rows.findIndex(({ sequence }, at) => sequence !== after + at + 1);
      const entries = rows.slice(0, gap < 0 ? rows.length : gap).map(({ bytes }) => bytes);
      const leaves = entries.map(leafHash);
      yield* this.page({ after, entries, leaves, ...grow(this.edge, leaves) });
      after += entries.length;
      if (gap >= 0) {
        this.canFold = false;
        yield { code: 'event-missing', sequence: after + 1, message: `event ${after + 1} is not there` };
        return;
      }
    }
  }

  /** Rows that belong to no event. */
  private *strays(head: number): Generator<Finding> {
    if ((this.number('SELECT count(*) FROM events WHERE sequence < 1') ?? 0) > 0) {
      this.canFold = false;
      yield { code: 'event-order', message: 'there are events in places before the first' };
    }
    if (this.number('SELECT count(*) FROM tags') !== this.tags) {
      this.canFold = false;
      yield { code: 'index-changed', ...this.strayTag() };
    }
    const tiles = this.number('SELECT count(*) FROM tiles');
    let expected = 0;
    for (let count = Math.floor(head / TILE_WIDTH); count > 0; count = Math.floor(count / TILE_WIDTH)) expected += count;
    if (tiles !== expected) yield { code: 'tile-changed', message: `there are ${tiles} tiles, and ${expected} that the events fill` };
  }

  /** Slow, and only where it is known that there is one: each tag is held against its event. */
  private strayTag(): Omit<Finding, 'code'> {
    const selectBytes = this.db.prepare<[number], Buffer>(`SELECT ${ENTRY} FROM events WHERE sequence = ?`).pluck();
    let first: { sequence: number; tag: string } | undefined;
    for (const { tag, sequence } of this.db.prepare<[], { tag: string; sequence: number }>('SELECT tag, sequence FROM tags').iterate()) {
      if (first && sequence >= first.sequence) continue;
      const bytes = selectBytes.get(sequence);
      if (!bytes || !this.filing(bytes)?.tags.includes(tag)) first = { sequence, tag };
    }
    if (!first) return { message: 'the tags are not those of the events' };
    const bytes = selectBytes.get(first.sequence);
    if (bytes) return { message: `event ${first.sequence} is found by what it does not say`, ...named(bytes, first.sequence) };
    const message = 'tags are left of an event that is not there';
    return first.sequence > 0 && Number.isSafeInteger(first.sequence) ? { message, sequence: first.sequence } : { message };
  }

  private *outOfPlace(): Generator<Finding> {
    const epoch = this.db.prepare<[], string>("SELECT value FROM meta WHERE key = 'epoch'").pluck().get();
    if (epochOf(this.checkpoint.origin) !== epoch)
      yield { code: 'checkpoint-invalid', message: 'the checkpoint was signed for another record than this one' };
    const blank = blankRecord();
    const [expected, found] = [schemaOf(blank), schemaOf(this.db)];
    blank.close();
    for (const [name, sql] of expected)
      if (found.get(name) !== sql)
        yield { code: 'schema-changed', message: `the record is not kept as it should be: ${name} is gone or changed` };
    if ([...found.keys()].some((name) => name.startsWith('trigger ') && !expected.has(name)))
      yield { code: 'schema-changed', message: 'somebody has added a trigger, which may change what is recorded' };
  }

  private async *wrongStates(): AsyncGenerator<Finding> {
    const select = this.db.prepare<[string], StateRow>('SELECT * FROM states WHERE stream = ?');
    let subjects = 0;
    for (const rows of refolded(this.db)) {
      for (const row of rows) {
        const stored = select.get(row.stream);
        if (!isSameState(row, stored)) yield this.wrongState(row, stored);
      }
      subjects += rows.length;
      await new Promise(setImmediate);
    }
    const states = this.number('SELECT count(*) FROM states')!;
    if (states > subjects) yield { code: 'state-changed', message: `there are ${states - subjects} states that no event tells of` };
  }

  /** Names the event on whose word the first field stands that is not what it was, or else the last event of the subject. */
  private wrongState({ stream, changed, folded }: StateRow, stored: StateRow | undefined): Finding {
    const last = { sequence: changed, ...this.idAt(changed) };
    if (!stored) return { code: 'state-changed', message: `the state of ${stream} is missing`, ...last };
    const { projection } = subjectOfStream(stream);
    const expected = present(projection, JSON.parse(folded) as Folded, 0);
    let shown: State;
    try {
      shown = present(projection, JSON.parse(stored.folded) as Folded, 0);
    } catch {
      return { code: 'state-changed', message: `the state of ${stream} can't be read`, ...last };
    }
    const field = Object.keys(expected).find((name) => canonical(expected[name] ?? null) !== canonical(shown[name] ?? null));
    const because = field && (expected['because'] as Record<string, { event: string } | undefined>)[field]?.event;
    const at = because && this.number('SELECT sequence FROM events WHERE id = ?', because);
    const message = `the state of ${stream} is not what its events say${field ? `: ${field}` : ''}`;
    return { code: 'state-changed', message, ...(at ? { sequence: at, id: because } : last) };
  }

  private *damage(): Generator<Finding> {
    for (const { integrity_check: message } of this.db.pragma('integrity_check(10)') as { integrity_check: string }[]) {
      if (message === 'ok') continue;
      this.canFold = false;
      yield { code: 'unreadable', message: `record.db is damaged: ${visible(message)}` };
    }
  }

  private idAt(sequence: number): { id?: string } {
    const id = this.db.prepare<[number], string>('SELECT id FROM events WHERE sequence = ?').pluck().get(sequence);
    return id === undefined ? {} : { id };
  }

  private number(sql: string, ...parameters: string[]): number | undefined {
    return (
      this.db
        .prepare<string[], number>(sql)
        .pluck()
        .get(...parameters) ?? undefined
    );
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

function wrongColumn(expected: readonly unknown[], row: readonly unknown[]): string | undefined {
  const at = expected.findIndex((value, column) => !isSame(value, row[column]));
  return at < 0 ? undefined : `the column ${COLUMNS.split(', ')[at]}`;
}

/** What makes the file a record: its tables, indexes and triggers. A rebuild leaves its table's name in quotes. */
function schemaOf(db: Db): Map<string, string> {
  const all = db
    .prepare<[], { name: string; sql: string }>(
      "SELECT type || ' ' || name AS name, replace(sql, '\"', '') AS sql FROM sqlite_schema WHERE sql > ''",
    )
    .all();
  return new Map(all.map(({ name, sql }) => [name, sql]));
}

function misfiled(entry: Buffer, sequence: number, what: string): Finding {
  return { code: 'index-changed', message: `${what} of event ${sequence} is not what it says`, ...named(entry, sequence) };
}

/** A state that was folded as its events came has the fields of some values as their callers wrote them, in an order of their own. */
function isSameState(expected: StateRow, stored: StateRow | undefined): boolean {
  if (stored?.since !== expected.since || stored.changed !== expected.changed) return false;
  if (stored.folded === expected.folded) return true;
  try {
    return canonical(JSON.parse(stored.folded) as Json) === canonical(JSON.parse(expected.folded) as Json);
  } catch {
    return false;
  }
}

function isSame(expected: unknown, found: unknown): boolean {
  return Buffer.isBuffer(expected) ? Buffer.isBuffer(found) && expected.equals(found) : expected === found;
}
