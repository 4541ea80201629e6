import Database from 'better-sqlite3';
import { join } from 'node:path';
import { canonicalEvent } from '../../src/event/canonical.js';
import type { Json, RecordedEvent } from '../../src/event/event.js';
import { dated } from '../../src/folding/fact.js';
import type { Folded } from '../../src/folding/fold.js';
import { leafHash } from '../../src/proof/hash.js';
import { TILE_WIDTH } from '../../src/proof/tile-path.js';
import { grow } from '../../src/proof/tiles.js';
import { columnsOf, filed } from '../../src/record/filing.js';
import { HistoryReader } from '../../src/record/history-reader.js';
import { rebuild } from '../../src/record/rebuild.js';
import { triggersOf, type Db } from '../../src/record/schema.js';
import { tileId } from '../../src/record/tree.js';
import type { Dice } from '../record/random-command.js';
import type { Touched } from './blamed.js';

/** What was done, and what verify must say of it. */
export interface Expected extends Touched {
  how: string;
  /** SQL that is run when the guards are back. */
  behindGuards?: string;
}

const COLUMNS = [
  'id',
  'stream',
  'revision',
  'type',
  'recorded',
  'earliest',
  'latest',
  'confidence',
  'fingerprint',
  'recordedBy',
  'commandKey',
];
const SET_COLUMNS = COLUMNS.map((column) => `${column} = ?`).join();

/** How much of what follows from an event the attacker makes anew with it. */
export const DEPTHS = ['bytes', 'columns', 'leaf', 'columns and leaf', 'leaf and hashes of the tile', 'everything'] as const;
export type Depth = (typeof DEPTHS)[number];

/** Somebody with access to record.db, who knows how it is kept. */
export class Attacker {
  readonly head: number;

  constructor(
    readonly db: Db,
    readonly dice: Dice,
    readonly signed: number,
  ) {
    this.head = db.prepare<[], number>('SELECT max(sequence) FROM events').pluck().get()!;
  }

  /** Any event, now and then the first, the last one that is signed, one at the edge of a tile, or the last. */
  anyEvent(upTo = this.head): number {
    const special = [1, TILE_WIDTH, TILE_WIDTH + 1, this.signed, this.signed + 1, this.head].filter((sequence) => sequence <= upTo);
    return this.dice.chance(30) ? this.dice.pick(special) : 1 + this.dice.below(upTo);
  }

  event(sequence: number): RecordedEvent {
    return JSON.parse(
      this.db.prepare<[number], string>('SELECT bytes FROM events WHERE sequence = ?').pluck().get(sequence)!,
    ) as RecordedEvent;
  }

  /** Puts an event in the place of another. */
  write(sequence: number, event: RecordedEvent, depth: Depth): void {
    const bytes = canonicalEvent(event);
    this.run('UPDATE events SET bytes = ? WHERE sequence = ?', bytes, sequence);
    if (['columns', 'columns and leaf', 'everything'].includes(depth)) this.refile(sequence);
    if (depth === 'bytes' || depth === 'columns') return;
    this.run('UPDATE events SET leaf = ? WHERE sequence = ?', leafHash(bytes), sequence);
    if (depth === 'leaf and hashes of the tile' && this.isInFullTile(sequence)) {
      const at = Math.floor((sequence - 1) / TILE_WIDTH);
      const nodes = this.nodes(at);
      leafHash(bytes).copy(nodes, ((sequence - 1) % TILE_WIDTH) * 32);
      this.run('UPDATE tiles SET nodes = ? WHERE id = ?', nodes, tileId(0, at));
    }
    if (depth === 'everything') this.remakeAll();
  }

  /** Whether the record has a full tile with this event's hash. */
  isInFullTile(sequence: number): boolean {
    return sequence <= TILE_WIDTH * Math.floor(this.head / TILE_WIDTH);
  }

  /** Whether an event stands where it says, and is found by what it says. */
  isFiled(sequence: number): boolean {
    const filing = () =>
      JSON.stringify([
        this.db.prepare(`SELECT ${COLUMNS.map((column) => `quote(${column})`).join()} FROM events WHERE sequence = ?`).get(sequence),
        this.db.prepare('SELECT tag FROM tags WHERE sequence = ? ORDER BY tag').all(sequence),
      ]);
    const before = filing();
    this.db.exec('SAVEPOINT filing');
    try {
      this.refile(sequence);
      return this.event(sequence).sequence === sequence && filing() === before;
    } catch {
      return false;
    } finally {
      this.db.exec('ROLLBACK TO filing; RELEASE filing');
    }
  }

  /** Files an event as a record would that had taken it as it is now. */
  refile(sequence: number): void {
    const event = dated(this.event(sequence));
    const { print, tags } = filed(event, new HistoryReader(this.db));
    this.run(`UPDATE events SET ${SET_COLUMNS} WHERE sequence = ?`, ...columnsOf(event, print).slice(1), sequence);
    this.run('DELETE FROM tags WHERE sequence = ?', sequence);
    for (const tag of new Set(tags)) this.run('INSERT INTO tags VALUES (?, ?)', tag, sequence);
  }

  /** Every leaf, tile and state, as they follow from the events that are there now. */
  remakeAll(): void {
    const all = this.db.prepare<[], [number, Buffer]>('SELECT sequence, CAST(bytes AS BLOB) FROM events ORDER BY sequence').raw().all();
    const leaves = all.map(([, bytes]) => leafHash(bytes));
    all.forEach(([sequence], at) => this.run('UPDATE events SET leaf = ? WHERE sequence = ?', leaves[at], sequence));
    this.run('DELETE FROM tiles');
    for (const { level, index, nodes } of grow([], leaves).full) this.run('INSERT INTO tiles VALUES (?, ?)', tileId(level, index), nodes);
    rebuild(this.db);
  }

  /** The place of an event by its id. */
  placeOf(id: string): number {
    return this.db.prepare<[string], number>('SELECT sequence FROM events WHERE id = ?').pluck().get(id)!;
  }

  /** Any state, the event that it was changed by last, and all that it may be said to rest on: that one, and those its fields are from. */
  anyState() {
    const states = this.db.prepare<[], { stream: string; changed: number; folded: string }>('SELECT * FROM states').all();
    const { stream, changed, folded: text } = this.dice.pick(states);
    const folded = JSON.parse(text) as Folded;
    return { stream, changed, text, folded, restsOn: [changed, ...Object.values(folded.because).map(({ event }) => this.placeOf(event))] };
  }

  /** Whether the leaf of an event is that of what it says now. */
  hasLeaf(sequence: number): boolean {
    const [bytes, leaf] = this.db
      .prepare<[number], [string, Buffer]>('SELECT bytes, leaf FROM events WHERE sequence = ?')
      .raw()
      .get(sequence)!;
    return leafHash(bytes).equals(leaf);
  }

  nodes(index: number): Buffer {
    return this.db.prepare<[number], Buffer>('SELECT nodes FROM tiles WHERE id = ?').pluck().get(tileId(0, index))!;
  }

  /** Moves all events from one on, with all that is known of them, `by` places further. */
  shift(from: number, by: number): void {
    for (const table of ['events', 'tags']) {
      this.run(`UPDATE ${table} SET sequence = -sequence WHERE sequence >= ?`, from);
      this.run(`UPDATE ${table} SET sequence = ? - sequence WHERE sequence < 0`, by);
    }
  }

  /** Puts a copy of an event, told otherwise, where there is none. */
  insert(sequence: number, like: number, change: Partial<RecordedEvent> = {}): void {
    const event = { ...this.event(like), sequence, ...change };
    const id = event.id.slice(0, -4) + 'beef';
    const revision = this.db.prepare<[string], number>('SELECT max(revision) + 1 FROM events WHERE stream = ?').pluck().get(event.stream)!;
    const forged = { ...event, id, revision, commandKey: undefined };
    const bytes = canonicalEvent(forged);
    const columns = columnsOf(dated(forged), Buffer.alloc(32, 1));
    this.run(`INSERT INTO events VALUES (${Array(14).fill('?').join()})`, ...columns, bytes, leafHash(bytes));
  }

  run(sql: string, ...parameters: unknown[]): void {
    this.db.prepare(sql).run(...parameters);
  }
}

/** Takes the guards away, lets an attacker do what they will, and puts back the guards that it can. */
export function attack(folder: string, dice: Dice, signed: number, how: Attack): Expected | undefined {
  const db = new Database(join(folder, 'record.db'));
  try {
    const triggers = triggersOf(db);
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
    const done = db.transaction(() => how(new Attacker(db, dice, signed)))();
    const tables = new Set(db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all());
    for (const { name, sql } of triggers) if (tables.has(name.split('_')[0]!)) db.exec(sql);
    if (done?.behindGuards) db.exec(done.behindGuards);
    return done;
  } finally {
    db.close();
  }
}

const ANOTHER_TIME = '2017-05-17T03:04:05.678Z';

/** Another event in the place of one, in one of its fields. */
function told(event: RecordedEvent, dice: Dice): [string, RecordedEvent] {
  const changes: [string, Partial<RecordedEvent>][] = [
    ['text', { data: { ...event.data, name: { en: 'forged' } as Json } }],
    ['occurred', { occurred: event.occurred === '2015' ? '2014' : '2015' }],
    ['sources', { sources: [{ publisher: 'Nobody' }] }],
    ['title of a source', { sources: event.sources.map((source) => ({ ...source, title: 'forged' })) }],
    ['recordedAt', { recordedAt: ANOTHER_TIME }],
    ['recordedAt later', { recordedAt: '2031-05-17T03:04:05.678Z' }],
    ['recordedBy', { recordedBy: 'somebody' }],
    ['about', { about: [...event.about, 'zone-zz'] }],
    ['about less', { about: [] }],
    ['commandKey', { commandKey: event.commandKey === undefined ? 'forged' : undefined }],
    ['id', { id: event.id.replace(/.$/, (last) => (last === '0' ? '1' : '0')) }],
    ['sequence', { sequence: event.sequence + 1 + dice.below(9) }],
    ['revision', { revision: event.revision + 1_000 }],
    ['stream', { stream: 'zone-forged' }],
    ['type', { type: event.type === 'ZoneSuspended' ? 'ZoneDissolved' : 'ZoneSuspended' }],
    ['version', { version: event.version + 1 }],
    ['confidence', { confidence: event.confidence === 'low' ? 'high' : 'low' }],
    ['data', { data: {} }],
  ];
  const [field, change] = dice.pick(changes);
  return [field, { ...event, ...change }];
}

export type Attack = (attacker: Attacker) => Expected | undefined;

/** Tells an event otherwise, and makes anew so much of what follows from it. Nothing where a choice that was made left it as it was. */
const change =
  (depth: Depth): Attack =>
  (attacker) => {
    const { dice } = attacker;
    const isOnTop = depth === 'bytes' || depth === 'columns';
    // What nobody has signed yet, and is made anew with all that follows from it, is the record.
    const first = attacker.anyEvent(isOnTop ? attacker.head : attacker.signed);
    const before = attacker.event(first);
    const [field, after] = told(before, dice);
    if (canonicalEvent(after) === canonicalEvent(before)) return undefined;
    try {
      attacker.write(first, after, depth);
    } catch {
      // What can't be folded can't be made anew: the attacker leaves it at what is done.
    }
    const done = { how: `change ${field} of ${first} with ${depth}`, anew: true } as const;
    if (!attacker.hasLeaf(first)) return { ...done, event: first };
    if (depth !== 'everything' && attacker.isInFullTile(first))
      return depth === 'leaf and hashes of the tile' ? { ...done, pair: first } : { ...done, event: first };
    return !attacker.isFiled(first) ? { ...done, event: first } : { ...done, hidden: first };
  };

/** What somebody can do to events. */
const ON_EVENTS: Record<string, Attack> = {
  ...Object.fromEntries(DEPTHS.map((depth) => [`change with ${depth}`, change(depth)])),
  'other bytes': (attacker) => {
    const first = attacker.anyEvent();
    const bytes = attacker.dice.pick<unknown>([Buffer.of(), Buffer.from('null'), Buffer.from('{}'), Buffer.of(0xff, 0), '[]', 7, '['.repeat(60_000), 'x'.repeat(2e6)]);
    attacker.run('UPDATE events SET bytes = ? WHERE sequence = ?', bytes, first);
    return { how: `other bytes in ${first}`, event: first, anew: true };
  },
  'bytes as a blob': (attacker) => {
    const first = attacker.anyEvent();
    attacker.run('UPDATE events SET bytes = CAST(bytes AS BLOB) WHERE sequence = ?', first);
    return { how: `bytes of ${first} as a blob`, event: first };
  },
  delete: (attacker) => {
    const { dice, signed } = attacker;
    const first = dice.pick([1, signed, 1 + dice.below(signed), signed + 1, signed + 2]);
    attacker.run('DELETE FROM events WHERE sequence = ?', first);
    if (dice.chance(50)) attacker.run('DELETE FROM tags WHERE sequence = ?', first);
    return { how: `delete ${first}`, event: first, missing: first, anew: true };
  },
  'delete and close up': (attacker) => {
    const first = attacker.anyEvent(attacker.signed);
    attacker.run('DELETE FROM events WHERE sequence = ?', first);
    attacker.run('DELETE FROM tags WHERE sequence = ?', first);
    attacker.shift(first, -1);
    return { how: `delete ${first} and close up`, event: first, anew: true };
  },
  'delete the tail': (attacker) => {
    const first = attacker.dice.pick([1, attacker.signed, attacker.anyEvent(attacker.signed)]);
    attacker.run('DELETE FROM events WHERE sequence >= ?', first);
    const how = `delete from ${first} on`;
    if (attacker.dice.chance(50)) return { how, event: first, missing: first, anew: true };
    attacker.run('DELETE FROM tags WHERE sequence >= ?', first);
    attacker.remakeAll();
    // Without its last events, a tile is not there for its first ones either.
    const tile = Math.floor((first - 1) / TILE_WIDTH);
    const isGone = (tile + 1) * TILE_WIDTH <= attacker.signed;
    return { how: `${how}, with the rest`, event: isGone ? beneath(tile, 0) : first, missing: first, anew: true };
  },
  insert: (attacker) => {
    const { dice, signed, head } = attacker;
    const first = dice.pick([1, 1 + dice.below(signed), signed, head + 1]);
    const like = attacker.anyEvent();
    attacker.shift(first, 1);
    attacker.insert(first, like >= first ? like + 1 : like);
    return { how: `insert at ${first}`, event: first, anew: true };
  },
  'insert before the first': (attacker) => {
    attacker.insert(-attacker.dice.below(2), attacker.anyEvent());
    return { how: 'insert before the first', nothing: true };
  },
  'insert far behind': (attacker) => {
    attacker.insert(attacker.head + 1 + attacker.dice.pick([1, 1_000, 2 ** 40]), attacker.anyEvent());
    return { how: 'insert far behind', event: attacker.head + 1, missing: attacker.head + 1, anew: true };
  },
  swap: (attacker) => {
    const [a, b] = [attacker.anyEvent(attacker.signed), attacker.anyEvent()].sort((one, other) => one - other) as [number, number];
    if (a === b) return undefined;
    if (attacker.dice.chance(50)) {
      for (const [from, to] of [[a, -1], [b, a], [-1, b]]) attacker.run('UPDATE events SET sequence = ? WHERE sequence = ?', to, from); // prettier-ignore
      return { how: `swap ${a} and ${b}`, event: a, anew: true };
    }
    const [one, other] = [attacker.event(a), attacker.event(b)];
    attacker.write(a, other, 'bytes');
    attacker.write(b, one, 'bytes');
    return { how: `swap the bytes of ${a} and ${b}`, event: a, anew: true };
  },
  renumber: (attacker) => {
    const first = attacker.anyEvent();
    attacker.shift(first, 1 + attacker.dice.below(3));
    return { how: `renumber from ${first} on`, event: first, missing: first, anew: true };
  },
  'move to another stream': (attacker) => {
    const first = attacker.anyEvent();
    attacker.run("UPDATE events SET stream = 'zone-forged', revision = 0 WHERE sequence = ?", first);
    return { how: `move ${first} to another stream`, event: first };
  },
  'a column': (attacker) => {
    const { dice } = attacker;
    const first = attacker.anyEvent();
    const column = dice.pick([...COLUMNS, 'leaf']);
    const value = dice.pick<unknown>(['forged', 987_654_321, 2n ** 60n, 0.5, Buffer.alloc(32, 7), Buffer.of()]);
    attacker.run(`UPDATE events SET ${column} = ? WHERE sequence = ?`, value, first);
    return { how: `the column ${column} of ${first} to ${String(value)}`, event: first };
  },
  'a tag': (attacker) => {
    const { dice, db } = attacker;
    const [tag, first] = dice.pick(db.prepare<[], [string, number]>('SELECT tag, sequence FROM tags').raw().all());
    const to = attacker.anyEvent();
    const how = dice.pick(['DELETE FROM tags', `UPDATE OR IGNORE tags SET sequence = ${to}`, "UPDATE tags SET tag = 'forged'", 'UPDATE tags SET tag = CAST(tag AS BLOB)']);
    const before = JSON.stringify(db.prepare('SELECT typeof(tag), tag, sequence FROM tags').all());
    attacker.run(`${how} WHERE tag = ? AND sequence = ?`, tag, first);
    if (JSON.stringify(db.prepare('SELECT typeof(tag), tag, sequence FROM tags').all()) === before) return undefined;
    return { how: `${how} (${tag} ${first})`, event: how.includes('sequence') ? Math.min(first, to) : first };
  },
  'another tag': (attacker) => {
    const first = attacker.anyEvent();
    const tag = attacker.dice.pick(['zone-forged', `folds:${attacker.event(attacker.anyEvent()).stream}`, `amends:${attacker.event(attacker.anyEvent()).id}`, 'type:ZoneReported']);
    if (attacker.db.prepare('SELECT 1 FROM tags WHERE tag = ? AND sequence = ?').get(tag, first)) return undefined;
    attacker.run('INSERT INTO tags VALUES (?, ?)', tag, first);
    return { how: `another tag ${tag} of ${first}`, event: first };
  },
  'a tag of no event': (attacker) => {
    const next = attacker.head + 1;
    const sequence = attacker.dice.pick<unknown>([0, -3, next, 2n ** 60n, 'x']);
    attacker.run('INSERT INTO tags VALUES (?, ?)', 'zone-forged', sequence);
    const how = `a tag of no event: ${String(sequence)}`;
    return sequence === next ? { how, event: next, anew: true } : { how, nothing: true };
  },
}; // prettier-ignore

/** The event that a hash of a tile is of; of an inner node, the first of those beneath it. */
function beneath(index: number, node: number): number {
  const rows = Array.from({ length: 9 }, (_, row) => 2 * TILE_WIDTH - 2 * (TILE_WIDTH >> row));
  const row = rows.findLastIndex((start) => start <= node);
  return index * TILE_WIDTH + 1 + (node - rows[row]!) * 2 ** row;
}

/** What somebody can do to what follows from events. */
const ON_THE_REST: Record<string, Attack> = {
  'a tile': (attacker) => {
    const { dice, head } = attacker;
    const index = dice.below(Math.floor(head / TILE_WIDTH));
    const nodes = attacker.nodes(index);
    const at = dice.below(nodes.length);
    nodes[at]! ^= 1 << dice.below(8);
    attacker.run('UPDATE tiles SET nodes = ? WHERE id = ?', nodes, index);
    return { how: `byte ${at} of tile ${index}`, event: beneath(index, Math.floor(at / 32)) };
  },
  'another tile': (attacker) => {
    const { dice, head } = attacker;
    const index = dice.below(Math.floor(head / TILE_WIDTH));
    const value = dice.pick<unknown>(['forged', Buffer.of(), attacker.nodes(index).subarray(32), attacker.nodes(index).subarray(0, -32), 5]);
    const how = dice.pick(['add', 'delete', 'change']);
    if (how === 'add') attacker.run('INSERT INTO tiles VALUES (?, ?)', dice.pick([7, 2 ** 40 + 3, -1]), attacker.nodes(index));
    if (how === 'delete') attacker.run('DELETE FROM tiles WHERE id = ?', index);
    if (how === 'change') attacker.run('UPDATE tiles SET nodes = ? WHERE id = ?', value, index);
    const done = `${how} tile ${index}: ${String(value)}`;
    return how === 'add' ? { how: done, nothing: true } : { how: done, event: beneath(index, 0) };
  },
  'a field of a state': (attacker) => {
    const { dice } = attacker;
    const { stream, folded } = attacker.anyState();
    // A field of several members is told of as a whole, whoever has told of each.
    const field = dice.pick(['', ...Object.keys(folded.registers).filter((name) => !name.includes('/'))]);
    if (field === '') return undefined;
    folded.registers[field]!.value = dice.pick<Json>(['forged', ['forged'], { forged: 1 }, 987_654_321]);
    attacker.run('UPDATE states SET folded = ? WHERE stream = ?', JSON.stringify(folded), stream);
    return { how: `${field} in the state of ${stream}`, event: attacker.placeOf(folded.because[field]!.event) };
  },
  'a part of a state': (attacker) => {
    const { dice } = attacker;
    const { stream, folded, changed, restsOn } = attacker.anyState();
    const state = folded as unknown as Record<string, Json>;
    const part = dice.pick(Object.keys(state));
    state[part] = typeof state[part] === 'number' ? state[part] + 1 : dice.pick<Json>([[1], 'forged', { forged: { value: 1 } }, null, 5]);
    attacker.run('UPDATE states SET folded = ? WHERE stream = ?', JSON.stringify(state), stream);
    const how = `${part} of the state of ${stream}`;
    return ['registers', 'counts'].includes(part) ? { how, oneOf: restsOn } : { how, event: changed };
  },
  'a letter of a state': (attacker) => {
    const { stream, text, restsOn } = attacker.anyState();
    const at = attacker.dice.below(text.length);
    const forged = `${text.slice(0, at)}${text[at] === '7' ? '8' : '7'}${text.slice(at + 1)}`;
    attacker.run('UPDATE states SET folded = ? WHERE stream = ?', forged, stream);
    return { how: `letter ${at} of the state of ${stream}`, oneOf: restsOn };
  },
  'what is no state': (attacker) => {
    const { stream, text, changed } = attacker.anyState();
    const forged = attacker.dice.pick<unknown>(['', '{', '[]', 'null', text.slice(1), Buffer.of(0xff), 7]);
    attacker.run('UPDATE states SET folded = ? WHERE stream = ?', forged, stream);
    return { how: `${String(forged)} for the state of ${stream}`, event: changed };
  },
  'rows of states': (attacker) => {
    const { stream, changed } = attacker.anyState();
    const sql = attacker.dice.pick([
      'DELETE FROM states WHERE stream = ?',
      'UPDATE states SET since = since + 1 WHERE stream = ?',
      'UPDATE states SET changed = changed - 1 WHERE stream = ?',
      "UPDATE states SET stream = 'zone-forged' WHERE stream = ?",
      'UPDATE states SET stream = CAST(stream AS BLOB) WHERE stream = ?',
      "INSERT INTO states SELECT 'zone-forged', since, changed, folded FROM states WHERE stream = ?",
    ]);
    attacker.run(sql, stream);
    const how = `${sql} (${stream})`;
    return sql.startsWith('INSERT') ? { how, nothing: true } : { how, event: changed };
  },
  'states of another release': (attacker) => {
    attacker.run("UPDATE states SET folded = '{}'");
    attacker.run("UPDATE meta SET value = 'another' WHERE key = 'projection'");
    return { how: 'states of another release', refused: true };
  },
  epoch: (attacker) => {
    const sql = attacker.dice.pick(["UPDATE meta SET value = 'forged' WHERE key = 'epoch'", "DELETE FROM meta WHERE key = 'epoch'", "UPDATE meta SET value = '' WHERE key = 'epoch'"]);
    attacker.run(sql);
    return { how: sql, nothing: true };
  },
  schema: (attacker) => {
    const sql = attacker.dice.pick([
      ...['events', 'tags', 'tiles', 'states', 'meta'].map((table) => `DROP TABLE ${table}`),
      ...['events', 'tags', 'tiles', 'states', 'meta'].map((table) => `ALTER TABLE ${table} RENAME TO forged`),
      'DROP INDEX events_by_key',
      'DROP INDEX events_by_fingerprint',
      'ALTER TABLE events RENAME COLUMN bytes TO forged',
      'ALTER TABLE events RENAME COLUMN leaf TO forged',
      'ALTER TABLE states ADD COLUMN forged',
      'CREATE TRIGGER forged AFTER INSERT ON events BEGIN DELETE FROM tags; END',
    ]);
    attacker.db.exec(sql);
    return { how: sql, nothing: true };
  },
  guards: (attacker) => {
    const [table, done] = [attacker.dice.pick(['events', 'tags', 'tiles']), attacker.dice.pick(['updated', 'deleted'])];
    const name = `${table}_are_not_${done}`;
    const other = `CREATE TRIGGER ${name} BEFORE UPDATE ON ${table} WHEN 0 BEGIN SELECT 1; END`;
    return { how: `the guard ${name}`, nothing: true, behindGuards: `DROP TRIGGER ${name}; ${attacker.dice.chance(50) ? other : ''}` };
  },
}; // prettier-ignore

export const ATTACKS: Readonly<Record<string, Attack>> = { ...ON_EVENTS, ...ON_THE_REST };
