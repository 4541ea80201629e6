import type { Localized } from '../event/event.js';
import type { Standing } from '../folding/amend.js';
import { inFoldingOrder } from '../folding/order.js';
import { bounds, type Bounds } from '../time/occurred.js';

export const DIARY_STATUSES = ['coming', 'met', 'missed', 'unconfirmed', 'disputed'] as const;
export type DiaryStatus = (typeof DIARY_STATUSES)[number];

/** A date that was announced: of talks, of what is due, of an agreement's end, of a deployment's start. */
export interface Announced {
  what: 'talks' | 'due' | 'until' | 'start';
  /** EDTF. */
  when: string;
  /** What is to happen then, in words. */
  title?: Localized;
  commitment?: string;
  /** The fact that announced it. */
  by: Standing;
  /** The field of that fact that holds it. */
  field: string;
  /** The date that was announced in its place. */
  movedTo?: string;
  /** When it happened. */
  happened: readonly Bounds[];
  /** It was said that it will not happen, or did not. */
  calledOff: boolean;
  /** It is the last day for something: that may happen before it, and nothing heard of it by then says that it was missed. */
  isDeadline?: true;
}

/** Reads a subject's announced dates out of its facts, which come in the order of folding. */
export type Diary = (facts: readonly Standing[]) => Announced[];

export function announcedIn(diary: Diary, facts: readonly Standing[]): Announced[] {
  return diary(inFoldingOrder(facts.filter(({ retractedBy }) => !retractedBy)));
}

/** What became of an announced date, as it is known at an instant. */
export function diaryStatus({ when, by, field, movedTo, happened, calledOff, isDeadline }: Announced, now: number): DiaryStatus {
  const date = bounds(when)!;
  const disputed = by.disputedBy?.some(({ claim, settled }) => !settled && (!claim || field in claim));
  if (disputed) return 'disputed';
  if (happened.some(({ earliest, latest }) => earliest <= date.latest && (isDeadline || latest >= date.earliest))) return 'met';
  if (movedTo !== undefined || calledOff || happened.length) return 'missed';
  if (now <= date.latest) return 'coming';
  return isDeadline ? 'missed' : 'unconfirmed';
}

/** Each announcement of one thing, the earlier ones moved to the one that came in their place. */
export function moved<T extends Pick<Announced, 'when'>>(announcements: readonly T[]): (T & { movedTo?: string })[] {
  return announcements
    .filter(({ when }, at) => when !== announcements[at - 1]?.when)
    .map((announcement, at, all) => ({ ...announcement, ...(all[at + 1] && { movedTo: all[at + 1]!.when }) }));
}
