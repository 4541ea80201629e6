import { Agree } from '../body/agree.dto.js';
import { Amount, AtLeastOneOf, Edtf, Nested, OneOf, Ref, Slug, Text, Whole } from '../body/fields.js';
import { Report } from '../body/report.dto.js';
import type { CommandBody } from '../decider/subject.js';
import type { Localized, Quantity } from '../event/event.js';

export const FORCES = ['military-police', 'observers', 'troops', 'police', 'engineers', 'other'] as const;
/** `expected` is foreseen by others, `announced` by the party itself. */
export const DEPLOYMENT_STATUSES = ['proposed', 'expected', 'announced', 'agreed-in-principle', 'agreed', 'deployed', 'withdrawn'] as const;
export type DeploymentStatus = (typeof DEPLOYMENT_STATUSES)[number];

export class Post {
  @OneOf(['checkpoint', 'observation-post', 'other']) kind!: 'checkpoint' | 'observation-post' | 'other';
  @Text({ optional: true }) name?: Localized;
  @Whole({ optional: true }) count?: number;
}

export class ReportDeployment extends Report {
  @Slug() id!: string;
  @Ref(['party']) party!: string;
  @OneOf(FORCES) force!: (typeof FORCES)[number];
  @Ref(['zone'], { optional: true }) zone?: string;
  @Text({ optional: true }) task?: Localized;
  @Text({ optional: true }) armament?: Localized;
  @Text({ optional: true }) place?: Localized;
  @Amount({ optional: true }) strength?: Quantity;
  @Nested(Post, { many: true, optional: true }) posts?: Post[];
  @Ref(['agreement'], { optional: true }) basis?: string;
  @Edtf({ optional: true }) when?: string;
  @OneOf(DEPLOYMENT_STATUSES, { optional: true }) status?: DeploymentStatus;
}

export class AgreeDeployment extends Agree {}

export class RejectDeployment extends Report {
  @Ref(['party'], { many: true }) by!: string[];
  @Text({ optional: true }) reason?: Localized;
}

export class StartDeployment extends Report {}

@AtLeastOneOf('strength', 'posts', 'place')
export class AdjustDeployment extends Report {
  @Amount({ optional: true }) strength?: Quantity;
  @Nested(Post, { many: true, optional: true }) posts?: Post[];
  @Text({ optional: true }) place?: Localized;
}

export class WithdrawDeployment extends Report {
  @Text({ optional: true }) reason?: Localized;
}

const sources = [{ publisher: 'rferl.org', url: 'https://www.rferl.org/a/28635860.html' }];

export const deploymentBodies: Record<string, CommandBody> = {
  report: {
    summary: 'A deployment is heard of',
    body: ReportDeployment,
    example: {
      id: 'russian-police-idlib',
      party: 'party-russia',
      force: 'military-police',
      zone: 'zone-idlib',
      armament: { en: 'Light weapons', ar: 'أسلحة خفيفة' },
      strength: { about: 500 },
      posts: [{ kind: 'checkpoint', count: 2 }],
      status: 'announced',
      occurred: '2017-07-24',
      sources,
    },
  },
  agree: {
    summary: 'A deployment is agreed',
    body: AgreeDeployment,
    example: { level: 'in-principle', by: ['party-russia'], occurred: '2017-07-05', sources },
  },
  reject: {
    summary: 'Parties reject a deployment',
    body: RejectDeployment,
    example: { by: ['party-syrian-opposition'], occurred: '2017-07-05', sources },
  },
  start: { summary: 'A deployment starts', body: StartDeployment, example: { occurred: '2017-07-24', sources } },
  adjust: {
    summary: 'A deployment changes in strength, posts or place',
    body: AdjustDeployment,
    example: { strength: 500, occurred: '2017-10-13', sources },
  },
  withdraw: { summary: 'A deployment is withdrawn', body: WithdrawDeployment, example: { occurred: '2018-07', sources } },
};
