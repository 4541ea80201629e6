import type { Data } from '../body/report.dto.js';
import type { StateView } from '../folding/fold.js';
import { roleEvents, type RoleEventsOf } from '../roles/role.projection.js';
import type * as bodies from './talks.dto.js';

export interface TalksEvents extends RoleEventsOf<'Talks'> {
  TalksReported: Data<bodies.ReportTalks>;
  TalksRescheduled: Data<bodies.RescheduleTalks>;
  TalksOpened: Data<bodies.OpenTalks>;
  TalksConcluded: Data<bodies.ConcludeTalks>;
  TalksCancelled: Data<bodies.CancelTalks>;
}

export const talksEvents = {
  report: 'TalksReported',
  reschedule: 'TalksRescheduled',
  open: 'TalksOpened',
  conclude: 'TalksConcluded',
  cancel: 'TalksCancelled',
  ...roleEvents('Talks'),
};

export const talksStanding = (talks: StateView) => [talks.one('participants'), talks.one('convenor'), talks.one('on')];
