import type { Data } from '../body/report.dto.js';
import type { StateView } from '../folding/fold.js';
import { roleEvents, type RoleEventsOf } from '../roles/role.projection.js';
import type { AgreeZone, DelimitZone, DissolveZone, EnterZoneIntoForce, ReportIncident, ReportZone, SuspendZone } from './zone.dto.js';

export interface ZoneEvents extends RoleEventsOf<'Zone'> {
  ZoneReported: Data<ReportZone>;
  ZoneAgreed: Data<AgreeZone>;
  ZoneDelimited: Data<DelimitZone>;
  ZoneEnteredIntoForce: Data<EnterZoneIntoForce>;
  ZoneSuspended: Data<SuspendZone>;
  ZoneDissolved: Data<DissolveZone>;
  ZoneIncidentReported: Data<ReportIncident>;
}

export const zoneEvents = {
  report: 'ZoneReported',
  agree: 'ZoneAgreed',
  delimit: 'ZoneDelimited',
  'enter-into-force': 'ZoneEnteredIntoForce',
  suspend: 'ZoneSuspended',
  dissolve: 'ZoneDissolved',
  'report-incident': 'ZoneIncidentReported',
  ...roleEvents('Zone'),
};

export const zoneStanding = (zone: StateView) => [zone.one('partOf')];
