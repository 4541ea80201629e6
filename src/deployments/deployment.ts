import type { Subject } from '../decider/subject.js';
import { DEPLOYMENT_STATUSES, deploymentBodies } from './deployment.dto.js';
import { deploymentDiary } from './deployment.diary.js';
import { deploymentEvents, deploymentStanding } from './deployment.events.js';
import { deploymentProjection } from './deployment.projection.js';

/** A party's force, sent or to be sent. */
export const deployment: Subject = {
  kind: 'deployment',
  collection: 'deployments',
  create: 'report',
  events: deploymentEvents,
  bodies: deploymentBodies,
  projection: deploymentProjection,
  diary: deploymentDiary,
  filters: { status: DEPLOYMENT_STATUSES },
  standing: deploymentStanding,
};
