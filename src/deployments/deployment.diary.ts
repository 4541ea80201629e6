import { moved, at, type Diary } from '../diary/announced.js';
import type { Localized } from '../event/event.js';

/** When a force was to be sent. */
export const deploymentDiary: Diary = (facts) => {
  const announcements = facts
    .filter(({ data }) => typeof data['when'] === 'string')
    .map((by) => {
      const title = by.data['task'] as Localized | undefined;
      return { what: 'start' as const, when: by.data['when'] as string, by, field: 'when', ...(title && { title }) };
    });
  const happened = facts.filter(({ type, data }) => type === 'DeploymentStarted' || data['status'] === 'deployed').map(at);
  const calledOff = facts.filter(({ type, data }) => type === 'DeploymentWithdrawn' || data['status'] === 'withdrawn');
  return moved(announcements).map((announced) => ({ ...announced, happened, calledOff, mayBeEarly: true }));
};
