import type { Subject } from '../decider/subject.js';
import { partyOfRole } from '../roles/role.projection.js';
import { ZONE_STATUSES, zoneBodies } from './zone.dto.js';
import { zoneEvents, zoneStanding } from './zone.events.js';
import { zoneProjection } from './zone.projection.js';

/** An area in which the parties undertake to de-escalate. */
export const zone: Subject = {
  kind: 'zone',
  collection: 'zones',
  create: 'report',
  events: zoneEvents,
  bodies: zoneBodies,
  projection: zoneProjection,
  filters: { status: ZONE_STATUSES },
  standing: zoneStanding,
  alsoFoldsInto: partyOfRole,
};
