import type { Localized } from '../event/event.js';
import type { Standing } from '../folding/amend.js';
import type { History } from '../folding/history.js';
import { inFoldingOrder } from '../folding/order.js';
import { ALWAYS, bounds, type Bounds } from '../time/occurred.js';

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
  /** The facts that say that it happened, of those that were told of this subject. */
  happened: readonly Happening[];
  /** The facts that say that it will not happen, or did not. */
  calledOff: readonly Standing[];
  /** It may happen before the date as well. */
  mayBeEarly?: true;
  /** It is the last day for something: nothing heard of it by then says that it was missed. */
  isDeadline?: true;
}

export interface Happening extends Bounds {
  by: Standing;
}

/** Reads a subject's announced dates out of its facts, which come in the order of folding. */
export type Diary = (facts: readonly Standing[]) => Announced[];

/** The announced dates of a subject, each with what became of it. One whose creation was retracted announces none. */
export function datesOf(diary: Diary, { facts, retracted }: History, now: number): { announced: Announced; status: DiaryStatus }[] {
  if (retracted) return [];
  const order = inFoldingOrder(facts.filter(({ retractedBy }) => !retractedBy));
  return diary(order).map((announced) => ({ announced, status: diaryStatus(announced, order, now) }));
}

/** What became of an announced date, as it is known at an instant. `facts` are the subject's, in the order of folding. */
export function diaryStatus(announced: Announced, facts: readonly Standing[], now: number): DiaryStatus {
  const { when, by, field, movedTo, happened, calledOff, mayBeEarly, isDeadline } = announced;
  const date = bounds(when)!;
  const kept = happened.find(({ earliest, latest }) => earliest <= date.latest && (mayBeEarly || latest >= date.earliest));
  if (isDisputed(by, field) || (kept && isDisputed(kept.by, 'occurred'))) return 'disputed';
  if (kept) return 'met';
  // What was told before a date was announced says nothing of it.
  const behind = facts.slice(facts.indexOf(by));
  const isOver = [...calledOff, ...happened.map((happening) => happening.by)].some((fact) => behind.includes(fact));
  if (movedTo !== undefined || isOver) return 'missed';
  if (now <= date.latest) return 'coming';
  return isDeadline ? 'missed' : 'unconfirmed';
}

/** Whether some source has another date, or says that nothing of it is so. */
function isDisputed({ disputedBy }: Standing, field: string): boolean {
  return disputedBy?.some(({ claim, settled }) => !settled && (!claim || Object.hasOwn(claim, field))) ?? false;
}

/** Each announcement of one thing, the earlier ones moved to the one that came in their place. */
export function moved<T extends Pick<Announced, 'when'>>(announcements: readonly T[]): (T & { movedTo?: string })[] {
  return announcements
    .filter(({ when }, at) => when !== announcements[at - 1]?.when)
    .map((announcement, at, all) => ({ ...announcement, ...(all[at + 1] && { movedTo: all[at + 1]!.when }) }));
}

/** It happened when the fact says. */
export function at(by: Standing): Happening {
  return { by, earliest: by.earliest, latest: by.latest };
}

/** It had happened when the fact says that it was over. */
export function byThen(by: Standing): Happening {
  return { by, earliest: ALWAYS, latest: by.latest };
}
