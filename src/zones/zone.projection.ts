import { statusAgreed, stepsUpTo } from '../body/agree.dto.js';
import type { Handlers, Projection } from '../folding/fold.js';
import { rolesIn, rolesView } from '../roles/role.projection.js';
import type { ZoneStatus } from './zone.dto.js';
import type { ZoneEvents } from './zone.events.js';

/** Every status but dissolved. */
const STANDING: ZoneStatus[] = ['proposed', 'agreed-in-principle', 'agreed', 'in-force', 'suspended'];

const on: Handlers<ZoneEvents> = {
  ZoneReported: (zone, data) => {
    zone.setAll(data, 'name', 'extent', 'areas', 'geometry', 'partOf');
    zone.begin(data.status, 'proposed');
  },
  ZoneAgreed: (zone, { level, by }) => {
    const status = statusAgreed(level);
    zone.step(status, stepsUpTo(status, ['proposed', 'agreed-in-principle', 'agreed']));
    zone.add('agreedBy', by);
  },
  ZoneDelimited: (zone, data) => {
    zone.usually(STANDING);
    zone.setAll(data, 'extent', 'areas', 'geometry');
    zone.set('delimited', { ...(data.level && { level: data.level }), by: data.by ?? [] });
  },
  ZoneEnteredIntoForce: (zone) => zone.step('in-force', ['agreed-in-principle', 'agreed', 'suspended']),
  ZoneSuspended: (zone) => zone.step('suspended', ['in-force']),
  ZoneDissolved: (zone) => zone.step('dissolved', STANDING),
  ZoneIncidentReported: (zone, { incident }) => zone.count('incidents', incident),
  ...rolesIn('Zone'),
};

export const zoneProjection: Projection = {
  on,
  view: (zone) => ({
    name: zone.one('name'),
    extent: zone.one('extent'),
    areas: zone.list('areas'),
    geometry: zone.one('geometry'),
    partOf: zone.one('partOf'),
    status: zone.one('status'),
    agreedBy: zone.set('agreedBy'),
    delimited: zone.one('delimited'),
    roles: rolesView(zone, 'party'),
    incidents: zone.counts('incidents'),
  }),
};
