import type { Json, RecordedEvent } from '../event/event.js';
import { streamOf, type Kind } from '../event/subject.js';
import { fold, type Folded } from '../folding/fold.js';
import { inFoldingOrder, type Placed } from '../folding/order.js';
import { present, type State } from '../folding/state.js';
import { subjectOfStream } from '../subjects.js';
import { queryOf, type EventFilter } from './event-filter.js';
import { factsOf } from './projector.js';
import type { RecordWriter } from './record-writer.js';
import type { Db } from './schema.js';
import { EVENTS_OF_A_TAG, amends } from './tags.js';

export interface StateFilter {
  /** The values that are let through, field by field. */
  fields: Record<string, readonly string[]>;
  /** Only subjects with an event that is about one of these. */
  about?: readonly string[];
}

/** What one page may hold: whoever reads slowly keeps one of them in memory. */
const MAX_PAGE = 1_000;
const MAX_PAGE_CHARACTERS = 512 * 1024;

function pageOf(events: Iterable<{ sequence: number; bytes: string }>) {
  const page: { sequence: number; bytes: string }[] = [];
  let size = 0;
  for (const event of events) {
    page.push(event);
    size += event.bytes.length;
    if (size >= MAX_PAGE_CHARACTERS) return { page, isWhole: false };
  }
  return { page, isWhole: true };
}

/** How many sequences one query of a filtered scan looks through, so that a rare match never holds up the event loop. */
const WINDOW = 20_000;
const STATES_AT_ONCE = 200;

/** The read side of record.db, on a connection of its own that sees only what is committed. */
export class RecordReader {
  readonly epoch: string;
  private readonly facts;
  private readonly selectState;
  private readonly selectStates;
  private readonly selectById;
  private readonly selectByPlace;
  private readonly selectPlaces;
  private readonly selectBytes;
  private readonly selectAmendments;
  private readonly selectRecordedFrom;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly db: Db,
    private readonly writer: RecordWriter,
  ) {
    this.epoch = db.prepare<[], string>("SELECT value FROM meta WHERE key = 'epoch'").pluck().get()!;
    this.facts = factsOf(db);
    this.selectState = db.prepare<[string], StoredState>('SELECT * FROM states WHERE stream = ?');
    this.selectStates = db.prepare<[string, string, number, number], StoredState>(
      'SELECT * FROM states WHERE stream > ? AND stream < ? AND since <= ? ORDER BY stream LIMIT ?',
    );
    this.selectById = db.prepare<[string], string>('SELECT bytes FROM events WHERE id = ?').pluck();
    this.selectByPlace = db.prepare<[string, number], string>('SELECT bytes FROM events WHERE stream = ? AND revision = ?').pluck();
    this.selectPlaces = db.prepare<[string, number], Placed>(
      'SELECT e.sequence, e.earliest, e.latest FROM tags t JOIN events e ON e.sequence = t.sequence WHERE t.tag = ? AND t.sequence <= ?',
    );
    this.selectBytes = db.prepare<[number], string>('SELECT bytes FROM events WHERE sequence = ?').pluck();
    this.selectAmendments = db.prepare<[string], string>(EVENTS_OF_A_TAG).pluck();
    this.selectRecordedFrom = db
      .prepare<[number, number, number], number>(
        'SELECT sequence FROM events WHERE sequence >= ? AND sequence < ? AND recorded >= ? ORDER BY sequence LIMIT 1',
      )
      .pluck();
    writer.onCommit(() => {
      for (const wake of this.waiting) wake();
    });
  }

  /** The sequence of the last event that reads show. */
  get head(): number {
    return this.writer.head;
  }

  /** Waits until the record has this sequence; false where it has not come within `patience` milliseconds. */
  async reached(sequence: number, patience: number): Promise<boolean> {
    if (this.head >= sequence) return true;
    return new Promise((resolve) => {
      const settle = (reached: boolean) => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        resolve(reached);
      };
      const wake = () => this.head >= sequence && settle(true);
      const timer = setTimeout(() => settle(false), patience);
      this.waiting.add(wake);
    });
  }

  /** A subject's state as the record held it at a sequence; undefined where it held nothing of it. */
  state(stream: string, now: number, at = this.head): State | undefined {
    const stored = this.selectState.get(stream);
    return stored && stored.since <= at ? this.presentAt(stored, at, now) : undefined;
  }

  /** The states of a kind as the record held them at a sequence, by stream, behind `after`. */
  states(
    kind: Kind,
    filter: StateFilter,
    now: number,
    at: number,
    after: string | undefined,
    limit: number,
  ): { states: State[]; more: boolean } {
    const among = filter.about && this.streamsAbout(filter.about, at);
    const states: State[] = [];
    const end = `${kind}.`; // The character behind the hyphen: every stream of the kind is below it.
    const first = streamOf(kind, '');
    let from = after === undefined || after < first ? first : after;
    for (;;) {
      const page = this.selectStates.all(from, end, at, STATES_AT_ONCE);
      for (const stored of page) {
        if (among && !among.has(stored.stream)) continue;
        const state = this.presentAt(stored, at, now);
        if (!passes(state, filter)) continue;
        if (states.length === limit) return { states, more: true };
        states.push(state);
      }
      if (page.length < STATES_AT_ONCE) return { states, more: false };
      from = page.at(-1)!.stream;
    }
  }

  /** The bytes of the event that an id or a place in a stream names. */
  event(ref: { id: string } | { stream: string; revision: number }): string | undefined {
    return 'id' in ref ? this.selectById.get(ref.id) : this.selectByPlace.get(ref.stream, ref.revision);
  }

  /** The events that amend one, in order. */
  amendments(event: RecordedEvent): RecordedEvent[] {
    return this.selectAmendments.all(amends(event.id)).map((bytes) => JSON.parse(bytes) as RecordedEvent);
  }

  /**
   * The bytes of the events that pass a filter, in order, in pages, from behind `after` up to and with `upTo`. Between two pages other work
   * goes on; nothing is held but the page.
   */
  async *events(filter: EventFilter, after: number, upTo: number, limit = Infinity): AsyncGenerator<{ sequence: number; bytes: string }[]> {
    const { sql, parameters } = queryOf(filter);
    const select = this.db.prepare<unknown[], { sequence: number; bytes: string }>(sql);
    const first = Math.max(after, filter.recordedFrom === undefined ? 0 : this.firstRecorded(filter.recordedFrom, upTo) - 1);
    const last = filter.recordedTo === undefined ? upTo : Math.min(upTo, this.firstRecorded(filter.recordedTo + 1, upTo) - 1);
    let left = limit;
    for (let from = first; from < last && left > 0;) {
      const to = Math.min(from + WINDOW, last);
      const { page, isWhole } = pageOf(select.iterate(...parameters(from, to), Math.min(left, MAX_PAGE)));
      if (page.length) yield page;
      left -= page.length;
      from = isWhole && page.length < MAX_PAGE ? to : page.at(-1)!.sequence;
      await new Promise(setImmediate);
    }
  }

  /** What happened in a subject and about it, in the order of folding: the bytes from the position `skip` on. */
  timeline(stream: string, at: number, skip: number, limit: number): { bytes: string[]; more: boolean } {
    const order = inFoldingOrder(this.selectPlaces.all(stream, at));
    const page = order.slice(skip, skip + limit);
    return { bytes: page.map(({ sequence }) => this.selectBytes.get(sequence)!), more: order.length > skip + limit };
  }

  /** The first sequence that was recorded at an instant or later; the one behind the last where there is none. `recorded` never goes back. */
  private firstRecorded(instant: number, upTo: number): number {
    let [low, high] = [1, upTo + 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.selectRecordedFrom.get(middle, middle + 1, instant) === undefined) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private presentAt(stored: StoredState, at: number, now: number): State {
    const { projection } = subjectOfStream(stored.stream);
    const folded =
      stored.changed <= at ? (JSON.parse(stored.folded) as Folded) : fold(projection, stored.stream, this.facts(stored.stream, 0, at));
    return present(projection, folded, now);
  }

  private streamsAbout(about: readonly string[], at: number): Set<string> {
    const marks = about.map(() => '?').join();
    const select = this.db
      .prepare<unknown[], string>(
        `SELECT DISTINCT e.stream FROM tags t JOIN events e ON e.sequence = t.sequence WHERE t.tag IN (${marks}) AND t.sequence <= ?`,
      )
      .pluck();
    return new Set(select.all(...about, at));
  }
}

interface StoredState {
  stream: string;
  since: number;
  changed: number;
  folded: string;
}

function passes(state: State, { fields }: StateFilter): boolean {
  return Object.entries(fields).every(([field, values]) => values.includes(state[field] as Json as string));
}
