import fc from 'fast-check';
import type { Json } from '../../src/event/event.js';
import type { Fields } from './model.js';

// Stories are told with `_` where the name of the run goes, so that each has subjects of its own on one service.

/** Every command with the type of its event and the fields of its body; those with a question mark may be left out. */
export const COMMANDS: Record<string, [type: string, fields: string]> = {
  'parties/register': ['PartyRegistered', 'name kind aliases? memberOf?'],
  'parties/rename': ['PartyRenamed', 'name'],
  'parties/join': ['PartyJoined', 'of'],
  'parties/leave': ['PartyLeft', 'of'],
  'zones/report': ['ZoneReported', 'name extent? areas? geometry? partOf? status?'],
  'zones/agree': ['ZoneAgreed', 'level? by? basis?'],
  'zones/delimit': ['ZoneDelimited', 'extent? areas? geometry? level? by?'],
  'zones/enter-into-force': ['ZoneEnteredIntoForce', ''],
  'zones/suspend': ['ZoneSuspended', 'reason?'],
  'zones/dissolve': ['ZoneDissolved', 'reason?'],
  'zones/report-incident': ['ZoneIncidentReported', 'incident text by? against? place?'],
  'agreements/report': ['AgreementReported', 'title kind parties? zones? partOf? documents? place? until? status?'],
  'agreements/agree': ['AgreementAgreed', 'level? by?'],
  'agreements/sign': ['AgreementSigned', 'party signatory?'],
  'agreements/reject': ['AgreementRejected', 'party reason?'],
  'agreements/enter-into-force': ['AgreementEnteredIntoForce', ''],
  'agreements/extend': ['AgreementExtended', 'until'],
  'agreements/suspend': ['AgreementSuspended', 'reason?'],
  'agreements/end': ['AgreementEnded', 'reason? supersededBy?'],
  'agreements/commit': ['AgreementCommitted', 'commitment parties? text due?'],
  'agreements/fulfil': ['AgreementFulfilled', 'commitment'],
  'agreements/breach': ['AgreementBreached', 'commitment'],
  'deployments/report': ['DeploymentReported', 'party force zone? task? armament? place? strength? posts? basis? when? status?'],
  'deployments/agree': ['DeploymentAgreed', 'level? by?'],
  'deployments/reject': ['DeploymentRejected', 'by reason?'],
  'deployments/start': ['DeploymentStarted', ''],
  'deployments/adjust': ['DeploymentAdjusted', 'strength? posts? place?'],
  'deployments/withdraw': ['DeploymentWithdrawn', 'reason?'],
  'statements/make': ['StatementMade', 'speaker onBehalfOf? attribution lang text quote? at? mentions? stances?'],
  'talks/report': ['TalksReported', 'title place? when convenor? participants? on? status?'],
  'talks/reschedule': ['TalksRescheduled', 'when'],
  'talks/open': ['TalksOpened', ''],
  'talks/conclude': ['TalksConcluded', 'outcome summary?'],
  'talks/cancel': ['TalksCancelled', 'reason?'],
  ...Object.fromEntries(
    ['zones Zone', 'agreements Agreement', 'talks Talks'].flatMap((names) => {
      const [collection, kind] = names.split(' ');
      return [
        [`${collection}/name-role`, [`${kind}RoleNamed`, 'party role status']],
        [`${collection}/contest-role`, [`${kind}RoleContested`, 'party role by reason?']],
        [`${collection}/end-role`, [`${kind}RoleEnded`, 'party role reason?']],
      ] as [string, [string, string]][];
    }),
  ),
};

/** The fields of a type's body, and whether each may be left out. */
export function fieldsOfType(type: string): Map<string, boolean> {
  const [, fields = ''] = Object.values(COMMANDS).find(([name]) => name === type) ?? [];
  return new Map(fields.split(' ').filter(Boolean).map((field) => [field.replace('?', ''), field.endsWith('?')])); // prettier-ignore
}

/** Dates that precede, touch, overlap and contain one another. */
export const DATES = [
  '2017-05-04 2017-05-05 2017-05-06 2017-06-01 2017-06-15? 2017-07-05~ 2017-05 2017-06 2017-07 2017-06? 2017 2018',
  '2017-05-04/2017-05-06 2017-05/2017-06 2017-05-20/2017-07 2017-03/.. 2017-06/.. ../2017-05 ../2017-06-10',
  '2017-05-04T12:00:00.000Z 2017-05-05T01:00:00.000+03:00 2017-05-06T00:00:00.000Z 2017-06-01T02:00:00.000+03:00 2018-01-31',
].flatMap((line) => line.split(' '));

/** Where a read may stand, at and beside the ends of those dates. */
const INSTANTS = [
  '2017-05-04 2017-05-05 2017-05-06 2017-05-31 2017-06-01 2017-06-10 2017-06-30 2017-07-20 2017-12-31 2018-06-01 2016-01-01',
  '2017-05-04T12:00:00.000Z 2017-05-04T11:59:59.999Z 2017-05-04T22:00:00.000Z 2017-06-01T03:00:00.000+03:00',
].flatMap((line) => line.split(' '));

const PUBLISHED_BY = ['2017-05-31', '2017-06-15', '2017-06-30', '2017-12-31', '2019-01-01'];
const SOURCES: Json[] = [
  [{ publisher: 'TASS', published: '2017-05-05' }],
  [{ publisher: 'SANA', published: '2017-06' }],
  [{ publisher: 'AFP' }],
  [{ publisher: 'Enab Baladi', published: '2017-06-15' }, { publisher: 'RFE/RL' }],
  [{ publisher: 'Tasnim', published: '2017-09-01/2018' }],
];

const texts = (...words: string[]): Json[] => words.map((en) => ({ en }));
const PARTIES = ['party-_a', 'party-_b', 'party-_c'];
const LISTED = [['party-_a'], ['party-_b'], ['party-_a', 'party-_b'], ['party-_c']];
const drawn = (east: number) => ({ type: 'Polygon', coordinates: [[[36, 35], [east, 35], [37, 36], [36, 35]]] }); // prettier-ignore

/** What a field can say: by the verb, the collection, or wherever it stands. A field without a value is never said. */
const VALUES: Record<string, Json[]> = {
  'parties kind': ['state', 'armed-group', 'other'],
  'agreements kind': ['memorandum', 'map', 'ceasefire'],
  'zones status': ['agreed', 'in-force', 'proposed', 'dissolved'],
  'agreements status': ['agreed', 'drafted', 'in-force'],
  'deployments status': ['announced', 'expected', 'deployed', 'proposed'],
  'talks status': ['open', 'scheduled', 'concluded'],
  'name-role status': ['proposed', 'accepted'],
  'contest-role by': PARTIES,
  name: texts('Idlib', 'Homs', 'Hama'),
  title: texts('Memorandum', 'Protocol'),
  extent: texts('All of it', 'Half of it', 'The north'),
  text: texts('So it was', 'Otherwise'),
  reason: texts('An offensive', 'No reason'),
  place: texts('Astana', 'Ankara'),
  task: texts('To watch'),
  armament: texts('Light weapons'),
  signatory: texts('Lavrentyev', 'Jaafari'),
  quote: texts('Two of the zones.'),
  summary: texts('No borders.'),
  aliases: [texts('Legion'), texts('Army', 'Corps')],
  memberOf: [['party-_a'], ['party-_b'], ['party-_a', 'party-_b']],
  of: PARTIES,
  party: PARTIES,
  by: LISTED,
  against: LISTED,
  parties: LISTED,
  participants: LISTED,
  convenor: PARTIES,
  onBehalfOf: PARTIES,
  zones: [['zone-_x'], ['zone-_x', 'zone-_y']],
  zone: ['zone-_x', 'zone-_y'],
  partOf: ['zone-_x'],
  'agreements partOf': [],
  basis: ['agreement-_m'],
  supersededBy: ['agreement-_m'],
  at: ['talks-_t'],
  on: [['party-_a'], ['party-_b', 'party-_c']],
  mentions: [['party-_b'], ['party-_a', 'talks-_t']],
  stances: [[{ on: 'talks-_t', stance: 'supports' }], [{ on: 'party-_a', stance: 'opposes', party: 'party-_b' }]],
  areas: [[{ name: { en: 'Idlib' }, pcode: 'SY07' }], [{ name: { en: 'Hama' } }]],
  geometry: [drawn(37), drawn(38)],
  level: ['in-principle', 'final'],
  incident: ['strike', 'clash'],
  role: ['guarantor', 'observer'],
  documents: [1, 3],
  until: ['2017-12', '2018-05-04'],
  when: ['2017-06', '2017-07-04/2017-07-05'],
  due: ['2017-06-04', '2017-06', '2017', '2017-05/..'],
  commitment: ['maps', 'prisoners'],
  force: ['military-police', 'observers'],
  strength: [500, { about: 500 }, { min: 40, max: 60 }],
  posts: [[{ kind: 'checkpoint', count: 2 }], [{ kind: 'other' }]],
  outcome: ['failed', 'agreed'],
  speaker: [{}, { role: { en: 'Envoy' } }, { party: 'party-_a' }],
  attribution: ['on-record', 'document', 'anonymous'],
  lang: ['ru', 'ar'],
  occurred: DATES,
  sources: SOURCES,
  confidence: ['high', 'low'],
};

export interface Line {
  command: string;
  id?: string;
  body: Fields;
  /** Of an amendment: the type of the event that it was told for. What it says may not fit another. */
  toldOf?: string;
}

export interface View {
  asOf?: string | undefined;
  publishedBy?: string | undefined;
  /** Which event of the story the record ends with, or, with `known`, at whose recording. */
  held?: number | undefined;
  known: boolean;
}

export interface Story {
  lines: Line[];
  views: View[];
}

/** Every subject of a story, with the command that creates it, in an order in which each can name those before it. */
export const SUBJECTS: [stream: string, create: string][] = [
  ['party-_a', 'parties/register'],
  ['party-_b', 'parties/register'],
  ['party-_c', 'parties/register'],
  ['talks-_t', 'talks/report'],
  ['statement-_s', 'statements/make'],
  ['zone-_x', 'zones/report'],
  ['zone-_y', 'zones/report'],
  ['agreement-_m', 'agreements/report'],
  ['deployment-_d', 'deployments/report'],
];
const idOf = (stream: string) => stream.slice(stream.indexOf('_'));

type Picks = number[];
interface FactStep {
  subject: number;
  verb: number;
  occurred: string;
  picks: Picks;
}
interface AmendmentStep {
  amend: 'correct' | 'retract' | 'corroborate' | 'dispute';
  target: number;
  odd: boolean;
  occurred: string | undefined;
  picks: Picks;
}

const picks = fc.array(fc.nat(999), { minLength: 10, maxLength: 10 });
const creations = fc.tuple(...SUBJECTS.map(() => fc.record({ occurred: fc.constantFrom(...DATES), picks })));
const factStep: fc.Arbitrary<FactStep> = fc.record({
  // The zones, the agreement and the deployment have the most to tell.
  subject: fc.constantFrom(5, 6, 7, 7, 8, 8, 5, 3, 2, 1, 0),
  verb: fc.nat(999),
  occurred: fc.constantFrom(...DATES),
  picks,
});
/** Now and then a value: so many times of a hundred. */
const sometimes = <T>(percent: number, values: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 100 - percent, arbitrary: fc.constant(undefined) }, { weight: percent, arbitrary: values });
const amendmentStep: fc.Arbitrary<AmendmentStep> = fc.record({
  amend: fc.constantFrom('correct', 'correct', 'correct', 'retract', 'retract', 'dispute', 'dispute', 'corroborate'),
  target: fc.nat(999),
  odd: fc.nat(9).map((nat) => nat === 9),
  occurred: sometimes(80, fc.constantFrom(...DATES)),
  picks,
});
const view: fc.Arbitrary<View> = fc.record({
  asOf: sometimes(70, fc.constantFrom(...INSTANTS)),
  publishedBy: sometimes(30, fc.constantFrom(...PUBLISHED_BY)),
  held: sometimes(50, fc.nat(999)),
  known: fc.boolean(),
});

/** Random stories, each with some standpoints to read it from. `amended: false` leaves amendments out. */
export function stories({ amended = true } = {}): fc.Arbitrary<Story> {
  const step = amended ? fc.oneof(factStep, amendmentStep) : factStep;
  return fc
    .record({
      steps: fc.array(step, { minLength: 8, maxLength: 45, size: 'max' }),
      creations: fc.noShrink(creations),
      views: fc.array(view, { minLength: 2, maxLength: 2 }),
    })
    .map(({ creations: created, steps, views }) => ({ lines: linesOf(created, steps), views }));
}

/** What the storyteller takes an event to be; where a line is refused against expectation, amendments aim at the next one. */
interface Expected {
  ref: string;
  command: string;
  about?: Expected;
  claim?: Json | undefined;
}

function linesOf(created: { occurred: string; picks: Picks }[], steps: (FactStep | AmendmentStep)[]): Line[] {
  const events: Expected[] = [];
  const revisions = new Map<string, number>();
  const foresee = (stream: string, command: string, more: Partial<Expected> = {}) => {
    const revision = revisions.get(stream) ?? 0;
    revisions.set(stream, revision + 1);
    events.push({ ref: `${stream}@${revision}`, command, ...more });
  };
  const create = (at: number, told: { occurred: string; picks: Picks }): Line => {
    const [stream, command] = SUBJECTS[at]!;
    const body = bodyOf(command, told.picks);
    // The first of a kind would name themselves, or what is not there yet.
    if (stream !== 'party-_c') delete body['memberOf'];
    if (stream !== 'zone-_y') delete body['partOf'];
    return { command, body: { id: idOf(stream), occurred: told.occurred, ...sourcesOf(command, told.picks), ...body } };
  };
  const beginnings = created.map((told, at) => {
    foresee(SUBJECTS[at]![0], SUBJECTS[at]![1]);
    const line = create(at, told);
    // A statement that is refused would leave a story without one.
    return line.body['attribution'] === 'anonymous' ? { ...line, body: { ...line.body, attribution: 'document' } } : line;
  });
  const rest = steps.map((step): Line => {
    if ('amend' in step) {
      // Half of the amendments aim at what was told last, where amendments of amendments are.
      const near = step.target % 2 ? events.slice(-8) : events;
      const aimed = near[step.target % near.length]!;
      const fact = aimed.about ?? aimed;
      // Some corrections side with a dispute.
      const sides = step.amend === 'correct' && aimed.claim !== undefined && !step.odd;
      const target = sides ? fact : aimed;
      const told: Fields = { ...amendmentOf(step, fact.command), ...(sides && { changes: aimed.claim! }) };
      foresee(target.ref.slice(0, target.ref.indexOf('@')), `events/${step.amend}`, { about: fact, claim: told['claim'] });
      const body = JSON.parse(step.odd ? text(told).replace('party-_a', 'party-_nobody') : text(told)) as Fields;
      return { command: `events/${step.amend}`, id: target.ref, body, toldOf: COMMANDS[fact.command]![0] };
    }
    const [stream, creation] = SUBJECTS[step.subject]!;
    const verbs = Object.keys(COMMANDS).filter((command) => command.split('/')[0] === creation.split('/')[0]);
    const command = verbs[step.verb % verbs.length]!;
    if (command === creation) return create(step.subject, step);
    foresee(stream, command);
    return {
      command,
      id: idOf(stream),
      body: { occurred: step.occurred, ...sourcesOf(command, step.picks), ...bodyOf(command, step.picks) },
    };
  });
  return [...beginnings, ...rest];
}

const text = (value: unknown) => JSON.stringify(value);

function valuesOf(command: string, field: string): Json[] {
  const [collection, verb] = command.split('/');
  return VALUES[`${verb} ${field}`] ?? VALUES[`${collection} ${field}`] ?? VALUES[field] ?? [];
}

/** Parties need no source; everything else has one. */
function sourcesOf(command: string, [pick = 0]: Picks): Fields {
  if (command.startsWith('parties/') && pick % 4 < 3) return {};
  return { sources: SOURCES[pick % SOURCES.length]! };
}

function bodyOf(command: string, numbers: Picks): Fields {
  const fields = [...fieldsOfType(COMMANDS[command]![0])].flatMap(([field, optional], at) => {
    const values = valuesOf(command, field);
    const pick = (numbers[at % numbers.length]! + at) % (values.length + (optional ? 2 : 0));
    return pick < values.length ? [[field, values[pick]!] as const] : [];
  });
  const body = Object.fromEntries(fields);
  const needs = command === 'zones/delimit' ? 'extent' : command === 'deployments/adjust' ? 'strength' : undefined;
  const said = ['extent', 'areas', 'geometry', 'strength', 'posts', 'place'].some((field) => field in body);
  return needs && !said ? { ...body, [needs]: valuesOf(command, needs)[0]! } : body;
}

function amendmentOf({ amend, occurred, picks: [pick = 0, more = 0, ...numbers], odd }: AmendmentStep, command: string): Fields {
  const reason = { en: `Reason ${odd ? 0 : pick}` };
  const sources = SOURCES[pick % SOURCES.length]!;
  const told: Fields = { ...(occurred !== undefined && { occurred }) };
  // Some amendments name no sources: they are the record's own.
  const sourced = more % 3 ? told : { ...told, sources };
  if (amend === 'corroborate') return { ...told, sources: odd ? sources : [{ publisher: `Outlet ${pick}`, published: '2017-06-20' }] };
  if (amend === 'retract') return { ...sourced, reason };
  const own = [...fieldsOfType(COMMANDS[command]![0]).keys()].filter((field) => valuesOf(command, field).length);
  const frame = amend === 'correct' ? ['occurred', 'occurred', 'sources', 'confidence'] : ['occurred'];
  const fields = [...own, ...own, ...frame, ...(odd ? ['colour', 'id'] : [])];
  const changes = Object.fromEntries(
    numbers.slice(0, 1 + (more % 2)).map((number, at) => {
      const field = fields[number % fields.length]!;
      const values = field === 'id' ? ['other'] : field === 'colour' ? ['red'] : valuesOf(command, field);
      const value = numbers[at + 3]! % (values.length + (amend === 'correct' && field !== 'occurred' ? 1 : 0));
      return [field, values[value] ?? null];
    }),
  );
  if (amend === 'correct') return { ...sourced, changes, reason };
  return { ...told, sources, reason, ...(more % 3 > 0 && { claim: changes }) };
}
