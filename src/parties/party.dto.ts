import { Nested, OneOf, Ref, Slug, Text } from '../body/fields.js';
import { SourceBody, Told } from '../body/report.dto.js';
import type { CommandBody } from '../decider/subject.js';
import type { Localized } from '../event/event.js';

export const PARTY_KINDS = [
  'state',
  'armed-group',
  'opposition-body',
  'international-organisation',
  'coalition',
  'person',
  'other',
] as const;

/** That a party exists, or what it is called, needs no source. */
class PartyReport extends Told {
  @Nested(SourceBody, { many: true, optional: true }) sources?: SourceBody[];
}

export class RegisterParty extends PartyReport {
  @Slug() id!: string;
  @Text() name!: Localized;
  @OneOf(PARTY_KINDS) kind!: (typeof PARTY_KINDS)[number];
  @Text({ many: true, optional: true }) aliases?: Localized[];
  @Ref(['party'], { many: true, optional: true }) memberOf?: string[];
}

export class RenameParty extends PartyReport {
  @Text() name!: Localized;
}

export class JoinParty extends PartyReport {
  @Ref(['party']) of!: string;
}

export class LeaveParty extends PartyReport {
  @Ref(['party']) of!: string;
}

export const partyBodies: Record<string, CommandBody> = {
  register: {
    summary: 'A party is entered',
    body: RegisterParty,
    example: {
      id: 'faylaq-al-rahman',
      name: { en: 'Faylaq al-Rahman', ar: 'فيلق الرحمن' },
      kind: 'armed-group',
      aliases: [{ en: 'Al-Rahman Legion' }],
      memberOf: ['party-syrian-opposition'],
      occurred: '2017-05-04',
    },
  },
  rename: {
    summary: 'A party takes another name',
    body: RenameParty,
    example: { name: { en: 'Al-Rahman Legion', ar: 'فيلق الرحمن' }, occurred: '2017-06' },
  },
  join: { summary: 'A party joins another', body: JoinParty, example: { of: 'party-syrian-opposition', occurred: '2017-06' } },
  leave: { summary: 'A party leaves another', body: LeaveParty, example: { of: 'party-syrian-opposition', occurred: '2018-04' } },
};
