import { canonical } from '../../event/canonical.js';
import type { Json } from '../../event/event.js';
import type { Folded } from '../../folding/fold.js';
import { present, type State } from '../../folding/state.js';
import { refolded, type StateRow } from '../../record/rebuild.js';
import type { Db } from '../../record/schema.js';
import { subjectOfStream } from '../../subjects.js';
import type { Finding } from '../finding.js';
import { visible } from '../visible.js';
import { wrongField } from '../wrong-field.js';
import { TagSum, type Seed } from './tag-sum.js';

/** More than an auditor reads. */
const MOST = 100;

const TAGS_AT_ONCE = 1_000;

/**
 * The sum of all tags but those of the events behind `head`, which a service has recorded since. What is no tag counts as one that no event
 * has.
 */
export function sumOfTags(db: Db, seed: Seed, head: number): string {
  const sum = new TagSum(seed);
  const newest = db.prepare<[], number>('SELECT max(sequence) FROM events').pluck().get()!;
  const first = db.prepare<[number], [unknown, unknown]>('SELECT tag, sequence FROM tags ORDER BY tag, sequence LIMIT ?').raw();
  const next = db
    .prepare<[unknown, unknown, number], [unknown, unknown]>(
      'SELECT tag, sequence FROM tags WHERE (tag, sequence) > (?, ?) ORDER BY tag, sequence LIMIT ?',
    )
    .raw();
  for (let rows = first.all(TAGS_AT_ONCE); rows.length > 0; rows = next.all(...rows.at(-1)!, TAGS_AT_ONCE))
    for (const [tag, sequence] of rows) {
      if (typeof tag !== 'string' || typeof sequence !== 'number') sum.add('', 0);
      else if (sequence <= head || sequence > newest) sum.add(tag, sequence);
    }
  return sum.value;
}

/** What SQLite itself finds amiss in the file: pages, and indexes that have other rows than their tables. */
export function damageOf(db: Db): Finding[] {
  const told = db.pragma('integrity_check(10)') as { integrity_check: string }[];
  return told
    .filter(({ integrity_check: message }) => message !== 'ok')
    .map(({ integrity_check: message }) => ({
      code: 'unreadable',
      message: `record.db is damaged: ${visible(message)}`,
      ...eventIn(message),
    }));
}

/** The event that SQLite tells of, where it is one that an index does not lead to: the sequence is the row. */
function eventIn(message: string): { sequence?: number } {
  const [, row] = /^row (\d+) missing from index (?:events_|sqlite_autoindex_events_)/.exec(message) ?? [];
  return row === undefined ? {} : { sequence: Number(row) };
}

/** The states that are not what their events fold. The events, and what these are found by, must hold. */
export function wrongStates(db: Db): Finding[] {
  const select = db.prepare<[string], StateRow>('SELECT * FROM states WHERE stream = ?');
  const wrong: Finding[] = [];
  let subjects = 0;
  for (const rows of refolded(db)) {
    subjects += rows.length;
    for (const row of rows) {
      const stored = select.get(row.stream);
      if (!isSameState(row, stored) && wrong.length < MOST) wrong.push(wrongState(db, row, stored));
    }
  }
  const states = db.prepare<[], number>('SELECT count(*) FROM states').pluck().get()!;
  if (states > subjects) wrong.push({ code: 'state-changed', message: `there are ${states - subjects} states that no event tells of` });
  return wrong;
}

/** Names the event on whose word the first field stands that is not what it was, or else the last event of the subject. */
function wrongState(db: Db, { stream, changed, folded }: StateRow, stored: StateRow | undefined): Finding {
  const id = db.prepare<[number], string>('SELECT id FROM events WHERE sequence = ?').pluck().get(changed);
  const last = { sequence: changed, ...(id !== undefined && { id }) };
  if (!stored) return { code: 'state-changed', message: `the state of ${stream} is missing`, ...last };
  const { projection } = subjectOfStream(stream);
  let shown: State;
  try {
    shown = present(projection, JSON.parse(stored.folded) as Folded, 0);
  } catch {
    return { code: 'state-changed', message: `the state of ${stream} can't be read`, ...last };
  }
  const { field, because } = wrongField(present(projection, JSON.parse(folded) as Folded, 0), shown) ?? {};
  const at = because && db.prepare<[string], number>('SELECT sequence FROM events WHERE id = ?').pluck().get(because);
  const message = `the state of ${stream} is not what its events say${field ? `: ${field}` : ''}`;
  return { code: 'state-changed', message, ...(at ? { sequence: at, id: because! } : last) };
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
