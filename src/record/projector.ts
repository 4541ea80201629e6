import type { RecordedEvent } from '../event/event.js';
import type { Standing } from '../folding/amend.js';
import type { Fact } from '../folding/fact.js';
import { amendFold, comesLast, emptyFold, evolve, fold, type Folded } from '../folding/fold.js';
import { historyOf } from '../folding/history.js';
import { subjectOfStream } from '../subjects.js';
import type { HistoryReader } from './history-reader.js';
import type { Db } from './schema.js';

/** How many states are kept at hand between commits. */
const MAX_AT_HAND = 20_000;

/**
 * Folds events into states inside the writer's transaction. States are kept at hand as they are folded and stored once for each group, so
 * that a hundred events on one subject cost one row.
 */
export class Projector {
  private readonly atHand = new Map<string, Folded>();
  private readonly changed = new Map<string, { folded: Folded; since: number; changed: number }>();
  private readonly refolded = new Map<string, RecordedEvent[]>();
  private readonly selectState;
  private readonly storeState;

  constructor(
    db: Db,
    private readonly histories: HistoryReader,
  ) {
    this.selectState = db.prepare<[string], string>('SELECT folded FROM states WHERE stream = ?').pluck();
    this.storeState = db.prepare(
      `INSERT INTO states VALUES (@stream, @since, @changed, @folded)
       ON CONFLICT (stream) DO UPDATE SET changed = excluded.changed, folded = excluded.folded`,
    );
  }

  /** The state of a subject with all that the open transaction holds; undefined where nobody has reported it. Not to be changed. */
  state(stream: string): Folded | undefined {
    const known = this.atHand.get(stream);
    if (known) return known;
    const stored = this.selectState.get(stream);
    if (stored === undefined) return undefined;
    const folded = JSON.parse(stored) as Folded;
    this.atHand.set(stream, folded);
    return folded;
  }

  /** Folds a fact into every state that it changes. It must not be in the database yet. */
  take(fact: Fact, alsoFoldsInto: string | undefined): void {
    this.foldInto(fact.stream, fact);
    if (alsoFoldsInto && alsoFoldsInto !== fact.stream) this.foldInto(alsoFoldsInto, fact);
  }

  /** Brings what an amendment changes to where it leaves it. It must be in the database already; `holds` is its fact with it. */
  amend(amendment: RecordedEvent, holds: Standing, streams: Iterable<string>): void {
    const refolds = this.histories.changesFacts(amendment);
    for (const stream of streams) {
      const { projection } = subjectOfStream(stream);
      const folded = this.state(stream);
      if (folded && !refolds) this.keep(amendFold(projection, folded, amendment, holds), amendment.sequence);
      else this.keep(fold(projection, historyOf(stream, this.eventsAtHand(stream))), amendment.sequence);
    }
  }

  /** Writes the states that have changed. */
  store(): void {
    for (const [stream, { folded, since, changed }] of this.changed)
      this.storeState.run({ stream, since, changed, folded: JSON.stringify(folded) });
    this.changed.clear();
    this.refolded.clear();
    if (this.atHand.size > MAX_AT_HAND) this.atHand.clear();
  }

  /** Forgets what a lost transaction has folded. */
  forget(): void {
    this.changed.clear();
    this.refolded.clear();
    this.atHand.clear();
  }

  private foldInto(stream: string, fact: Fact): void {
    const { projection } = subjectOfStream(stream);
    let folded = this.state(stream) ?? emptyFold(stream);
    if (comesLast(folded, fact)) evolve(projection, folded, fact);
    else folded = fold(projection, historyOf(stream, [...this.eventsAtHand(stream), fact]));
    this.keep(folded, fact.sequence);
  }

  /** All the events of a subject that are in the database. Those that were read in this group already are at hand. */
  private eventsAtHand(stream: string): RecordedEvent[] {
    const known = this.refolded.get(stream) ?? [];
    const more = this.histories.eventsOf(stream, (known.at(-1)?.sequence ?? 0) + 1);
    // An amendment that is new brings its fact along, which may be known.
    const events =
      more.length && known.length ? [...new Map([...known, ...more].map((event) => [event.id, event])).values()] : [...known, ...more];
    if (known.length) events.sort((a, b) => a.sequence - b.sequence);
    this.refolded.set(stream, events);
    return events;
  }

  private keep(folded: Folded, sequence: number): void {
    const { stream } = folded;
    this.atHand.set(stream, folded);
    // `since` counts for a subject that is stored for the first time: its first event is then among those of this group.
    this.changed.set(stream, { folded, since: this.changed.get(stream)?.since ?? sequence, changed: sequence });
  }
}
