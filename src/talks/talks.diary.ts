import { moved, type Diary } from '../diary/announced.js';
import type { Localized } from '../event/event.js';

/** When talks were to be held. */
export const talksDiary: Diary = (facts) => {
  const title = facts.findLast(({ data }) => data['title'])?.data['title'] as Localized | undefined;
  const announcements = facts
    .filter(({ data }) => typeof data['when'] === 'string')
    .map((by) => ({ what: 'talks' as const, when: by.data['when'] as string, by, field: 'when', ...(title && { title }) }));
  const held = facts.filter(
    ({ type, data: { status, outcome } }) =>
      type === 'TalksOpened' ||
      (type === 'TalksConcluded' && outcome !== 'postponed') ||
      (type === 'TalksReported' && (status === 'open' || status === 'concluded')),
  );
  const calledOff = facts.some(
    ({ type, data: { status, outcome } }) => type === 'TalksCancelled' || status === 'cancelled' || outcome === 'postponed',
  );
  return moved(announcements).map((announced) => ({ ...announced, happened: held, calledOff }));
};
