import { canonical } from '../event/canonical.js';
import type { Json, RecordedEvent } from '../event/event.js';
import type { Standing } from '../folding/amend.js';
import { foldAlone, type Projection } from '../folding/fold.js';
import type { State } from '../folding/state.js';

/** What one field read before and after, and the events in between that set it. */
export interface Change {
  field: string;
  before?: Json;
  after?: Json;
  by: string[];
}

/** An event, with the fact that it tells or amends as that held before it (undefined where it told it) and with it. */
export interface Cause {
  event: RecordedEvent;
  before: Standing | undefined;
  after: Standing;
}

/** The places of a state in the record, and the word that its fields stand on, change with every event. */
const PLACES = new Set(['id', 'stream', 'revision', 'sequence', 'because']);

/** What changed in a state, field by field. */
export function changesIn(projection: Projection, before: State | undefined, after: State, causes: readonly Cause[]): Change[] {
  const touched = causes.map((cause) => ({ id: cause.event.id, fields: fieldsOf(projection, after.stream, cause) }));
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after)]);
  return [...fields]
    .filter((field) => !PLACES.has(field) && canonical(before?.[field] ?? null) !== canonical(after[field] ?? null))
    .filter((field) => before || !isEmpty(after[field]))
    .map((field) => {
      const own = touched.filter((event) => event.fields.has(field));
      const by = (own.length ? own : touched).map(({ id }) => id);
      const [was, is] = [before?.[field], after[field]];
      return { field, ...(was !== undefined && { before: was }), ...(is !== undefined && { after: is }), by };
    });
}

/** The fields of a state that an event may have changed: those that its fact sets otherwise with it, and those that follow from such. */
function fieldsOf(projection: Projection, stream: string, { event, before, after }: Cause): Set<string> {
  const was = before && !before.retractedBy ? before : undefined;
  const is = after.retractedBy ? undefined : after;
  const moved = was?.occurred !== is?.occurred;
  const fields = new Set(
    moved ? [...setBy(projection, stream, was), ...setBy(projection, stream, is)] : differing(projection, stream, was, is),
  );
  // How facts stand to one another changes with what they say and when.
  if (moved || fields.size) for (const field of ['anomalies', 'uncertain']) fields.add(field);
  if (moved && after.stream === stream) fields.add('retracted');
  if (changesDisputes(event, before, after)) for (const field of ['disputed', 'settled']) fields.add(field);
  return fields;
}

/** Whether an event disputes, settles or opens again what was disputed, or adds a source to one of its sides. */
function changesDisputes(event: RecordedEvent, before: Standing | undefined, after: Standing): boolean {
  if (event.disputes !== undefined) return true;
  if (!before?.disputedBy) return false;
  const settled = ({ disputedBy = [] }: Standing) => disputedBy.map((dispute) => dispute.settled?.by ?? '').join();
  return event.corroborates !== undefined || settled(before) !== settled(after);
}

function setBy(projection: Projection, stream: string, fact: Standing | undefined): string[] {
  return fact ? Object.keys(foldAlone(projection, stream, fact).because) : [];
}

/** The fields that two versions of a fact set to different values, or count differently. */
function differing(projection: Projection, stream: string, was: Standing | undefined, is: Standing | undefined): string[] {
  if (!was || !is || canonical(was.data) === canonical(is.data)) return [];
  const [before, after] = [was, is].map((fact) => {
    const { registers, counts } = foldAlone(projection, stream, fact);
    return { ...registers, ...counts } as unknown as Record<string, Json>;
  }) as [Record<string, Json>, Record<string, Json>];
  return Object.keys({ ...before, ...after })
    .filter((name) => canonical(before[name] ?? null) !== canonical(after[name] ?? null))
    .map((name) => name.split('/')[0]!);
}

/** What a subject that is new has of itself: nothing said, nobody named, nothing counted. */
function isEmpty(value: Json | undefined): boolean {
  return value === undefined || value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);
}
