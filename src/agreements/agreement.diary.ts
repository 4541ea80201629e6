import { moved, at, type Announced, type Diary } from '../diary/announced.js';
import type { Localized } from '../event/event.js';
import type { Standing } from '../folding/amend.js';

/** When an agreement was to end, and what it says is due. */
export const agreementDiary: Diary = (facts) => [...ends(facts), ...dues(facts)];

function ends(facts: readonly Standing[]): Announced[] {
  const title = facts.findLast(({ data }) => data['title'])?.data['title'] as Localized | undefined;
  const announcements = facts
    .filter(({ data }) => typeof data['until'] === 'string')
    .map((by) => ({ what: 'until' as const, when: by.data['until'] as string, by, field: 'until', ...(title && { title }) }));
  const happened = facts.filter(({ type, data }) => type === 'AgreementEnded' || data['status'] === 'ended').map(at);
  return moved(announcements).map((announced) => ({ ...announced, happened, calledOff: [] }));
}

function dues(facts: readonly Standing[]): Announced[] {
  const byCommitment = new Map<string, Standing[]>();
  for (const fact of facts) {
    const commitment = fact.data['commitment'];
    if (typeof commitment === 'string') byCommitment.set(commitment, [...(byCommitment.get(commitment) ?? []), fact]);
  }
  return [...byCommitment].flatMap(([commitment, own]) => {
    const announcements = own
      .filter(({ data }) => typeof data['due'] === 'string')
      .map((by) => ({ when: by.data['due'] as string, by, title: by.data['text'] as Localized }));
    const outcome = own.findLast(({ type }) => type !== 'AgreementCommitted');
    const happened = outcome?.type === 'AgreementFulfilled' ? [at(outcome)] : [];
    const calledOff = outcome?.type === 'AgreementBreached' ? [outcome] : [];
    const due = {
      what: 'due' as const,
      field: 'due',
      commitment,
      happened,
      calledOff,
      mayBeEarly: true as const,
      isDeadline: true as const,
    };
    return moved(announcements).map((announced) => ({ ...announced, ...due }));
  });
}
