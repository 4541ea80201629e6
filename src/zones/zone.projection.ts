import { statusAgreed } from '../body/agree.dto.js';
import type { Handlers, Projection } from '../folding/fold.js';
import { rolesIn, rolesView } from '../roles/role.projection.js';
import type { ZoneEvents } from './zone.events.js';

const on: Handlers<ZoneEvents> = {
  ZoneReported: (zone, data) => {
    zone.setAll(data, 'name', 'extent', 'areas', 'geometry', 'partOf');
    zone.set('status', data.status ?? 'proposed');
  },
  ZoneAgreed: (zone, { level, by }) => {
    zone.step(statusAgreed(level), ['proposed', 'agreed-in-principle', 'agreed']);
    zone.add('agreedBy', by);
  },
  ZoneDelimited: (zone, data) => {
    zone.setAll(data, 'extent', 'areas', 'geometry');
    zone.set('delimited', { ...(data.level && { level: data.level }), by: data.by ?? [] });
  },
  ZoneEnteredIntoForce: (zone) => zone.step('in-force', ['agreed-in-principle', 'agreed', 'suspended']),
  ZoneSuspended: (zone) => zone.step('suspended', ['in-force']),
  ZoneDissolved: (zone) => zone.step('dissolved', ['proposed', 'agreed-in-principle', 'agreed', 'in-force', 'suspended']),
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
