import { byThen, moved, at, type Diary } from '../diary/announced.js';
import type { Localized } from '../event/event.js';

/** When talks were to be held. */
export const talksDiary: Diary = (facts) => {
  const title = facts.findLast(({ data }) => data['title'])?.data['title'] as Localized | undefined;
  const announcements = facts
    .filter(({ data }) => typeof data['when'] === 'string')
    .map((by) => ({ what: 'talks' as const, when: by.data['when'] as string, by, field: 'when', ...(title && { title }) }));
  const opened = facts.filter(({ type, data }) => type === 'TalksOpened' || data['status'] === 'open');
  const over = facts.filter(
    ({ type, data: { status, outcome } }) => (type === 'TalksConcluded' && outcome !== 'postponed') || status === 'concluded',
  );
  const calledOff = facts.filter(
    ({ type, data: { status, outcome } }) => type === 'TalksCancelled' || status === 'cancelled' || outcome === 'postponed',
  );
  return moved(announcements).map((announced) => {
    // Where nobody told of the opening, the conclusion says that they had been held, on the day that was last announced.
    const isLoose = opened.length === 0 && announced.movedTo === undefined;
    return { ...announced, happened: [...opened.map(at), ...over.map(isLoose ? byThen : at)], calledOff };
  });
};
