import { Edtf, OneOf, Ref, Slug, Text } from '../body/fields.js';
import { Report } from '../body/report.dto.js';
import type { CommandBody } from '../decider/subject.js';
import type { Localized } from '../event/event.js';
import { KINDS } from '../event/subject.js';
import { roleBodies } from '../roles/role.dto.js';

export const TALKS_STATUSES = ['scheduled', 'open', 'concluded', 'cancelled'] as const;
export const OUTCOMES = ['agreed', 'partial', 'failed', 'postponed', 'unknown'] as const;

export class ReportTalks extends Report {
  @Slug() id!: string;
  @Text() title!: Localized;
  @Text({ optional: true }) place?: Localized;
  @Edtf() when!: string;
  @Ref(['party'], { optional: true }) convenor?: string;
  @Ref(['party'], { many: true, optional: true }) participants?: string[];
  /** The subjects on the agenda. */
  @Ref(KINDS, { many: true, optional: true }) on?: string[];
  @OneOf(TALKS_STATUSES, { optional: true }) status?: (typeof TALKS_STATUSES)[number];
}

export class RescheduleTalks extends Report {
  @Edtf() when!: string;
}

export class OpenTalks extends Report {}

export class ConcludeTalks extends Report {
  @OneOf(OUTCOMES) outcome!: (typeof OUTCOMES)[number];
  @Text({ optional: true }) summary?: Localized;
}

export class CancelTalks extends Report {
  @Text({ optional: true }) reason?: Localized;
}

const sources = [{ publisher: 'omanobserver.om', origin: 'AFP' }];

export const talksBodies: Record<string, CommandBody> = {
  report: {
    summary: 'Talks are announced or held',
    body: ReportTalks,
    example: {
      id: 'astana-5',
      title: { en: 'Fifth round of the Astana talks', ar: 'الجولة الخامسة من محادثات أستانا' },
      place: { en: 'Astana', ar: 'أستانا' },
      when: '2017-07-04/2017-07-05',
      participants: ['party-russia', 'party-iran'],
      on: ['zone-idlib'],
      occurred: '2017-07-04',
      sources,
    },
  },
  reschedule: {
    summary: 'Talks are put off or brought forward',
    body: RescheduleTalks,
    example: { when: '2017-08-08/2017-08-09?', occurred: '2017-08-06', sources },
  },
  open: { summary: 'Talks open', body: OpenTalks, example: { occurred: '2017-07-04', sources } },
  conclude: {
    summary: 'Talks end',
    body: ConcludeTalks,
    example: { outcome: 'failed', summary: { en: 'No borders were agreed.' }, occurred: '2017-07-05', sources },
  },
  cancel: { summary: 'Talks are called off', body: CancelTalks, example: { occurred: '2017-08', sources } },
  ...roleBodies,
};
