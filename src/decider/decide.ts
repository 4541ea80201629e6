import { canonical } from '../event/canonical.js';
import type { Confidence, Json, NewEvent, RecordedEvent, Source } from '../event/event.js';
import { factOf } from '../folding/fact.js';
import { StateView, settings, type Folded } from '../folding/fold.js';
import { certainlyPrecedes } from '../folding/order.js';
import { isNews } from '../folding/source.js';
import { Refusal } from './refusal.js';
import type { Subject } from './subject.js';

/** A valid command, whichever door it came through. */
export interface Command {
  subject: Subject;
  verb: string;
  stream: string;
  occurred: string;
  sources: Source[];
  accordingTo?: string[];
  confidence?: Confidence;
  data: Record<string, Json>;
  caller: string;
  key?: string;
  /** The revision that the caller believes the stream to be at. */
  ifMatch?: number;
}

/** What the write path has read for a decision. */
export interface Loaded {
  /** The subject as it stands; undefined where nobody has reported it. */
  state: Folded | undefined;
  /** What the command's references name: the stream of each, undefined where it names nothing. */
  references: readonly { field: string; name: string; stream: string | undefined }[];
  /** The event that an earlier command of the same caller and key made, with the one that it corroborates, if any. */
  keyed?: { event: RecordedEvent; target?: RecordedEvent };
  /** The newest event that says the same; what came after it in its stream, one by one, and what corroborates it, read where it matters. */
  same?: { event: RecordedEvent; since(): Iterable<RecordedEvent>; corroborations(): readonly RecordedEvent[] };
}

/** An event to be recorded, but for its id and its stamp. */
export type Draft = Omit<NewEvent, 'id' | 'recordedAt'>;

export type Decision =
  /** It was recorded before: by the same command (`first`) or by another that said the same. */
  { known: RecordedEvent; first: boolean } | { append: Draft; expected: 'none' | number };

/** The current version of every event's data. Older ones are brought up where they are folded. */
const VERSION = 1;

/** Decides a command: what is recorded, or why nothing is. Pure; the order of checks is the contract's: key, repeat, If-Match. */
export function decide(command: Command, loaded: Loaded): Decision {
  if (loaded.keyed) return { known: sameCommand(command, loaded.keyed), first: true };
  const repeated = loaded.same && repeats(command, loaded.same) ? loaded.same : undefined;
  if (repeated && !bringsNews(command, repeated)) return { known: repeated.event, first: false };
  checkPlace(command, loaded, repeated !== undefined);
  checkReferences(loaded);
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
    const about = union(repeated.event.about, command.accordingTo ?? []);
    return { append: { ...draft, type: 'EventCorroborated', about, data: {}, corroborates: repeated.event.id }, expected };
  }
  const about = union(
    [command.stream],
    standing(command, loaded),
    loaded.references.map(({ stream }) => stream!),
  );
  return { append: { ...draft, type: command.subject.events[command.verb]!, about, data: command.data }, expected };
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
 * Whether a report only repeats an event that still holds: nothing recorded since has changed what it set. A creation can't come twice, so
 * one with the same fields always repeats.
 */
function repeats({ subject, verb }: Command, { event, since }: NonNullable<Loaded['same']>): boolean {
  if (verb === subject.create) return true;
  const fact = factOf(event);
  const set = settings(subject.projection, fact);
  if (set.size === 0) return true;
  for (const recorded of since()) {
    const later = factOf(recorded);
    // What certainly came before it in the world has not changed what it set, whenever it was recorded.
    if (certainlyPrecedes(later, fact)) continue;
    for (const [register, value] of settings(subject.projection, later)) if (set.has(register) && set.get(register) !== value) return false;
  }
  return true;
}

/** Whether a repeat brings a source or a statement that neither the event nor those that corroborate it had. */
function bringsNews({ sources, accordingTo = [] }: Command, { event, corroborations }: NonNullable<Loaded['same']>): boolean {
  const told = [event, ...corroborations()];
  const statements = new Set(told.flatMap((teller) => teller.accordingTo ?? []));
  return (
    accordingTo.some((statement) => !statements.has(statement)) ||
    isNews(
      sources,
      told.flatMap((teller) => teller.sources),
    )
  );
}

function checkPlace(command: Command, { state }: Loaded, repeated: boolean): void {
  const { subject, verb, stream, ifMatch } = command;
  const creates = verb === subject.create;
  if (!creates && !state) throw new Refusal('no-such-subject', `there is no ${stream}`);
  if (ifMatch !== undefined && ifMatch !== state?.revision)
    throw new Refusal(
      'revision-mismatch',
      state ? `${stream} is at revision ${state.revision}, not ${ifMatch}` : `there is no ${stream} yet`,
    );
  if (creates && state && !repeated) throw new Refusal('already-exists', `${stream} exists already, with other fields`);
}

function checkReferences({ references }: Loaded): void {
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

function union(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort();
}
