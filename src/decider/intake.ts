import { AMENDMENTS, EVENTS, type AmendingVerb } from '../amendments/amendments.js';
import type { AmendingCommand } from '../amendments/decide-amendment.js';
import type { FieldError } from '../body/json.js';
import { bodyFaults, referencesIn, type Reference } from '../body/validate.js';
import { sorted } from '../event/canonical.js';
import type { Confidence, Json, Source } from '../event/event.js';
import { derivedId } from '../event/fingerprint.js';
import { eventRef, isSlug, streamOf } from '../event/subject.js';
import { subjectOfCollection } from '../subjects.js';
import { bounds } from '../time/occurred.js';
import type { Command, Told } from './decide.js';
import { Refusal } from './refusal.js';

/** A command as it comes through a door, with nothing checked but that the body is JSON. */
export interface Submission {
  /** `zones/report`, `zones/suspend`. */
  command: string;
  /** The subject's id; a creation has it in its body. */
  id?: string;
  body: Json;
  caller: string;
  key?: string;
  ifMatch?: number;
}

const DAY = 86_400_000;

/** A command on a subject with all that it names, or one on an event. */
export type Intake = { command: Command; references: Reference[] } | { amending: AmendingCommand };

/** Reads a submission as a valid command, or refuses it with every field at fault. `now` in milliseconds. */
export function intake(submission: Submission, now: number): Intake {
  const [collection, verb, ...rest] = submission.command.split('/') as [string, string?, ...string[]];
  const subject = subjectOfCollection(collection);
  const bodies = collection === EVENTS ? AMENDMENTS : subject?.bodies;
  const type =
    verb === undefined || rest.length || !bodies || !Object.hasOwn(bodies, verb) ? undefined : bodies[verb as keyof typeof bodies];
  if (verb === undefined || !type) throw new Refusal('no-such-command', `there is no command ${submission.command.slice(0, 100)}`);
  if (!subject) {
    const target = eventNamed(submission.id);
    return { amending: { verb: verb as AmendingVerb, target, ...told(type.body, submission, now) } };
  }
  const creates = verb === subject.create;
  checkId(submission.id, creates);
  const { id, ...said } = told(type.body, submission, now);
  const body = submission.body as Record<string, Json>;
  const own = creates ? (id ?? derivedId(body)) : submission.id!;
  const command: Command = { subject, verb, stream: streamOf(subject.kind, own), ...said, occurred: said.occurred! };
  return { command, references: referencesIn(type.body, body) };
}

/** What a body says, checked by its class. */
function told(body: new () => object, { body: value, caller, key, ifMatch }: Submission, now: number): Told & { id?: string } {
  const faults = [...bodyFaults(body, value), ...datesAhead(value, now)];
  if (faults.length) throw new Refusal('malformed', 'the body is not what this command takes', faults);
  const { id, occurred, sources = [], accordingTo, confidence, ...data } = value as Record<string, Json>;
  return {
    ...(id !== undefined && { id: id as string }),
    ...(occurred !== undefined && { occurred: occurred as string }),
    sources: sources as unknown as Source[],
    ...(accordingTo !== undefined && { accordingTo: accordingTo as string[] }),
    ...(confidence !== undefined && { confidence: confidence as Confidence }),
    // In order once, so that nobody who hashes or stores it has to sort it again.
    data: sorted(data) as Record<string, Json>,
    caller,
    ...(key !== undefined && { key }),
    ...(ifMatch !== undefined && { ifMatch }),
  };
}

/** Nothing can be reported to have happened that is still to come; nor does a correction or a claim make it so. */
function datesAhead(body: Json, now: number): FieldError[] {
  const { occurred, changes, claim } = (body ?? {}) as Record<string, Json | undefined>;
  const dates = { occurred, 'changes.occurred': occurredIn(changes), 'claim.occurred': occurredIn(claim) };
  return Object.entries(dates).flatMap(([field, date]) => {
    const found = typeof date === 'string' ? bounds(date) : null;
    if (!found || found.earliest <= now + DAY) return [];
    const message = `${field} may not begin more than a day ahead: what is planned has its date in when or due`;
    return [{ field, rule: 'not-ahead', message }];
  });
}

function occurredIn(fields: Json | undefined): Json | undefined {
  return (fields as Record<string, Json> | null | undefined)?.['occurred'];
}

function eventNamed(id: string | undefined): AmendingCommand['target'] {
  const target = id === undefined ? undefined : eventRef(id);
  if (target) return target;
  const message = 'must name an event: its id, or <stream>@<revision>';
  throw new Refusal('malformed', 'the id is not what this command takes', [{ field: 'id', rule: 'event', message }]);
}

function checkId(id: string | undefined, creates: boolean): void {
  if (creates && id !== undefined) throw malformedId('a creation has its id in its body');
  if (!creates && id === undefined) throw malformedId('the subject of the command is missing');
  if (id !== undefined && !isSlug(id))
    throw malformedId('must be a slug: lower-case letters and digits, parted by single hyphens, at most 64 characters');
}

function malformedId(message: string): Refusal {
  return new Refusal('malformed', 'the id is not what this command takes', [{ field: 'id', rule: 'slug', message }]);
}
