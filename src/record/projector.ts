import type { RecordedEvent } from '../event/event.js';
import { factOf, type Fact } from '../folding/fact.js';
import { comesLast, emptyFold, evolve, fold, type Folded } from '../folding/fold.js';
import { subjectOfStream } from '../subjects.js';
import type { Db } from './schema.js';
import { foldsInto } from './tags.js';

/** How many states are kept at hand between commits. */
const MAX_AT_HAND = 20_000;

/**
 * Folds events into states inside the writer's transaction. States are kept at hand as they are folded and stored once for each group, so
 * that a hundred events on one subject cost one row.
 */
export class Projector {
  private readonly atHand = new Map<string, Folded>();
  private readonly changed = new Map<string, { folded: Folded; since: number; changed: number }>();
  private readonly refolded = new Map<string, Fact[]>();
  private readonly selectState;
  private readonly selectFacts;
  private readonly storeState;

  constructor(db: Db) {
    this.selectState = db.prepare<[string], string>('SELECT folded FROM states WHERE stream = ?').pluck();
    this.selectFacts = factsOf(db);
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
    this.keep(folded);
    return folded;
  }

  /** Folds a fact into every state that it changes. It must not be in the database yet. */
  take(fact: Fact, alsoFoldsInto: string | undefined): void {
    this.foldInto(fact.stream, fact);
    if (alsoFoldsInto && alsoFoldsInto !== fact.stream) this.foldInto(alsoFoldsInto, fact);
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
    else folded = fold(projection, stream, this.factsWith(stream, fact));
    this.keep(folded);
    // `since` counts for a subject that is stored for the first time: its first event is then among those of this group.
    const since = this.changed.get(stream)?.since ?? fact.sequence;
    this.changed.set(stream, { folded, since, changed: fact.sequence });
  }

  /** All the facts of a subject and a new one. Those of a subject that was refolded in this group are at hand already. */
  private factsWith(stream: string, fact: Fact): Fact[] {
    const known = this.refolded.get(stream) ?? [];
    // What has folded onto the state since then is in the database by now.
    const facts = [...known, ...this.selectFacts(stream, (known.at(-1)?.sequence ?? 0) + 1), fact];
    this.refolded.set(stream, facts);
    return facts;
  }

  private keep(folded: Folded): void {
    this.atHand.set(folded.stream, folded);
  }
}

/** Reads the facts of a subject in the order of recording: those of its own stream, and those elsewhere that change it. */
export function factsOf(db: Db): (stream: string, from?: number, upTo?: number) => Fact[] {
  const select = db
    .prepare<{ stream: string; folds: string; from: number; upTo: number }, string>(
      `SELECT bytes FROM events WHERE stream = @stream AND sequence BETWEEN @from AND @upTo
       UNION ALL SELECT e.bytes FROM tags t JOIN events e ON e.sequence = t.sequence WHERE t.tag = @folds AND t.sequence BETWEEN @from AND @upTo`,
    )
    .pluck();
  return (stream, from = 0, upTo = Number.MAX_SAFE_INTEGER) =>
    select
      .all({ stream, folds: foldsInto(stream), from, upTo })
      .map((bytes) => factOf(JSON.parse(bytes) as RecordedEvent))
      .sort((a, b) => a.sequence - b.sequence);
}
