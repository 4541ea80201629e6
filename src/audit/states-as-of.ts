import type { RecordedEvent } from '../event/event.js';
import { factOf, isFact } from '../folding/fact.js';
import { comesLast, evolve, fold, type Folded } from '../folding/fold.js';
import { historyOf, isThere } from '../folding/history.js';
import type { HistoryReader } from '../record/history-reader.js';
import { subjectOfStream } from '../subjects.js';

/**
 * The subjects as of an instant in the world, kept as events are recorded one by one. A fact that folds behind the others costs one step;
 * what comes late, and what amends, folds its subject anew.
 */
export class StatesAsOf {
  private readonly known = new Map<string, Folded>();

  constructor(
    private readonly histories: HistoryReader,
    private readonly asOf: number,
  ) {}

  /** Undefined where nothing of the subject had happened by then. Not to be changed. */
  state(stream: string): Folded | undefined {
    return this.known.get(stream);
  }

  /** Takes an event that is written, into the subjects that it may change. */
  take(event: RecordedEvent, streams: readonly string[]): void {
    for (const stream of streams) if (!this.folds(event, stream)) this.foldAnew(stream);
  }

  private folds(event: RecordedEvent, stream: string): boolean {
    const folded = this.known.get(stream);
    if (!isFact(event)) return false;
    const fact = factOf(event);
    if (fact.earliest > this.asOf) {
      if (folded && fact.stream === stream) Object.assign(folded, { revision: fact.revision, sequence: fact.sequence });
      return true;
    }
    if (!folded || !comesLast(folded, fact)) return false;
    evolve(subjectOfStream(stream).projection, folded, fact, this.asOf);
    return true;
  }

  private foldAnew(stream: string): void {
    const folded = foldedAsOf(this.histories, stream, this.asOf);
    if (folded) this.known.set(stream, folded);
    else this.known.delete(stream);
  }
}

/** A subject out of all that is recorded of it; undefined where nothing of it had happened by then. */
export function foldedAsOf(histories: HistoryReader, stream: string, asOf: number): Folded | undefined {
  const history = historyOf(stream, histories.eventsOf(stream), { asOf });
  return isThere(history) ? fold(subjectOfStream(stream).projection, history) : undefined;
}
