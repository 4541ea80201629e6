import { fieldsOf } from '../body/fields.js';
import { MAX_BODY_BYTES, MAX_FAULTS } from '../body/json.js';
import { bodyFaults, referencesIn } from '../body/validate.js';
import {
  VERSION,
  bringsNews,
  checkReferences,
  checkRevision,
  checkRoom,
  union,
  type Decision,
  type Reader,
  type Told,
} from '../decider/decide.js';
import { Refusal } from '../decider/refusal.js';
import { canonical } from '../event/canonical.js';
import type { Json, RecordedEvent } from '../event/event.js';
import { subjectOf } from '../event/subject.js';
import { amend, corrected, type Standing } from '../folding/amend.js';
import { isFact, targetOf, type Fact } from '../folding/fact.js';
import { isNews } from '../folding/source.js';
import { namesWhomItProtected } from '../statements/statement.dto.js';
import { commandOf } from '../subjects.js';
import { AMENDMENTS, type AmendingVerb } from './amendments.js';

/** A valid command on an event. */
export interface AmendingCommand extends Told {
  verb: AmendingVerb;
  /** The event that it aims at. */
  target: { id: string } | { stream: string; revision: number };
}

/** What the write path has read for the decision. */
export interface LoadedTarget {
  target: RecordedEvent;
  /** The fact that the target is, or amends in the end; with all that amends it, in order. */
  fact: RecordedEvent;
  amendments: readonly RecordedEvent[];
  /** The revision of the stream. */
  revision: number;
  /** The event that an earlier command of the same caller and key made. */
  keyed?: RecordedEvent | undefined;
  record: Reader;
}

const PROTECTED = {
  field: 'speaker',
  rule: 'anonymous',
  message: 'the speaker of a statement that was anonymous must not be named afterwards: the record never holds whom it protects',
};

/** Decides what is said about an event: what is recorded, or why nothing is. Pure; checks come in the contract's order: key, repeat, If-Match. */
export function decideAmendment(command: AmendingCommand, loaded: LoadedTarget): Decision {
  const { target, fact, amendments, record } = loaded;
  if (loaded.keyed) return { known: sameCommand(command, loaded.keyed, target), first: true };
  const { event: type, names } = AMENDMENTS[command.verb];
  const holds = standing(fact, amendments);
  const repeated = repeatOf(command, loaded, holds);
  if (repeated) return { known: repeated, first: false };
  checkRevision(command, fact.stream, loaded.revision);
  checkAim(command.verb, loaded);
  const named = (command.accordingTo ?? []).map((name, at) => ({ field: `accordingTo[${at}]`, name }));
  const { changes, claim } = command.data;
  if (changes) named.push(...checkChange('changes', changes, asCorrected(loaded)));
  if (claim) named.push(...checkChange('claim', claim, asCorrected(loaded)));
  if (command.verb === 'retract' && target.corrects) checkRemainder(asCorrected(loaded, target));
  const references = named.map((reference) => ({ ...reference, stream: record.streamNamed(reference.name) }));
  checkReferences(references);
  // Its subscribers are those of all that the fact was ever about, and of what the change adds.
  const about = union(
    fact.about,
    ...amendments.map((amendment) => amendment.about),
    references.map(({ stream }) => stream!),
  );
  const { occurred, sources, accordingTo, confidence, data, caller, key } = command;
  const draft = { type, version: VERSION, occurred, sources, accordingTo, confidence, about, data, recordedBy: caller, commandKey: key };
  return { append: { ...draft, [names]: target.id }, expected: loaded.revision };
}

function standing(fact: RecordedEvent, amendments: readonly RecordedEvent[]): Standing {
  return amend([fact, ...amendments])[0]!;
}

function sameCommand(command: AmendingCommand, earlier: RecordedEvent, target: RecordedEvent): RecordedEvent {
  const said = ({ occurred, data, sources, accordingTo, confidence }: Told | RecordedEvent) =>
    canonical([occurred ?? null, data, sources, accordingTo ?? null, confidence ?? null] as Json);
  const { event: type } = AMENDMENTS[command.verb];
  if (earlier.type === type && targetOf(earlier) === target.id && said(earlier) === said(command)) return earlier;
  throw new Refusal('key-reused', 'this Idempotency-Key was used for another command');
}

/** The event that says the same already, and still stands. Who told it is not part of what is said, but for a dispute's other sources. */
function repeatOf(command: AmendingCommand, loaded: LoadedTarget, holds: Standing): RecordedEvent | undefined {
  const { target, fact, amendments } = loaded;
  if (command.verb === 'corroborate') return target === fact && !holds.retractedBy && !bringsNews(command, holds) ? fact : undefined;
  const { event: type } = AMENDMENTS[command.verb];
  const said = canonical(command.data);
  const retracted = new Set(amendments.map(({ retracts }) => retracts));
  const alike = amendments.filter(
    (earlier) => earlier.type === type && targetOf(earlier) === target.id && !retracted.has(earlier.id) && canonical(earlier.data) === said,
  );
  if (command.verb === 'retract') return alike.at(-1);
  if (holds.retractedBy) return undefined;
  if (command.verb === 'correct')
    return alike.length && changesNothing(asCorrected(loaded), command.data['changes']!) ? alike.at(-1) : undefined;
  const open = new Set(holds.disputedBy?.filter(({ settled }) => !settled).map(({ id }) => id));
  return alike.find(({ id, sources }) => open.has(id) && !isNews(command.sources, sources));
}

/** What an amendment may aim at. */
function checkAim(verb: AmendingVerb, { target, amendments }: LoadedTarget): void {
  if (verb === 'retract' ? target.retracts : !isFact(target))
    throw notAmendable(
      verb === 'retract' ? 'a retraction stays' : `${verb} aims at what was reported, not at an ${target.type}: retract that instead`,
    );
  checkRoom(amendments);
  const isGone = amendments.some(({ retracts }) => retracts === target.id);
  if (isGone) throw notAmendable('the event was retracted');
}

/** The fact as its own command would have made it: without the sources that only corroborate it, and without one correction. */
function asCorrected({ fact, amendments }: LoadedTarget, without?: RecordedEvent): Standing {
  return standing(
    fact,
    amendments.filter((amendment) => !amendment.corroborates && amendment.id !== without?.id),
  );
}

/** Checks that a fact with other values is one that its own command would make, and gives all that it names. */
function checkChange(field: 'changes' | 'claim', values: Json, holds: Standing): { field: string; name: string }[] {
  const changes = values as Record<string, Json>;
  const kept = Object.entries({ ...bodyOf(holds), ...changes }).filter(([, value]) => value !== null);
  const whole = Object.fromEntries(kept);
  const { subject, verb, body: shape } = commandOf(holds.type);
  const unknown = Object.keys(changes).filter((name) => changes[name] === null && !fieldsOf(shape).has(name));
  const faults = [
    ...unknown.map((name) => ({ field: name, rule: 'unknown-field', message: `${name} is not a field` })),
    ...bodyFaults(shape, whole),
    ...(namesWhomItProtected(holds.data, whole) ? [PROTECTED] : []),
  ]
    .slice(0, MAX_FAULTS)
    .map((fault) => ({ ...fault, field: `${field}.${fault.field}` }));
  if (faults.length) throw new Refusal('malformed', 'with this the event would not be one that its command makes', faults);
  if (changesNothing(holds, changes)) throw notAmendable(`${field} has only what already holds`);
  checkSize(whole, `with its ${field}`);
  const named = referencesIn(shape, whole).map((reference) => ({ ...reference, field: `${field}.${reference.field}` }));
  // What a creation makes was not there to be named by it.
  if (verb === subject.create)
    checkReferences(named.filter(({ name }) => name === holds.stream).map((self) => ({ ...self, stream: undefined })));
  return named;
}

/** What is left of a fact without a correction must still be what its command would make. */
function checkRemainder(left: Standing): void {
  const body = bodyOf(left);
  const faults = bodyFaults(commandOf(left.type).body, body);
  if (faults.length)
    throw new Refusal('not-amendable', `without this correction the event would not be one: ${faults[0]!.message}`, faults);
  checkSize(body, 'without this correction');
}

function checkSize(body: Record<string, Json>, how: string): void {
  if (Buffer.byteLength(JSON.stringify(body)) > MAX_BODY_BYTES)
    throw new Refusal('too-large', `${how} the body is larger than the ${MAX_BODY_BYTES} bytes that are taken`);
}

function changesNothing(holds: Standing, changes: Json): boolean {
  return canonical(bodyOf(corrected(holds, changes as Record<string, Json>))) === canonical(bodyOf(holds));
}

/** A fact as the body of the command that would make it. */
function bodyOf({ stream, type, occurred, sources, accordingTo, confidence, data }: Fact): Record<string, Json> {
  const { subject, verb } = commandOf(type);
  return {
    ...(verb === subject.create && { id: subjectOf(stream)!.id }),
    occurred,
    ...(sources.length && { sources: sources as unknown as Json }),
    ...(accordingTo && { accordingTo }),
    ...(confidence && { confidence }),
    ...data,
  };
}

function notAmendable(message: string): Refusal {
  return new Refusal('not-amendable', message);
}
