import { changesIn, type Change } from '../changes/changes.js';
import type { RecordedEvent } from '../event/event.js';
import { subjectOf } from '../event/subject.js';
import type { Folded } from '../folding/fold.js';
import { present, type State } from '../folding/state.js';
import { subjectOfStream } from '../subjects.js';
import { checkRoot, readInto, signedBy } from './filling.js';
import { WrongUse } from './finding.js';
import type { Trust } from './opening.js';
import type { Progress } from './rehash.js';
import { Scratch } from './scratch.js';
import type { Source } from './source.js';
import { StatesAsOf, foldedAsOf } from './states-as-of.js';

export interface StandOptions extends Trust {
  /** Only these subjects, by their streams. */
  subject?: readonly string[];
  /** Only what had happened in the world by this instant, in milliseconds. */
  asOf?: number;
  /** The instant at which what falls due is judged, in milliseconds: without, that of `asOf`, or the present. */
  now?: number;
  /** Ends the replay with the signal's reason. */
  signal?: AbortSignal;
}

export interface ReplayOptions extends StandOptions {
  /** The first and the last sequence that are shown. What comes before is folded all the same. */
  from?: number;
  to?: number;
}

export interface StatesOptions extends StandOptions {
  /** What the record held at this sequence, or at this instant in milliseconds: one of the two, or all that it holds. */
  atSequence?: number;
  knownAt?: number;
  /** How many events are folded, of how many. An instant may end it before all are done. */
  progress?: Progress;
}

/** One event, and what it changed. */
export interface Step {
  event: RecordedEvent;
  changes: readonly ChangedSubject[];
}

export interface ChangedSubject {
  stream: string;
  /** As the service would have shown it then; undefined where, as of the instant that was asked for, there is nothing of it any more. */
  state: State | undefined;
  changes: readonly Omit<Change, 'by'>[];
}

/**
 * Steps through a record: takes its events one by one, as a service would, and tells after each what it changed in which subject. An event
 * that changes no field is a step too. Throws a FindingError at the first event that no record would hold and, behind the last step, where
 * the whole is not what was signed; `WrongUse` for places and subjects that there are none of.
 */
export async function* replay(source: Source, options: ReplayOptions = {}): AsyncGenerator<Step> {
  const { subject, asOf, now = asOf ?? Date.now(), signal, from = 1 } = options;
  checkNames(subject);
  const signed = await signedBy(source, options);
  const { to = signed.size } = options;
  checkPlace('to', to, [0, signed.size]);
  checkPlace('from', from, [1, Math.max(to, 1)]);
  const scratch = new Scratch();
  try {
    const { copy, writer } = scratch;
    const standing = asOf === undefined ? undefined : new StatesAsOf(writer.histories, asOf);
    const look = (stream: string) => shown((standing ?? writer.projector).state(stream), now);
    for await (const event of readInto(copy, source, { size: signed.size, upTo: to, signal })) {
      const changed = scratch.changedBy(event);
      const watched = changed.filter((stream) => subject?.includes(stream) ?? true);
      const isShown = event.sequence >= from && watched.length > 0;
      const before = isShown ? watched.map(look) : [];
      copy.write(event);
      standing?.take(event, changed);
      if (isShown) yield { event, changes: watched.flatMap((stream, at) => changedFrom(stream, before[at], look(stream))) };
    }
    copy.flush();
    if (to === signed.size) checkRoot(writer.tree, signed, source);
    checkKnown(subject, scratch, source);
  } finally {
    scratch.close();
  }
}

/** The states at one place in a record, as reads of a service would show them there, by stream. Throws as `replay` does. */
export async function* statesAt(source: Source, options: StatesOptions = {}): AsyncGenerator<State> {
  const { subject, asOf, now = asOf ?? Date.now(), atSequence, knownAt = Infinity, progress, signal } = options;
  checkNames(subject);
  if (atSequence !== undefined && options.knownAt !== undefined)
    throw new WrongUse('a sequence and an instant both say what the record held: give one of them');
  const signed = await signedBy(source, options);
  const last = atSequence ?? signed.size;
  checkPlace('the sequence', last, [0, signed.size]);
  const scratch = new Scratch();
  try {
    const { copy, writer } = scratch;
    for await (const event of readInto(copy, source, { size: signed.size, upTo: last, progress, signal })) {
      if (Date.parse(event.recordedAt) > knownAt) break;
      copy.write(event);
    }
    copy.flush();
    if (writer.tree.size === signed.size) checkRoot(writer.tree, signed, source);
    checkKnown(subject, scratch, source);
    for (const stream of subject ?? scratch.streams()) {
      signal?.throwIfAborted();
      const state = shown(asOf === undefined ? writer.projector.state(stream) : foldedAsOf(writer.histories, stream, asOf), now);
      if (state) yield state;
    }
  } finally {
    scratch.close();
  }
}

/** A state as it is served, for good: what it was folded from is folded on. */
function shown(folded: Folded | undefined, now: number): State | undefined {
  return folded && (JSON.parse(JSON.stringify(present(subjectOfStream(folded.stream).projection, folded, now))) as State);
}

/** Nothing where, as of the instant that was asked for, there was no such subject before and is none now. */
function changedFrom(stream: string, before: State | undefined, after: State | undefined): ChangedSubject[] {
  const { projection } = subjectOfStream(stream);
  if (after) return [{ stream, state: after, changes: changesIn(projection, before, after, []).map(withoutCause) }];
  const gone = before ? changesIn(projection, undefined, before, []) : [];
  return before ? [{ stream, state: undefined, changes: gone.map(({ field, after: was }) => ({ field, before: was! })) }] : [];
}

/** Of a single step it is known which event it is. */
function withoutCause(change: Change): Omit<Change, 'by'> {
  const { by: _, ...seen } = change;
  return seen;
}

function checkPlace(name: string, place: number, [first, last]: [number, number]): void {
  if (!Number.isSafeInteger(place) || place < first || place > last)
    throw new WrongUse(`${name} is ${place}, and must be from ${first} to ${last}`);
}

function checkNames(streams: readonly string[] = []): void {
  const strange = streams.find((stream) => !subjectOf(stream));
  if (strange !== undefined) throw new WrongUse(`${JSON.stringify(strange.slice(0, 100))} names no subject: <kind>-<id>`);
}

function checkKnown(streams: readonly string[] = [], { writer }: Scratch, { name }: Source): void {
  const missing = streams.find((stream) => !writer.projector.state(stream));
  if (missing !== undefined) throw new WrongUse(`there is no ${missing} in the first ${writer.head} events of ${name}`);
}
