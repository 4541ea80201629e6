import type { Json, RecordedEvent } from '../event/event.js';
import { amend, corrected, type Standing } from '../folding/amend.js';
import { factOf, isFact, targetOf, type Fact } from '../folding/fact.js';
import { subjectOfStream } from '../subjects.js';
import type { Db } from './schema.js';
import { amends, foldsInto } from './tags.js';

const HEAD = Number.MAX_SAFE_INTEGER;

/** Reads what a subject's state is folded from, and how a fact holds, on either side of the record. */
export class HistoryReader {
  private readonly selectOwn;
  private readonly selectById;
  private readonly selectByPlace;
  private readonly selectTagged;

  constructor(db: Db) {
    this.selectOwn = db
      .prepare<{ stream: string; folds: string; from: number; upTo: number }, string>(
        `SELECT bytes FROM events WHERE stream = @stream AND sequence BETWEEN @from AND @upTo
         UNION ALL SELECT e.bytes FROM tags t JOIN events e ON e.sequence = t.sequence WHERE t.tag = @folds AND t.sequence BETWEEN @from AND @upTo`,
      )
      .pluck();
    this.selectById = db.prepare<[string], string>('SELECT bytes FROM events WHERE id = ?').pluck();
    this.selectByPlace = db.prepare<[string, number], string>('SELECT bytes FROM events WHERE stream = ? AND revision = ?').pluck();
    this.selectTagged = db
      .prepare<[string, number], string>(
        'SELECT e.bytes FROM tags t JOIN events e ON e.sequence = t.sequence WHERE t.tag = ? AND t.sequence <= ? ORDER BY t.sequence',
      )
      .pluck();
  }

  /** The bytes of the event that an id or a place in a stream names. */
  bytesOf(ref: { id: string } | { stream: string; revision: number }): string | undefined {
    return 'id' in ref ? this.selectById.get(ref.id) : this.selectByPlace.get(ref.stream, ref.revision);
  }

  /** The events that may change a subject, in the order of recording: those of its own stream and those elsewhere, with their amendments. */
  eventsOf(stream: string, from = 0, upTo = HEAD): RecordedEvent[] {
    return this.withFacts(this.selectOwn.all({ stream, folds: foldsInto(stream), from, upTo }).map(parse), upTo);
  }

  /** The events that are about a subject, as recorded or as corrected, with their amendments, in the order of recording. */
  eventsAbout(stream: string, upTo = HEAD): RecordedEvent[] {
    return this.withFacts(this.selectTagged.all(stream, upTo).map(parse), upTo);
  }

  /** A fact that was corrected to come here was elsewhere when it was recorded: it comes along, with all that amends it. */
  private withFacts(found: RecordedEvent[], upTo: number): RecordedEvent[] {
    const known = new Map(found.map((event) => [event.id, event]));
    for (const event of found) {
      if (isFact(event)) continue;
      const fact = this.factOf(event);
      if (!known.has(fact.id)) for (const each of [fact, ...this.amendments(fact.id, upTo)]) known.set(each.id, each);
    }
    return [...known.values()].sort((a, b) => a.sequence - b.sequence);
  }

  /** The fact that an event is, or that an amendment aims at in the end. */
  factOf(event: RecordedEvent): RecordedEvent {
    let fact = event;
    for (let target = targetOf(fact); target !== undefined; target = targetOf(fact)) fact = parse(this.selectById.get(target)!);
    return fact;
  }

  /** What amends an event, be it what it says or an amendment of it, in order. */
  amendments(id: string, upTo = HEAD): RecordedEvent[] {
    return this.selectTagged.all(amends(id), upTo).map(parse);
  }

  /** A fact as it holds now. */
  standing(fact: RecordedEvent): Standing {
    return amend([fact, ...this.amendments(fact.id)])[0]!;
  }

  /** The fact that an event tells or amends, as it held before that event (undefined where that told it) and as it held with it. */
  around(event: RecordedEvent): { before: Standing | undefined; after: Standing } {
    if (isFact(event)) return { before: undefined, after: factOf(event) };
    const fact = this.factOf(event);
    const earlier = this.amendments(fact.id, event.sequence - 1);
    return { before: amend([fact, ...earlier])[0]!, after: amend([fact, ...earlier, event])[0]! };
  }

  /** The subjects elsewhere whose states a fact changes, as it was recorded or as any of its corrections up to a sequence would have it. */
  elsewhere(fact: RecordedEvent, corrections: readonly RecordedEvent[]): Set<string> {
    const own = foldsElsewhere(fact);
    // Which facts fold elsewhere follows from their type; where to, from what they say.
    if (own === undefined) return new Set();
    const versions = corrections.map(({ data }) => corrected(fact as Fact, data['changes'] as Record<string, Json>));
    return new Set([own, ...versions.map((version) => foldsElsewhere(version)!)]);
  }

  /** Whether a fact says something else for an amendment. A dispute, or a source alone, shows in none of its fields. */
  changesFacts({ disputes, corroborates, retracts, accordingTo }: RecordedEvent): boolean {
    if (retracts !== undefined) return this.changesFacts(parse(this.selectById.get(retracts)!));
    return disputes === undefined && (corroborates === undefined || accordingTo !== undefined);
  }
}

/** Another subject whose state a fact changes too. */
export function foldsElsewhere({ stream, type, data }: RecordedEvent): string | undefined {
  return subjectOfStream(stream).alsoFoldsInto?.(type, data);
}

function parse(bytes: string): RecordedEvent {
  return JSON.parse(bytes) as RecordedEvent;
}
