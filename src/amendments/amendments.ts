import type { CommandBody } from '../decider/subject.js';
import { CorrectEvent, CorroborateEvent, DisputeEvent, RetractEvent } from './amendment.dto.js';

export interface Amending extends CommandBody {
  /** The event that the verb makes. */
  event: string;
  /** The field in which that event names the one that it amends. */
  names: 'corrects' | 'retracts' | 'corroborates' | 'disputes';
}

export type AmendingVerb = 'correct' | 'retract' | 'corroborate' | 'dispute';

/** The collection that the amending commands are on. */
export const EVENTS = 'events';

const sources = [{ publisher: 'SANA', published: '2017-07-06' }];

/** What can be said about an event. Nothing is ever updated or deleted: each of these is an event of its target's stream. */
export const AMENDMENTS: Record<AmendingVerb, Amending> = {
  correct: {
    event: 'EventCorrected',
    names: 'corrects',
    summary: 'What was recorded is put right',
    body: CorrectEvent,
    example: { changes: { occurred: '2017-07-05' }, reason: { en: 'The date was misread.', ar: 'قُرئ التاريخ خطأً.' } },
  },
  retract: {
    event: 'EventRetracted',
    names: 'retracts',
    summary: 'What was recorded is taken back',
    body: RetractEvent,
    example: { reason: { en: 'Recorded on the wrong subject.', ar: 'سُجّل تحت موضوع خاطئ.' } },
  },
  corroborate: {
    event: 'EventCorroborated',
    names: 'corroborates',
    summary: 'Another source tells the same',
    body: CorroborateEvent,
    example: { sources },
  },
  dispute: {
    event: 'EventDisputed',
    names: 'disputes',
    summary: 'Another source tells it otherwise, or that it did not happen',
    body: DisputeEvent,
    example: {
      claim: { occurred: '2017-07-06' },
      reason: { en: 'Another outlet has the day after.', ar: 'مصدر آخر يذكر اليوم التالي.' },
      sources,
    },
  },
};
