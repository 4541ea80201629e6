import { agreement } from './agreements/agreement.js';
import { AMENDMENTS } from './amendments/amendments.js';
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

/** The command that makes each type of fact: whose it is, its verb, and the body that it takes. */
const byType = new Map(
  SUBJECTS.flatMap((subject) =>
    Object.entries(subject.events).map(([verb, type]) => [type, { subject, verb, body: subject.bodies[verb]!.body }]),
  ),
);

/** The command that made a fact. The type must be a fact's. */
export function commandOf(type: string): { subject: Subject; verb: string; body: new () => object } {
  return byType.get(type)!;
}

/** Every type that an event can have. */
export const EVENT_TYPES: readonly string[] = [...byType.keys(), ...Object.values(AMENDMENTS).map(({ event }) => event)];
