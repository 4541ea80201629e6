import type { Subject } from '../decider/subject.js';
import { partyOfRole } from '../roles/role.projection.js';
import { AGREEMENT_KINDS, AGREEMENT_STATUSES, agreementBodies } from './agreement.dto.js';
import { agreementDiary } from './agreement.diary.js';
import { agreementEvents, agreementStanding } from './agreement.events.js';
import { agreementProjection } from './agreement.projection.js';

/** A text that parties agree on, or several that nobody has named. */
export const agreement: Subject = {
  kind: 'agreement',
  collection: 'agreements',
  create: 'report',
  events: agreementEvents,
  bodies: agreementBodies,
  projection: agreementProjection,
  diary: agreementDiary,
  filters: { status: AGREEMENT_STATUSES, kind: AGREEMENT_KINDS },
  standing: agreementStanding,
  alsoFoldsInto: partyOfRole,
  readsTheClock: true,
};
