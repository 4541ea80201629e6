import type { Handlers, Projection } from '../folding/fold.js';
import { rolesIn, rolesView } from '../roles/role.projection.js';
import type { TalksEvents } from './talks.events.js';

const on: Handlers<TalksEvents> = {
  TalksReported: (talks, data) => {
    talks.setAll(data, 'title', 'place', 'when', 'convenor', 'participants', 'on');
    talks.begin(data.status, 'scheduled');
  },
  TalksRescheduled: (talks, { when }) => {
    talks.usually(['scheduled', 'open']);
    talks.set('when', when);
  },
  TalksOpened: (talks) => talks.step('open', ['scheduled']),
  TalksConcluded: (talks, { outcome, summary }) => {
    talks.step('concluded', ['scheduled', 'open']);
    talks.set('outcome', outcome);
    talks.set('summary', summary);
  },
  TalksCancelled: (talks) => talks.step('cancelled', ['scheduled']),
  ...rolesIn('Talks'),
};

export const talksProjection: Projection = {
  on,
  view: (talks) => ({
    title: talks.one('title'),
    place: talks.one('place'),
    when: talks.one('when'),
    convenor: talks.one('convenor'),
    participants: talks.list('participants'),
    on: talks.list('on'),
    status: talks.one('status'),
    outcome: talks.one('outcome'),
    summary: talks.one('summary'),
    roles: rolesView(talks, 'party'),
  }),
};
