import type { Json, RecordedEvent } from '../event/event.js';
import { streamOf, type Kind } from '../event/subject.js';
import { amend, type Standing } from '../folding/amend.js';
import { fold, type Folded } from '../folding/fold.js';
import { applying, historyOf, isThere, type History, type Viewpoint } from '../folding/history.js';
import { present, type State } from '../folding/state.js';
import { subjectOfStream } from '../subjects.js';
import { queryOf, type EventFilter } from './event-filter.js';
import { HistoryReader } from './history-reader.js';
import type { RecordWriter } from './record-writer.js';
import type { StateRow } from './rebuild.js';
import { Reaching } from './reaching.js';
import type { Db } from './schema.js';
import { amends } from './tags.js';

/** Where a read of states stands. Instants in milliseconds. */
export interface Standpoint extends Viewpoint {
  /** The sequence that it stands at: nothing that was recorded later is seen. */
  at: number;
  /** The instant at which what falls due is judged. */
  now: number;
}

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
/** How long a list is read before others are heard, in milliseconds. */
const STRETCH = 20;

/** The read side of record.db, on a connection of its own that sees only what is committed. */
export class RecordReader {
  readonly epoch: string;
  private readonly histories;
  private readonly selectState;
  private readonly selectStates;
  private readonly selectBytes;
  private readonly selectEntries;
  private readonly selectFolded;
  private readonly selectRecordedFrom;
  private readonly reaching = new Reaching(() => this.head);

  constructor(
    private readonly db: Db,
    private readonly writer: RecordWriter,
  ) {
    this.epoch = db.prepare<[], string>("SELECT value FROM meta WHERE key = 'epoch'").pluck().get()!;
    this.histories = new HistoryReader(db);
    this.selectState = db.prepare<[string], StateRow>('SELECT * FROM states WHERE stream = ?');
    this.selectStates = db.prepare<[string, string, number, number], StateRow>(
      'SELECT * FROM states WHERE stream > ? AND stream < ? AND since <= ? ORDER BY stream LIMIT ?',
    );
    this.selectBytes = db.prepare<[number], string>('SELECT bytes FROM events WHERE sequence = ?').pluck();
    this.selectEntries = db
      .prepare<[number, number], Buffer>('SELECT CAST(bytes AS BLOB) FROM events WHERE sequence > ? AND sequence <= ? ORDER BY sequence')
      .pluck();
    // From the head down: where every state is folded, the first row that is looked at is the one.
    this.selectFolded = db
      .prepare<[number], number>(
        `SELECT sequence FROM events CROSS JOIN states USING (stream) WHERE sequence <= ? AND changed >= sequence
         ORDER BY sequence DESC LIMIT 1`,
      )
      .pluck();
    this.selectRecordedFrom = db
      .prepare<[number, number, number], number>(
        'SELECT sequence FROM events WHERE sequence >= ? AND sequence < ? AND recorded >= ? ORDER BY sequence LIMIT 1',
      )
      .pluck();
    writer.onCommit(() => this.reaching.grew());
  }

  /** The sequence of the last event that reads show. */
  get head(): number {
    return this.writer.head;
  }

  /** How many events there are behind the last one that the stored states hold. */
  get unfolded(): number {
    const { head } = this;
    return head - (this.selectFolded.get(head) ?? 0);
  }

  /** Whoever waits is told that it has not come. */
  endWaits(): void {
    this.reaching.end();
  }

  /** Waits until the record has this sequence; false where it has not come within `patience` milliseconds. */
  reached(sequence: number, patience: number): Promise<boolean> {
    return this.reaching.reached(sequence, patience);
  }

  /** The last sequence that was recorded by an instant. */
  sequenceAt(instant: number): number {
    return this.firstRecorded(instant + 1, this.head) - 1;
  }

  /** A subject's state as it reads from a standpoint; undefined where there was nothing of it. */
  state(stream: string, from: Standpoint): State | undefined {
    const stored = this.selectState.get(stream);
    return stored && this.present(stored, from);
  }

  /**
   * The states of a kind that pass a filter, as they read from a standpoint, by stream, behind `after`. Between two stretches other work
   * goes on; a standpoint stays what it is meanwhile.
   */
  async *states(kind: Kind, filter: StateFilter, from: Standpoint, after?: string): AsyncGenerator<State> {
    const among = filter.about && this.allAbout(filter.about, from);
    const end = `${kind}.`; // The character behind the hyphen: every stream of the kind is below it.
    const first = streamOf(kind, '');
    let behind = after === undefined || after < first ? first : after;
    for (;;) {
      const page = this.selectStates.all(behind, end, from.at, STATES_AT_ONCE);
      for await (const stored of inStretches(page)) {
        if (among && !among.has(stored.stream)) continue;
        const state = this.present(stored, from);
        if (state && passes(state, filter)) yield state;
      }
      if (page.length < STATES_AT_ONCE) return;
      behind = page.at(-1)!.stream;
    }
  }

  /** All that changes a subject's state, as it is seen from a standpoint; undefined where there was nothing of it. */
  history(stream: string, from: Standpoint): History | undefined {
    const history = historyOf(stream, this.histories.eventsOf(stream, 0, from.at), from);
    return isThere(history) ? history : undefined;
  }

  /** The subjects of a kind with an event that is about one of these. */
  streamsAbout(kind: Kind, about: readonly string[], from: Standpoint): string[] {
    return [...this.allAbout(about, from)].filter((stream) => stream.startsWith(streamOf(kind, ''))).sort();
  }

  /** The subjects that the events behind one sequence, up to and with another, may have changed, by stream. */
  async changedSubjects(after: number, upTo: number): Promise<string[]> {
    const changed = new Set<string>();
    const facts = new Set<string>();
    for await (const page of this.events({ about: [] }, after, upTo)) {
      for await (const { bytes } of inStretches(page)) {
        const event = JSON.parse(bytes) as RecordedEvent;
        changed.add(event.stream);
        const fact = this.histories.factOf(event);
        if (facts.has(fact.id)) continue;
        if (fact !== event) facts.add(fact.id);
        const corrections = fact === event ? [] : this.amendments(fact.id, upTo).filter(({ corrects }) => corrects !== undefined);
        for (const stream of this.histories.elsewhere(fact, corrections)) changed.add(stream);
      }
    }
    return [...changed].sort();
  }

  /** The events that may have changed a subject behind one sequence, up to and with another, in order. */
  eventsOf(stream: string, after: number, upTo: number): RecordedEvent[] {
    return this.histories.eventsOf(stream, after + 1, upTo).filter(({ sequence }) => sequence > after);
  }

  /** The fact that an event tells or amends, as it held before that event (undefined where that told it) and as it held with it. */
  around(event: RecordedEvent): { before: Standing | undefined; after: Standing } {
    return this.histories.around(event);
  }

  /** The events that are about a subject, as recorded or as corrected, with their amendments, as the record held them at a sequence. */
  eventsAbout(stream: string, at: number): RecordedEvent[] {
    return this.histories.eventsAbout(stream, at);
  }

  /** The bytes of the event that an id or a place in a stream names. */
  event(ref: { id: string } | { stream: string; revision: number }): string | undefined {
    return this.histories.bytesOf(ref);
  }

  /** The bytes of the events behind one sequence, up to and with another, as they were hashed. */
  entries(after: number, upTo: number): Buffer[] {
    return this.selectEntries.all(after, upTo);
  }

  /** The bytes of the event of a sequence that there is. */
  bytes(sequence: number): string {
    return this.selectBytes.get(sequence)!;
  }

  /** The fact that an event is, or that an amendment aims at in the end. */
  factOf(event: RecordedEvent): RecordedEvent {
    return this.histories.factOf(event);
  }

  /** What amends an event, be it what it says or an amendment of it, in order. */
  amendments(id: string, at = this.head): RecordedEvent[] {
    return this.histories.amendments(id, at);
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

  private present(stored: StateRow, from: Standpoint): State | undefined {
    const { stream, since, changed } = stored;
    if (since > from.at) return undefined;
    const { projection } = subjectOfStream(stream);
    if (changed <= from.at && from.asOf === undefined && from.publishedBy === undefined)
      return present(projection, JSON.parse(stored.folded) as Folded, from.now);
    const history = this.history(stream, from);
    return history && present(projection, fold(projection, history), from.now);
  }

  /**
   * The subjects with an event that is about one of these; with `asOf` only those of which one had happened by then, as it holds. What was
   * recorded about something stays found by it: corrections and retractions don't take that back.
   */
  private allAbout(about: readonly string[], { at, asOf, publishedBy }: Standpoint): Set<string> {
    const found = `FROM tags t JOIN events e ON e.sequence = t.sequence WHERE t.tag IN (${about.map(() => '?').join()}) AND t.sequence <= ?`;
    const pluck = (sql: string) => this.db.prepare<unknown[], string>(sql).pluck();
    if (asOf === undefined) return new Set(pluck(`SELECT DISTINCT e.stream ${found}`).all(...about, at));
    const isAmended = `(e.type LIKE 'Event%' OR EXISTS (SELECT 1 FROM tags a WHERE a.tag = '${amends('')}' || e.id AND a.sequence <= ?))`;
    const streams = new Set(
      pluck(`SELECT DISTINCT e.stream ${found} AND NOT ${isAmended} AND e.earliest <= ?`).all(...about, at, at, asOf),
    );
    const facts = new Map<string, RecordedEvent>();
    for (const bytes of pluck(`SELECT e.bytes ${found} AND ${isAmended}`).all(...about, at, at)) {
      const fact = this.histories.factOf(JSON.parse(bytes) as RecordedEvent);
      if (!streams.has(fact.stream)) facts.set(fact.id, fact);
    }
    for (const fact of facts.values()) {
      const holds = amend([fact, ...applying(this.amendments(fact.id, at), publishedBy)])[0]!;
      if (holds.earliest <= asOf) streams.add(fact.stream);
    }
    return streams;
  }
}

/** Goes through a list in stretches, between which others are heard. */
export async function* inStretches<T>(items: Iterable<T>): AsyncGenerator<T> {
  let started = performance.now();
  for (const item of items) {
    yield item;
    if (performance.now() - started < STRETCH) continue;
    await new Promise(setImmediate);
    started = performance.now();
  }
}

function passes(state: State, { fields }: StateFilter): boolean {
  return Object.entries(fields).every(([field, values]) => values.includes(state[field] as Json as string));
}
