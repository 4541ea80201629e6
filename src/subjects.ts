import { agreement } from './agreements/agreement.js';
import type { Subject } from './decider/subject.js';
import { deployment } from './deployments/deployment.js';
import type { Kind } from './event/subject.js';
import { subjectOf } from './event/subject.js';
import { party } from './parties/party.js';
import { statement } from './statements/statement.js';
import { talks } from './talks/talks.js';
import { zone } from './zones/zone.js';

/** The kinds of subject, one line each. */
export const SUBJECTS: readonly Subject[] = [party, zone, agreement, deployment, statement, talks];

const byKind = new Map<Kind, Subject>(SUBJECTS.map((subject) => [subject.kind, subject]));
const byCollection = new Map<string, Subject>(SUBJECTS.map((subject) => [subject.collection, subject]));

/** The kind of subject that a stream is of. The name must be a stream's. */
export function subjectOfStream(stream: string): Subject {
  return byKind.get(subjectOf(stream)!.kind)!;
}

export function subjectOfCollection(collection: string): Subject | undefined {
  return byCollection.get(collection);
}

/** Every type that an event can have. */
export const EVENT_TYPES: readonly string[] = [...SUBJECTS.flatMap((subject) => Object.values(subject.events)), 'EventCorroborated'];
