import type { Subject } from '../decider/subject.js';
import { PARTY_KINDS, partyBodies } from './party.dto.js';
import { partyEvents, partyStanding } from './party.events.js';
import { partyProjection } from './party.projection.js';

/** Whoever acts: a state, an armed group, a body, a person. */
export const party: Subject = {
  kind: 'party',
  collection: 'parties',
  create: 'register',
  events: partyEvents,
  bodies: partyBodies,
  projection: partyProjection,
  filters: { kind: PARTY_KINDS },
  standing: partyStanding,
};
