import type { Subject } from '../decider/subject.js';
import { partyOfRole } from '../roles/role.projection.js';
import { TALKS_STATUSES, talksBodies } from './talks.dto.js';
import { talksDiary } from './talks.diary.js';
import { talksEvents, talksStanding } from './talks.events.js';
import { talksProjection } from './talks.projection.js';

/** A round of talks, announced or held. */
export const talks: Subject = {
  kind: 'talks',
  collection: 'talks',
  create: 'report',
  events: talksEvents,
  bodies: talksBodies,
  projection: talksProjection,
  diary: talksDiary,
  filters: { status: TALKS_STATUSES },
  standing: talksStanding,
  alsoFoldsInto: partyOfRole,
};
