import { canonical } from '../event/canonical.js';
import type { Json, RecordedEvent } from '../event/event.js';
import type { Fact } from '../folding/fact.js';
import { emptyFold, evolve, type Projection } from '../folding/fold.js';
import type { State } from '../folding/state.js';

/** What one field read before and after, and the events in between that set it. */
export interface Change {
  field: string;
  before?: Json;
  after?: Json;
  by: string[];
}

/** The places of a state in the record, and the word that its fields stand on, change with every event. */
const PLACES = new Set(['id', 'stream', 'revision', 'sequence', 'because']);
/** The fields that are not set by facts but follow from how they stand to one another. */
const FOLLOWING = new Set(['anomalies', 'disputed', 'settled', 'uncertain', 'retracted']);

/** An event, with all that the fact it tells or amends said before and after it. */
export interface Cause {
  event: RecordedEvent;
  facts: readonly Fact[];
}

/** What changed in a state, field by field. */
export function changesIn(projection: Projection, before: State | undefined, after: State, causes: readonly Cause[]): Change[] {
  const touched = causes.map(({ event, facts }) => ({
    id: event.id,
    fields: fieldsOf(projection, after.stream, facts),
    amends: facts.length > 1,
  }));
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after)]);
  return [...fields]
    .filter((field) => !PLACES.has(field) && canonical(before?.[field] ?? null) !== canonical(after[field] ?? null))
    .filter((field) => before || !isEmpty(after[field]))
    .map((field) => {
      const own = touched.filter(({ fields, amends }) => (FOLLOWING.has(field) ? amends : fields.has(field)));
      const by = (own.length ? own : touched).map(({ id }) => id);
      const [was, is] = [before?.[field], after[field]];
      return { field, ...(was !== undefined && { before: was }), ...(is !== undefined && { after: is }), by };
    });
}

/** Every field of a subject that versions of a fact set. */
function fieldsOf(projection: Projection, stream: string, facts: readonly Fact[]): Set<string> {
  return new Set(
    facts.flatMap((fact) => {
      const alone = emptyFold(stream);
      evolve(projection, alone, fact);
      return Object.keys(alone.because);
    }),
  );
}

/** What a subject that is new has of itself: nothing said, nobody named, nothing counted. */
function isEmpty(value: Json | undefined): boolean {
  return value === undefined || value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);
}
