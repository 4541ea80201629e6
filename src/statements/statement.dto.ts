import { Language, Nested, OneOf, Ref, Rule, Slug, SubjectOrEvent, Text } from '../body/fields.js';
import { Report } from '../body/report.dto.js';
import type { CommandBody } from '../decider/subject.js';
import type { Localized } from '../event/event.js';
import { KINDS } from '../event/subject.js';

export const ATTRIBUTIONS = ['on-record', 'anonymous', 'document', 'unattributed'] as const;
export const STANCES = ['supports', 'opposes', 'accepts-conditionally', 'denies'] as const;

export class Speaker {
  @Ref(['party'], { optional: true }) party?: string;
  @Text({ optional: true }) name?: Localized;
  @Text({ optional: true }) role?: Localized;
}

export class Stance {
  @SubjectOrEvent() on!: string;
  @OneOf(STANCES) stance!: (typeof STANCES)[number];
  /** Whose stance it is; the default is the party on whose behalf the statement was made. */
  @Ref(['party'], { optional: true }) party?: string;
  @Text({ optional: true }) note?: Localized;
}

@Rule({
  field: 'speaker',
  rule: 'anonymous',
  message: 'the speaker of an anonymous statement must have no name and no party: the record never holds whom it protects',
  broken: namesTheProtected,
})
export class MakeStatement extends Report {
  @Slug({ optional: true }) id?: string;
  @Nested(Speaker) speaker!: Speaker;
  @Ref(['party'], { optional: true }) onBehalfOf?: string;
  @OneOf(ATTRIBUTIONS) attribution!: (typeof ATTRIBUTIONS)[number];
  /** The language of the original. */
  @Language() lang!: string;
  @Text() text!: Localized;
  @Text({ optional: true }) quote?: Localized;
  @Ref(['talks'], { optional: true }) at?: string;
  @Ref(KINDS, { many: true, optional: true }) mentions?: string[];
  @Nested(Stance, { many: true, optional: true }) stances?: Stance[];
}

function namesTheProtected({ attribution, speaker }: Record<string, unknown>): boolean {
  if (attribution !== 'anonymous' || speaker === null || typeof speaker !== 'object') return false;
  return 'name' in speaker || 'party' in speaker;
}

/** Whether a statement that was anonymous would have its speaker named by another version of it: even a claim must not. */
export function namesWhomItProtected(before: Record<string, unknown>, after: Record<string, unknown>): boolean {
  const [was, is] = [before['attribution'], after['attribution']];
  // One that stays anonymous is held to its own rule.
  return was === 'anonymous' && is !== was && namesTheProtected({ ...after, attribution: was });
}

export const statementBodies: Record<string, CommandBody> = {
  make: {
    summary: 'Somebody said something',
    body: MakeStatement,
    example: {
      id: 'lavrentyev-two-zones',
      speaker: {
        name: { en: 'Alexander Lavrentyev', ar: 'ألكسندر لافرينتييف' },
        role: { en: "Russia's chief negotiator", ar: 'كبير المفاوضين الروس' },
      },
      onBehalfOf: 'party-russia',
      attribution: 'on-record',
      lang: 'ru',
      text: { en: 'Two of the zones are agreed in principle.', ar: 'منطقتان متفق عليهما مبدئياً.' },
      at: 'talks-astana-5',
      mentions: ['zone-idlib'],
      stances: [{ on: 'zone-idlib', stance: 'supports' }],
      occurred: '2017-07-05',
      sources: [{ publisher: 'TASS', url: 'https://tass.com/politics/944911' }],
    },
  },
};
