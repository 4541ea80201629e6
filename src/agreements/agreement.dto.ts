import { Agree } from '../body/agree.dto.js';
import { Edtf, OneOf, Ref, Slug, Text, Whole } from '../body/fields.js';
import { Report } from '../body/report.dto.js';
import type { CommandBody } from '../decider/subject.js';
import type { Localized } from '../event/event.js';
import { roleBodies } from '../roles/role.dto.js';

export const AGREEMENT_KINDS = ['memorandum', 'protocol', 'ceasefire', 'map', 'joint-statement', 'other'] as const;
export const AGREEMENT_STATUSES = ['drafted', 'agreed-in-principle', 'agreed', 'in-force', 'suspended', 'ended'] as const;
export type AgreementStatus = (typeof AGREEMENT_STATUSES)[number];

export class ReportAgreement extends Report {
  @Slug() id!: string;
  @Text() title!: Localized;
  @OneOf(AGREEMENT_KINDS) kind!: (typeof AGREEMENT_KINDS)[number];
  @Ref(['party'], { many: true, optional: true }) parties?: string[];
  @Ref(['zone'], { many: true, optional: true }) zones?: string[];
  @Ref(['agreement'], { optional: true }) partOf?: string;
  /** How many unnamed texts it stands for. */
  @Whole({ optional: true }) documents?: number;
  @Text({ optional: true }) place?: Localized;
  @Edtf({ optional: true }) until?: string;
  @OneOf(AGREEMENT_STATUSES, { optional: true }) status?: AgreementStatus;
}

export class AgreeAgreement extends Agree {}

export class SignAgreement extends Report {
  @Ref(['party']) party!: string;
  @Text({ optional: true }) signatory?: Localized;
}

export class RejectAgreement extends Report {
  @Ref(['party']) party!: string;
  @Text({ optional: true }) reason?: Localized;
}

export class EnterAgreementIntoForce extends Report {}

export class ExtendAgreement extends Report {
  @Edtf() until!: string;
}

export class SuspendAgreement extends Report {
  @Text({ optional: true }) reason?: Localized;
}

export class EndAgreement extends Report {
  @Text({ optional: true }) reason?: Localized;
  @Ref(['agreement'], { optional: true }) supersededBy?: string;
}

export class Commit extends Report {
  @Slug() commitment!: string;
  @Ref(['party'], { many: true, optional: true }) parties?: string[];
  @Text() text!: Localized;
  @Edtf({ optional: true }) due?: string;
}

export class FulfilCommitment extends Report {
  @Slug() commitment!: string;
}

export class BreachCommitment extends Report {
  @Slug() commitment!: string;
}

const sources = [{ publisher: 'PA-X', title: 'AgtId 2093' }];

export const agreementBodies: Record<string, CommandBody> = {
  report: {
    summary: 'An agreement is heard of',
    body: ReportAgreement,
    example: {
      id: 'memorandum',
      title: { en: 'Memorandum on de-escalation areas', ar: 'مذكرة مناطق خفض التصعيد' },
      kind: 'memorandum',
      parties: ['party-russia', 'party-iran'],
      zones: ['zone-idlib'],
      place: { en: 'Astana', ar: 'أستانا' },
      occurred: '2017-05-04',
      sources,
    },
  },
  agree: {
    summary: 'An agreement is agreed',
    body: AgreeAgreement,
    example: { level: 'final', by: ['party-russia'], occurred: '2017-05-04', sources },
  },
  sign: {
    summary: 'A party signs an agreement',
    body: SignAgreement,
    example: { party: 'party-russia', signatory: { en: 'Lavrentyev', ar: 'لافرينتييف' }, occurred: '2017-05-04', sources },
  },
  reject: {
    summary: 'A party rejects an agreement',
    body: RejectAgreement,
    example: { party: 'party-syrian-opposition', occurred: '2017-05-04', sources },
  },
  'enter-into-force': {
    summary: 'An agreement enters into force',
    body: EnterAgreementIntoForce,
    example: { occurred: '2017-05-05', sources },
  },
  extend: { summary: 'An agreement is extended', body: ExtendAgreement, example: { until: '2018-05-04', occurred: '2017-11', sources } },
  suspend: { summary: 'An agreement is suspended', body: SuspendAgreement, example: { occurred: '2017-12', sources } },
  end: { summary: 'An agreement ends', body: EndAgreement, example: { reason: { en: 'Superseded' }, occurred: '2018-09-17', sources } },
  commit: {
    summary: 'An agreement holds a commitment',
    body: Commit,
    example: {
      commitment: 'maps',
      parties: ['party-russia'],
      text: { en: 'Draw the maps of the areas.', ar: 'رسم خرائط المناطق.' },
      due: '2017-06-04',
      occurred: '2017-05-04',
      sources,
    },
  },
  fulfil: {
    summary: 'A commitment is fulfilled',
    body: FulfilCommitment,
    example: { commitment: 'maps', occurred: '2017-09-08', sources },
  },
  breach: { summary: 'A commitment is breached', body: BreachCommitment, example: { commitment: 'maps', occurred: '2017-06-05', sources } },
  ...roleBodies,
};
