import type { Subject } from '../decider/subject.js';
import { statementBodies } from './statement.dto.js';
import { statementEvents } from './statement.events.js';
import { statementProjection } from './statement.projection.js';

/** What somebody said, under which attribution, and where it stands on what. */
export const statement: Subject = {
  kind: 'statement',
  collection: 'statements',
  create: 'make',
  events: statementEvents,
  bodies: statementBodies,
  projection: statementProjection,
  filters: {},
};
