import { AMENDMENTS, EVENTS, type AmendingVerb } from '../amendments/amendments.js';
import { decideAmendment, type AmendingCommand } from '../amendments/decide-amendment.js';
import type { Reference } from '../body/validate.js';
import type { Json, RecordedEvent } from '../event/event.js';
import { subjectOf } from '../event/subject.js';
import { isFact, targetOf } from '../folding/fact.js';
import type { Tail } from '../record/tail.js';
import { commandOf } from '../subjects.js';
import { checkKey } from './command-key.js';
import { decide, type Command, type Decision, type Draft, type Loaded } from './decide.js';
import { intake, type Submission } from './intake.js';
import { Refusal } from './refusal.js';

/** An event as its own command makes it, with the stream that it belongs to. */
export interface Again {
  stream: string;
  draft: Draft;
}

/**
 * Takes what a recorded event says for the command that made it, and decides that again on what was recorded before: what comes out is the
 * event, or it is none that the record would hold. Throws a `Refusal` where no command makes such an event. Whether a report only repeats
 * an earlier one is not asked, since that makes nothing false. The type must be one that there is.
 */
export function decideAgain(event: RecordedEvent, tail: Tail): Again {
  const repeated = event.corroborates === undefined ? undefined : factRepeatedBy(event, tail);
  const { sources, accordingTo, confidence, recordedBy, commandKey } = event;
  const told = repeated ? { ...repeated, sources, accordingTo, confidence, recordedBy, commandKey } : event;
  const valid = intake(submissionOf(told), Date.parse(event.recordedAt));
  if ('amending' in valid) return amendAgain(valid.amending, tail);
  const { command, references } = valid;
  const loaded = { ...load(command, references, tail), ...(repeated && { same: asSame(repeated, tail) }) };
  return { stream: command.stream, draft: appended(decide(command, loaded)) };
}

/** The command whose event this is. */
function submissionOf(event: RecordedEvent): Submission {
  const { type, stream, occurred, sources, accordingTo, confidence, data } = event;
  const how = {
    caller: event.recordedBy,
    ...(event.commandKey !== undefined && { key: checkKey(event.commandKey, 'commandKey') }),
  };
  const body: Record<string, Json> = {
    ...data,
    ...(occurred !== undefined && { occurred }),
    ...(sources.length && { sources: sources as unknown as Json }),
    ...(accordingTo !== undefined && { accordingTo }),
    ...(confidence !== undefined && { confidence }),
  };
  if (!isFact(event)) return { command: `${EVENTS}/${amendingVerb(type)}`, id: targetOf(event) ?? '', body, ...how };
  const { subject, verb } = commandOf(type);
  const { kind, id } = subjectOf(stream)!;
  if (kind !== subject.kind) throw new Refusal('malformed', `type is ${type}, which no event of a ${kind} is`);
  const command = `${subject.collection}/${verb}`;
  return verb === subject.create ? { command, body: { ...body, id }, ...how } : { command, id, body, ...how };
}

function amendingVerb(type: string): AmendingVerb {
  return (Object.keys(AMENDMENTS) as AmendingVerb[]).find((verb) => AMENDMENTS[verb].event === type)!;
}

/** The fact that a corroboration may have come from a repeat of, which needs no source where the fact itself needs none. */
function factRepeatedBy({ corroborates, occurred, confidence }: RecordedEvent, tail: Tail): RecordedEvent | undefined {
  const fact = tail.event({ id: corroborates! });
  if (!fact || !isFact(fact)) return undefined;
  const holds = tail.standing(fact);
  return !holds.retractedBy && holds.occurred === occurred && holds.confidence === confidence ? holds : undefined;
}

/** The repeat is given: nothing that came since is asked. */
function asSame(fact: RecordedEvent, tail: Tail): NonNullable<Loaded['same']> {
  return { fact: tail.standing(tail.event({ id: fact.id })!), amendments: tail.amendments(fact.id), since: () => [] };
}

function load({ stream }: Command, references: readonly Reference[], tail: Tail): Loaded {
  const named = references.map(({ field, name }) => ({ field, name, stream: tail.streamNamed(name) }));
  return { state: tail.state(stream), references: named };
}

function amendAgain(command: AmendingCommand, tail: Tail): Again {
  const target = tail.event(command.target);
  if (!target) throw new Refusal('no-such-event', 'the event that it amends does not come before it');
  const fact = tail.factOf(target);
  const { revision } = tail.state(fact.stream)!;
  const record = { streamNamed: (name: string) => tail.streamNamed(name) };
  const decision = decideAmendment(command, { target, fact, amendments: tail.amendments(fact.id), revision, record });
  return { stream: fact.stream, draft: appended(decision) };
}

function appended(decision: Decision): Draft {
  if ('append' in decision) return decision.append;
  throw new Refusal('not-amendable', `it says nothing that ${decision.known.id} does not say already`);
}
