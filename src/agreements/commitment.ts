import type { Json } from '../event/event.js';
import type { StateView } from '../folding/fold.js';
import { bounds, type Bounds } from '../time/occurred.js';

export const COMMITMENT_STATUSES = ['open', 'maybe-overdue', 'overdue', 'fulfilled', 'late', 'breached'] as const;
export type CommitmentStatus = (typeof COMMITMENT_STATUSES)[number];

/** What became of a commitment; and when, where that was to fulfil it. */
export type Outcome = ({ was: 'fulfilled' } & Bounds) | { was: 'breached' };

/** Where a commitment stands at an instant. It is late only where it was certainly fulfilled after it was due. */
export function commitmentStatus(due: Bounds | null, outcome: Outcome | undefined, now: number): CommitmentStatus {
  if (outcome?.was === 'breached') return 'breached';
  if (outcome) return due && outcome.earliest > due.latest ? 'late' : 'fulfilled';
  if (!due || now < due.earliest) return 'open';
  return now > due.latest ? 'overdue' : 'maybe-overdue';
}

/** The commitments of an agreement: `[{id, parties, text, due, status}]`. */
export function commitmentsView(agreement: StateView, now: number): Json[] {
  const commitments = agreement.members('commitments').filter(({ member }) => member.length === 1);
  return commitments.map(({ member, value }) => {
    const id = member[0]!;
    const said = value as { parties?: string[]; text: Json; due?: string };
    const outcome = agreement.one('commitments', id, 'outcome') as unknown as Outcome | undefined;
    const due = said.due === undefined ? null : bounds(said.due);
    return { id, ...said, parties: said.parties ?? [], status: commitmentStatus(due, outcome, now) };
  });
}
