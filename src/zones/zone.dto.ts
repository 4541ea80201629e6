import { Agree, LEVELS, type Level } from '../body/agree.dto.js';
import { AtLeastOneOf, Geometry, Line, Nested, OneOf, Ref, Slug, Text } from '../body/fields.js';
import { Report } from '../body/report.dto.js';
import type { CommandBody } from '../decider/subject.js';
import type { Json, Localized } from '../event/event.js';
import { roleBodies } from '../roles/role.dto.js';

export const ZONE_STATUSES = ['proposed', 'agreed-in-principle', 'agreed', 'in-force', 'suspended', 'dissolved'] as const;
export type ZoneStatus = (typeof ZONE_STATUSES)[number];
export const INCIDENTS = ['offensive', 'strike', 'clash', 'capture', 'evacuation', 'aid', 'other'] as const;

/** A part of a zone: an administrative area, or some of it. */
export class Area {
  @Text() name!: Localized;
  @Line({ optional: true }) pcode?: string;
  @Text({ optional: true }) part?: Localized;
}

export class ReportZone extends Report {
  @Slug() id!: string;
  @Text() name!: Localized;
  @Text({ optional: true }) extent?: Localized;
  @Nested(Area, { many: true, optional: true }) areas?: Area[];
  @Geometry({ optional: true }) geometry?: Json;
  @Ref(['zone'], { optional: true }) partOf?: string;
  @OneOf(ZONE_STATUSES, { optional: true }) status?: ZoneStatus;
}

export class AgreeZone extends Agree {
  @Ref(['agreement'], { optional: true }) basis?: string;
}

@AtLeastOneOf('extent', 'areas', 'geometry')
export class DelimitZone extends Report {
  @Text({ optional: true }) extent?: Localized;
  @Nested(Area, { many: true, optional: true }) areas?: Area[];
  @Geometry({ optional: true }) geometry?: Json;
  @OneOf(LEVELS, { optional: true }) level?: Level;
  @Ref(['party'], { many: true, optional: true }) by?: string[];
}

export class EnterZoneIntoForce extends Report {}

export class SuspendZone extends Report {
  @Text({ optional: true }) reason?: Localized;
}

export class DissolveZone extends Report {
  @Text({ optional: true }) reason?: Localized;
}

export class ReportIncident extends Report {
  @OneOf(INCIDENTS) incident!: (typeof INCIDENTS)[number];
  @Text() text!: Localized;
  @Ref(['party'], { many: true, optional: true }) by?: string[];
  @Ref(['party'], { many: true, optional: true }) against?: string[];
  @Text({ optional: true }) place?: Localized;
}

const sources = [{ publisher: 'TASS', url: 'https://tass.com/politics/944911', lang: 'en' }];

export const zoneBodies: Record<string, CommandBody> = {
  report: {
    summary: 'A zone is heard of',
    body: ReportZone,
    example: {
      id: 'idlib',
      name: { en: 'Idlib', ar: 'إدلب' },
      extent: { en: 'Idlib and parts of Latakia, Hama and Aleppo', ar: 'إدلب وأجزاء من اللاذقية وحماة وحلب' },
      areas: [{ name: { en: 'Idlib', ar: 'إدلب' }, pcode: 'SY07' }],
      occurred: '2017-05-04',
      sources,
      confidence: 'high',
    },
  },
  agree: {
    summary: 'A zone is agreed',
    body: AgreeZone,
    example: { level: 'in-principle', by: ['party-russia'], basis: 'agreement-memorandum', occurred: '2017-07-05', sources },
  },
  delimit: {
    summary: "A zone's borders are drawn",
    body: DelimitZone,
    example: { extent: { en: 'As drawn in Ankara' }, level: 'final', by: ['party-russia'], occurred: '2017-09-08', sources },
  },
  'enter-into-force': { summary: 'A zone enters into force', body: EnterZoneIntoForce, example: { occurred: '2017-09-15', sources } },
  suspend: { summary: 'A zone is suspended', body: SuspendZone, example: { occurred: '2017-12', reason: { en: 'An offensive' }, sources } },
  dissolve: { summary: 'A zone ends', body: DissolveZone, example: { occurred: '2018-07-06', sources } },
  'report-incident': {
    summary: 'Something happened in a zone',
    body: ReportIncident,
    example: {
      incident: 'offensive',
      text: { en: 'An offensive began.', ar: 'بدأ هجوم.' },
      by: ['party-syria'],
      occurred: '2017-12',
      sources,
    },
  },
  ...roleBodies,
};
