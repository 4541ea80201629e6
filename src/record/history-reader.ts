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
  private readonly selectTagged;

  constructor(db: Db) {
    this.selectOwn = db
      .prepare<{ stream: string; folds: string; from: number; upTo: number }, string>(
        `SELECT bytes FROM events WHERE stream = @stream AND sequence BETWEEN @from AND @upTo
         UNION ALL SELECT e.bytes FROM tags t JOIN events e ON e.sequence = t.sequence WHERE t.tag = @folds AND t.sequence BETWEEN @from AND @upTo`,
      )
      .pluck();
    this.selectById = db.prepare<[string], string>('SELECT bytes FROM events WHERE id = ?').pluck();
    this.selectTagged = db
      .prepare<[string, number], string>(
        'SELECT e.bytes FROM tags t JOIN events e ON e.sequence = t.sequence WHERE t.tag = ? AND t.sequence <= ? ORDER BY t.sequence',
      )
      .pluck();
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

  /** What the fact that an event tells or amends says and said: as recorded, as each correction alone would have it, and last as it holds with the event. */
  versions(event: RecordedEvent): [...Fact[], Standing] {
    if (isFact(event)) return [factOf(event)];
    const fact = this.factOf(event);
    const amendments = this.amendments(fact.id, event.sequence).filter(({ id }) => id !== event.id);
    const holds = amend([fact, ...amendments, event])[0]!;
    const corrections = [...amendments, event].filter(({ corrects }) => corrects !== undefined);
    return [fact as Fact, ...corrections.map(({ data }) => corrected(holds, data['changes'] as Record<string, Json>)), holds];
  }

  /** Whether a fact says something else for an amendment. A dispute, or a source alone, shows in none of its fields. */
  changesFacts({ disputes, corroborates, retracts, accordingTo }: RecordedEvent): boolean {
    if (retracts !== undefined) return this.changesFacts(parse(this.selectById.get(retracts)!));
    return disputes === undefined && (corroborates === undefined || accordingTo !== undefined);
  }

  /** The subjects whose states an event may change: that of its stream, and those elsewhere that its fact folds into or ever did. */
  changedBy(event: RecordedEvent): Set<string> {
    return new Set([event.stream, ...this.versions(event).flatMap((version) => foldsElsewhere(version) ?? [])]);
  }
}

/** Another subject whose state a fact changes too. */
export function foldsElsewhere({ stream, type, data }: RecordedEvent): string | undefined {
  return subjectOfStream(stream).alsoFoldsInto?.(type, data);
}

function parse(bytes: string): RecordedEvent {
  return JSON.parse(bytes) as RecordedEvent;
}
