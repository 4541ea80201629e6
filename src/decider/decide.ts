import { canonical } from '../event/canonical.js';
import type { Confidence, Json, NewEvent, RecordedEvent, Source } from '../event/event.js';
import type { Standing } from '../folding/amend.js';
import { StateView, settings, type Folded } from '../folding/fold.js';
import { certainlyPrecedes } from '../folding/order.js';
import { isNews } from '../folding/source.js';
import { Refusal } from './refusal.js';
import type { Subject } from './subject.js';

/** What a valid command says, whatever it is on and whichever door it came through. */
export interface Told {
  occurred?: string;
  sources: Source[];
  accordingTo?: string[];
  confidence?: Confidence;
  data: Record<string, Json>;
  caller: string;
  key?: string;
  /** The revision that the caller believes the stream to be at. */
  ifMatch?: number;
}

/** A valid command on a subject. */
export interface Command extends Told {
  subject: Subject;
  verb: string;
  stream: string;
  occurred: string;
}

/** What the write path has read for a decision. */
export interface Loaded {
  /** The subject as it stands; undefined where nobody has reported it. */
  state: Folded | undefined;
  /** What the command's references name: the stream of each, undefined where it names nothing. */
  references: readonly Named[];
  /** The event that an earlier command of the same caller and key made, with the fact that it corroborates, if any, as that held then. */
  keyed?: { event: RecordedEvent; target?: RecordedEvent };
  /**
   * The newest fact that says the same as it holds, and all that amends it; what was recorded or amended behind it in its
   * stream, one by one, read where it matters.
   */
  same?: { fact: Standing; amendments: readonly RecordedEvent[]; since(): Iterable<Standing> };
}

export interface Named {
  field: string;
  name: string;
  stream: string | undefined;
}

/** What a decision can look up that is known only while it is made. */
export interface Reader {
  /** The stream that a reference is about, if what it names exists. */
  streamNamed(name: string): string | undefined;
}

/** An event to be recorded, but for its id and its stamp. */
export type Draft = Omit<NewEvent, 'id' | 'recordedAt'>;

export type Decision =
  /** It was recorded before: by the same command (`first`) or by another that said the same. */
  { known: RecordedEvent; first: boolean } | { append: Draft; expected: 'none' | number };

/** The current version of every event's data. Older ones are brought up where they are folded. */
export const VERSION = 1;

/** Decides a command: what is recorded, or why nothing is. Pure; the order of checks is the contract's: key, repeat, If-Match. */
export function decide(command: Command, loaded: Loaded): Decision {
  if (loaded.keyed) return { known: sameCommand(command, loaded.keyed), first: true };
  const repeated = loaded.same && repeats(command, loaded.same) ? loaded.same : undefined;
  if (repeated && !bringsNews(command, repeated.fact)) return { known: repeated.fact, first: false };
  checkPlace(command, loaded, repeated !== undefined);
  checkReferences(loaded.references);
  const draft = {
    version: VERSION,
    occurred: command.occurred,
    recordedBy: command.caller,
    sources: command.sources,
    accordingTo: command.accordingTo,
    confidence: command.confidence,
    commandKey: command.key,
  };
  const expected = loaded.state ? loaded.state.revision : 'none';
  if (repeated) {
    const { fact, amendments } = repeated;
    checkRoom(amendments);
    const about = union(fact.about, ...amendments.map((amendment) => amendment.about), command.accordingTo ?? []);
    return { append: { ...draft, type: 'EventCorroborated', about, data: {}, corroborates: fact.id }, expected };
  }
  const about = union(
    [command.stream],
    standing(command, loaded),
    loaded.references.map(({ stream }) => stream!),
  );
  return { append: { ...draft, type: command.subject.events[command.verb]!, about, data: command.data }, expected };
}

/** How much can be said about one fact: whoever reads it reads all of that. */
const MAX_AMENDMENTS = 1_000;

/** Refuses one amendment too many. */
export function checkRoom(amendments: readonly RecordedEvent[]): void {
  if (amendments.length >= MAX_AMENDMENTS)
    throw new Refusal('not-amendable', `the event has ${MAX_AMENDMENTS} amendments already, which is as many as one takes`);
}

/** The event of an earlier command with the same key, if that command was this one. */
function sameCommand(command: Command, { event, target }: NonNullable<Loaded['keyed']>): RecordedEvent {
  const { type, data, stream } = target ?? event;
  const earlier = [stream, type, event.occurred, data, event.sources, event.accordingTo ?? null, event.confidence ?? null];
  const { subject, verb, sources, accordingTo, confidence } = command;
  const now = [command.stream, subject.events[verb]!, command.occurred, command.data, sources, accordingTo ?? null, confidence ?? null];
  if (canonical(earlier as Json) === canonical(now as Json)) return event;
  throw new Refusal('key-reused', 'this Idempotency-Key was used for another command');
}

/**
 * Whether a report only repeats a fact that still holds: nothing recorded since has changed what it set. A creation can't come twice, so
 * one with the same fields always repeats.
 */
function repeats({ subject, verb }: Command, { fact, since }: NonNullable<Loaded['same']>): boolean {
  if (verb === subject.create) return true;
  const set = settings(subject.projection, fact);
  if (set.size === 0) return true;
  for (const later of since()) {
    // What certainly came before it in the world has not changed what it set, whenever it was recorded.
    if (certainlyPrecedes(later, fact)) continue;
    // One that was only amended since folds behind it where the fact certainly came first.
    if (later.sequence < fact.sequence && !certainlyPrecedes(fact, later)) continue;
    for (const [register, value] of settings(subject.projection, later)) if (set.has(register) && set.get(register) !== value) return false;
  }
  return true;
}

/** Whether a report brings a source or a statement that neither the fact nor those that corroborate it had. */
export function bringsNews({ sources, accordingTo = [] }: Told, fact: Standing): boolean {
  return isNews(sources, fact.sources) || accordingTo.some((statement) => !fact.accordingTo?.includes(statement));
}

function checkPlace(command: Command, { state }: Loaded, repeated: boolean): void {
  const { subject, verb, stream } = command;
  const creates = verb === subject.create;
  if (!creates && !state) throw new Refusal('no-such-subject', `there is no ${stream}`);
  checkRevision(command, stream, state?.revision);
  if (creates && state && !state.retracted && !repeated) throw new Refusal('already-exists', `${stream} exists already, with other fields`);
}

export function checkRevision({ ifMatch }: Told, stream: string, revision: number | undefined): void {
  if (ifMatch === undefined || ifMatch === revision) return;
  const is = revision === undefined ? `there is no ${stream} yet` : `${stream} is at revision ${revision}, not ${ifMatch}`;
  throw new Refusal('revision-mismatch', is);
}

export function checkReferences(references: readonly Named[]): void {
  const missing = references.filter(({ stream }) => stream === undefined);
  if (missing.length === 0) return;
  const errors = missing.map(({ field, name }) => ({ field, rule: 'exists', message: `there is no ${name}` }));
  throw new Refusal('unknown-reference', errors.map(({ message }) => message).join('; '), errors);
}

/** What every event of the subject is about, out of its state. */
function standing({ subject, data }: Command, { state }: Loaded): string[] {
  if (!state || !subject.standing) return [];
  return subject.standing(new StateView(state), data).flatMap((named) => (named === undefined ? [] : (named as string | string[])));
}

export function union(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort();
}
