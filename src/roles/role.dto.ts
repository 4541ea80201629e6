import { OneOf, Ref, Text } from '../body/fields.js';
import { Report, type Data } from '../body/report.dto.js';
import type { Localized } from '../event/event.js';
import type { CommandBody } from '../decider/subject.js';

export const ROLES = ['guarantor', 'mediator', 'observer', 'monitor', 'host', 'participant', 'absent', 'excluded', 'belligerent'] as const;
export type Role = (typeof ROLES)[number];

export class NameRole extends Report {
  @Ref(['party']) party!: string;
  @OneOf(ROLES) role!: Role;
  @OneOf(['proposed', 'accepted']) status!: 'proposed' | 'accepted';
}

export class ContestRole extends Report {
  @Ref(['party']) party!: string;
  @OneOf(ROLES) role!: Role;
  @Ref(['party']) by!: string;
  @Text({ optional: true }) reason?: Localized;
}

export class EndRole extends Report {
  @Ref(['party']) party!: string;
  @OneOf(ROLES) role!: Role;
  @Text({ optional: true }) reason?: Localized;
}

/** What happens to a role, whatever it is a role in. */
export interface RoleEvents {
  RoleNamed: Data<NameRole>;
  RoleContested: Data<ContestRole>;
  RoleEnded: Data<EndRole>;
}

const sources = [{ publisher: 'TASS', url: 'https://tass.com/politics/944911' }];

export const roleBodies: Record<string, CommandBody> = {
  'name-role': {
    summary: 'A party is proposed or accepted for a role',
    body: NameRole,
    example: { party: 'party-iran', role: 'guarantor', status: 'accepted', occurred: '2017-05-04', sources },
  },
  'contest-role': {
    summary: "A party contests another party's role",
    body: ContestRole,
    example: { party: 'party-iran', role: 'guarantor', by: 'party-syrian-opposition', occurred: '2017-05-04', sources },
  },
  'end-role': {
    summary: "A party's role ends",
    body: EndRole,
    example: { party: 'party-iran', role: 'guarantor', occurred: '2018-07-10', sources },
  },
};
