import { bodyFaults, referencesIn, type Reference } from '../body/validate.js';
import { sorted } from '../event/canonical.js';
import type { Confidence, Json, Source } from '../event/event.js';
import { derivedId } from '../event/fingerprint.js';
import { isSlug, streamOf } from '../event/subject.js';
import { subjectOfCollection } from '../subjects.js';
import { bounds } from '../time/occurred.js';
import type { Command } from './decide.js';
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

/** Reads a submission as a valid command, or refuses it with every field at fault. `now` in milliseconds. */
export function intake(submission: Submission, now: number): { command: Command; references: Reference[] } {
  const [collection, verb, ...rest] = submission.command.split('/') as [string, string?, ...string[]];
  const subject = subjectOfCollection(collection);
  const type = verb === undefined || rest.length || !subject || !Object.hasOwn(subject.bodies, verb) ? undefined : subject.bodies[verb];
  if (!subject || verb === undefined || !type)
    throw new Refusal('no-such-command', `there is no command ${submission.command.slice(0, 100)}`);
  const creates = verb === subject.create;
  checkId(submission.id, creates);
  const faults = bodyFaults(type.body, submission.body);
  const body = submission.body as Record<string, Json>;
  const occurred = typeof body?.['occurred'] === 'string' ? bounds(body['occurred']) : null;
  if (occurred && occurred.earliest > now + DAY)
    faults.push({
      field: 'occurred',
      rule: 'not-ahead',
      message: 'occurred may not begin more than a day ahead: what is planned has its date in when or due',
    });
  if (faults.length) throw new Refusal('malformed', 'the body is not what this command takes', faults);
  const { id, occurred: date, sources = [], accordingTo, confidence, ...data } = body;
  const own = creates ? ((id as string | undefined) ?? derivedId(body)) : submission.id!;
  return {
    command: {
      subject,
      verb,
      stream: streamOf(subject.kind, own),
      occurred: date as string,
      sources: sources as unknown as Source[],
      ...(accordingTo !== undefined && { accordingTo: accordingTo as string[] }),
      ...(confidence !== undefined && { confidence: confidence as Confidence }),
      // In order once, so that nobody who hashes or stores it has to sort it again.
      data: sorted(data) as Record<string, Json>,
      caller: submission.caller,
      ...(submission.key !== undefined && { key: submission.key }),
      ...(submission.ifMatch !== undefined && { ifMatch: submission.ifMatch }),
    },
    references: referencesIn(type.body, body),
  };
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
