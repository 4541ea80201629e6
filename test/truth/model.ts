import type { Json, RecordedEvent, Source } from '../../src/event/event.js';

// A second opinion on what a state is, written from the contract and docs/design/time-and-truth.md, without the code that folds. Where both
// are silent it says what the service was seen to answer, marked `as served`: on those points it guards against change and proves nothing.
// It folds everything again for every question, so that nothing in it is there for speed.

export type Fields = Record<string, Json>;

/** Where a read stands. `now` is the instant at which commitments are judged without `asOf`. */
export interface Standpoint {
  upTo: number;
  asOf?: number;
  publishedBy?: number;
  now: number;
}

/** An event that is no amendment, as its amendments make it read. */
export interface Fact {
  event: RecordedEvent;
  occurred: string;
  sources: Source[];
  confidence?: RecordedEvent['confidence'];
  /** The fields of its body. */
  body: Fields;
  retraction?: RecordedEvent;
}

export interface Reading {
  /** The kind's own fields. Those that nobody has set are left out. */
  own: Fields;
  uncertain: string[];
  disputed: { field: string; claims: { value: Json; event: string }[] }[];
  settled: { field: string; how: string; by: string }[];
  retracted: boolean;
  revision: number;
  sequence: number;
  /** Of the fields that one fact alone sets, whose word holds. */
  because: Record<string, string>;
}

/** What a fact does to a field, or to one member of it. */
interface Setting {
  field: string;
  value: Json;
  member?: string[];
  /** It is only set where nothing that folded before has set it. */
  unlessSet?: true;
}
type Held = Setting & { fact: Fact };

/** The lists that a state has whether or not anybody has said what is in them. */
const LISTS: Record<string, string> = {
  party: 'aliases memberOf roles',
  zone: 'areas agreedBy roles',
  agreement: 'parties zones signatures rejections commitments roles',
  deployment: 'posts agreedBy rejections',
  statement: 'mentions stances',
  talks: 'participants on roles',
};

/** What the record held up to a standpoint makes of a subject; undefined where the subject is not there. */
export function reading(subject: string, record: readonly RecordedEvent[], at: Standpoint): Reading | undefined {
  const held = record.filter(({ sequence }) => sequence <= at.upTo);
  const amendments = held.filter((event) => amended(event) && (!event.sources.length || published(event.sources, at)));
  const there = factsOf(held, amendments)
    .filter((fact) => fact.event.stream === subject || settingsOf(fact, subject).length > 0)
    .filter(({ sources }) => published(sources, at))
    .filter(({ occurred }) => at.asOf === undefined || span(occurred)[0] <= at.asOf);
  if (!there.some(({ event }) => event.stream === subject)) return undefined;
  const instant = at.asOf ?? at.now;
  const { possible, uncertain } = fold(subject, inOrder(there.filter(({ retraction }) => !retraction)), at.asOf);
  const holding = [...possible.values()].map((settings) => settings.at(-1)!);
  const creations = there.filter(({ event }) => event.stream === subject && event.type === CREATIONS[kindOf(subject)]);
  const { revision, sequence } = held.findLast(({ stream }) => stream === subject)!;
  return {
    own: shown(subject, holding, instant),
    uncertain: [...uncertain].sort(),
    ...disputesOf(subject, there, amendments, instant),
    retracted: creations.length > 0 && creations.every(({ retraction }) => retraction),
    revision,
    sequence,
    because: Object.fromEntries(holding.filter(({ member }) => !member).map(({ field, fact }) => [field, fact.event.id])),
  };
}

export const CREATIONS: Record<string, string> = {
  party: 'PartyRegistered',
  zone: 'ZoneReported',
  agreement: 'AgreementReported',
  deployment: 'DeploymentReported',
  statement: 'StatementMade',
  talks: 'TalksReported',
};

export const kindOf = (stream: string) => stream.slice(0, stream.indexOf('-'));

/** The event that an event amends. */
export function amended({ corrects, retracts, corroborates, disputes }: RecordedEvent): string | undefined {
  return corrects ?? retracts ?? corroborates ?? disputes;
}

export const retractionOf = ({ id }: RecordedEvent, amendments: readonly RecordedEvent[]) =>
  amendments.find(({ retracts }) => retracts === id);

export const changesOf = ({ data }: RecordedEvent) => data['changes'] as Fields;
export const claimOf = ({ data }: RecordedEvent) => data['claim'] as Fields | undefined;

/** The facts among events, each as those amendments make it read that are not retracted themselves. */
export function factsOf(events: readonly RecordedEvent[], amendments = events.filter(amended)): Fact[] {
  const standing = amendments.filter((amendment) => !retractionOf(amendment, amendments));
  return events
    .filter((event) => !amended(event))
    .map((event) => {
      const corrections = standing.filter(({ corrects }) => corrects === event.id);
      const retraction = retractionOf(event, amendments);
      const fact = corrections.map(changesOf).reduce(changed, { event, ...event, body: event.data });
      // A correction stands for what the fact's own report said: what corroborations add stays, whichever came first.
      const added = standing.filter(({ corroborates }) => corroborates === event.id).flatMap(({ sources }) => sources);
      const { occurred, confidence, body, sources } = fact;
      return { event, occurred: occurred!, confidence, body, sources: [...sources, ...added], ...(retraction && { retraction }) };
    });
}

/** A fact with other values for some of its fields; null takes a field away. */
export function changed<F extends Told>(fact: F, changes: Fields): F {
  const all = { ...fact.body, occurred: fact.occurred, sources: fact.sources, confidence: fact.confidence, ...changes };
  const said = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null && value !== undefined));
  const { occurred, sources = [], confidence, ...body } = said as Fields & Omit<Told, 'body'>;
  return { ...fact, occurred, sources, confidence, body };
}
type Told = Pick<RecordedEvent, 'occurred' | 'sources' | 'confidence'> & { body: Fields };

const published = (sources: readonly Source[], { publishedBy }: Standpoint) =>
  publishedBy === undefined || sources.some((source) => source.published !== undefined && span(source.published)[1] <= publishedBy);

/** The earliest and the latest instant of a date: a year, a month, a day, an instant or an interval of these, open or not. */
export function span(date: string): [earliest: number, latest: number] {
  const plain = date.replaceAll(/[?~%]/g, '');
  if (plain.includes('/')) {
    const [from = '', to = ''] = plain.split('/').map((end) => end.replace('..', ''));
    return [from ? span(from)[0] : -Infinity, to ? span(to)[1] : Infinity];
  }
  if (plain.includes('T')) return [Date.parse(plain), Date.parse(plain)];
  const [year = 0, month, day] = plain.split('-').map(Number);
  if (month === undefined) return [Date.UTC(year), Date.UTC(year + 1) - 1];
  if (day === undefined) return [Date.UTC(year, month - 1), Date.UTC(year, month) - 1];
  return [Date.UTC(year, month - 1, day), Date.UTC(year, month - 1, day + 1) - 1];
}

const precedes = (one: Fact, other: Fact) => span(one.occurred)[1] < span(other.occurred)[0];

/** Again and again the lowest sequence that nothing remaining certainly precedes. */
function inOrder(facts: readonly Fact[]): Fact[] {
  const next = facts.findIndex((fact) => !facts.some((other) => precedes(other, fact)));
  return next < 0 ? [] : [facts[next]!, ...inOrder(facts.toSpliced(next, 1))];
}

/**
 * For every field, or member of one, the settings that may have been the last in the world; the last of them holds. A fact rules out those
 * that certainly precede it. Where others than the one that holds remain, and differ, the order of recording decided.
 */
function fold(subject: string, facts: readonly Fact[], asOf?: number) {
  const possible = new Map<string, Held[]>();
  const uncertain = new Set<string>();
  for (const fact of facts) {
    for (const setting of settingsOf(fact, subject)) {
      const key = [setting.field, ...(setting.member ?? [])].join();
      const before = possible.get(key) ?? [];
      if (setting.unlessSet && before.length) continue;
      possible.set(key, [...before.filter((other) => !precedes(other.fact, fact)), { ...setting, fact }]);
      if (asOf !== undefined && asOf < span(fact.occurred)[1]) uncertain.add(setting.field);
    }
  }
  for (const settings of possible.values())
    if (settings.some(({ value }) => told(value) !== told(settings.at(-1)!.value))) uncertain.add(settings[0]!.field);
  return { possible, uncertain };
}

const told = (value: Json) => JSON.stringify(value);

/**
 * What the body of a fact says of the fields of its subject: `name` sets it, where it is said; `agreedBy+by` adds all that `by` names;
 * `status=open` sets it; `status?open` does, where neither the body nor a fact before has a status; `agreed` sets the status by its level.
 */
const SAYS: Record<string, string> = {
  PartyRegistered: 'name kind aliases memberOf+memberOf',
  PartyRenamed: 'name',
  PartyJoined: 'memberOf+of',
  ZoneReported: 'name extent areas geometry partOf status?proposed',
  ZoneAgreed: 'agreed agreedBy+by',
  ZoneDelimited: 'extent areas geometry',
  ZoneEnteredIntoForce: 'status=in-force',
  ZoneSuspended: 'status=suspended',
  ZoneDissolved: 'status=dissolved',
  AgreementReported: 'title kind parties+parties zones partOf documents place until status?drafted',
  AgreementAgreed: 'agreed parties+by',
  AgreementSigned: 'parties+party',
  AgreementEnteredIntoForce: 'status=in-force',
  AgreementExtended: 'until',
  AgreementSuspended: 'status=suspended',
  AgreementEnded: 'status=ended supersededBy',
  DeploymentReported: 'party force zone task armament place strength posts basis when status?proposed',
  DeploymentAgreed: 'agreed agreedBy+by',
  DeploymentStarted: 'status=deployed',
  DeploymentAdjusted: 'strength posts place',
  DeploymentWithdrawn: 'status=withdrawn',
  StatementMade: 'speaker onBehalfOf attribution lang text quote at mentions stances',
  TalksReported: 'title place when convenor participants on status?scheduled',
  TalksRescheduled: 'when',
  TalksOpened: 'status=open',
  TalksConcluded: 'status=concluded outcome summary',
  TalksCancelled: 'status=cancelled',
};

/** What a fact says of a subject. */
function settingsOf(fact: Fact, subject: string): Setting[] {
  const { type, stream } = fact.event;
  if (/Role/.test(type)) return subject === stream || subject === fact.body['party'] ? [roleSetting(fact)] : [];
  if (subject !== stream) return [];
  const says = SAYS[type]?.split(' ') ?? [];
  return [...says.flatMap((said) => plainSettings(said, fact.body)), ...ownSettings(fact)];
}

function plainSettings(said: string, body: Fields): Setting[] {
  const [, field = '', sign, rest = ''] = /^(\w+)(\W)?(.*)$/.exec(said)!;
  if (said === 'agreed') return [{ field: 'status', value: body['level'] === 'in-principle' ? 'agreed-in-principle' : 'agreed' }];
  if (sign === '+') return [body[rest] ?? []].flat().map((member) => ({ field, member: [member as string], value: member }));
  if (sign === '=') return [{ field, value: rest }];
  if (field in body) return [{ field, value: body[field]! }];
  return sign === '?' ? [{ field, value: rest, unlessSet: true }] : [];
}

/** What takes more than to say it. */
function ownSettings({ event: { type, id }, occurred, body }: Fact): Setting[] {
  const text = (field: string) => body[field] as string;
  const given = (...fields: string[]) => Object.fromEntries(Object.entries(body).filter(([field]) => fields.includes(field)));
  // As served: who signs or rejects again has signed or rejected once, as was said last.
  const entry = (field: string, party: string, more: string): Setting => {
    return { field, member: [party], value: { party, ...given(more), occurred } };
  };
  switch (type) {
    case 'PartyLeft':
      return [{ field: 'memberOf', member: [text('of')], value: null }];
    // As served: who drew the borders last drew them alone, at the level that was said then.
    case 'ZoneDelimited':
      return [{ field: 'delimited', value: { by: [], ...given('level', 'by') } }];
    case 'ZoneIncidentReported':
      return [{ field: 'incidents', member: [id], value: text('incident') }];
    case 'AgreementSigned':
      return [entry('signatures', text('party'), 'signatory')];
    case 'AgreementRejected':
      return [entry('rejections', text('party'), 'reason')];
    case 'DeploymentRejected':
      return (body['by'] as string[]).map((party) => entry('rejections', party, 'reason'));
    // As served: what is committed to again is that as a whole, and nothing of what it was before.
    case 'AgreementCommitted': {
      const value = { id: text('commitment'), parties: [], ...given('parties', 'text', 'due') };
      return [{ field: 'commitments', member: [text('commitment')], value }];
    }
    // When it was fulfilled tells whether that was late; a breach is a breach.
    case 'AgreementFulfilled':
      return [{ field: 'commitments', member: [text('commitment'), 'outcome'], value: ['fulfilled', occurred] }];
    case 'AgreementBreached':
      return [{ field: 'commitments', member: [text('commitment'), 'outcome'], value: ['breached'] }];
    default:
      return [];
  }
}

function roleSetting({ event: { type, stream }, body }: Fact): Setting {
  const { party, role, by, status } = body as Record<string, string>;
  const member = [stream, party!, role!];
  if (/RoleContested/.test(type)) return { field: 'roles', member: [...member, by!], value: by! };
  return { field: 'roles', member, value: /RoleNamed/.test(type) ? status! : null };
}

/** The fields of a state that settings make. */
function shown(subject: string, holding: readonly Held[], at: number): Fields {
  const members = (field: string) => holding.filter((setting) => setting.field === field && setting.member);
  const state: Fields = Object.fromEntries(LISTS[kindOf(subject)]!.split(' ').map((field) => [field, []]));
  for (const { field, member, value } of holding) if (!member) state[field] = value;
  for (const field of ['memberOf', 'agreedBy', 'parties', 'signatures', 'rejections'])
    if (members(field).length) state[field] = members(field).flatMap(({ value }) => value ?? []);
  if (kindOf(subject) === 'zone') state['incidents'] = counted(members('incidents').map(({ value }) => value as string));
  if (state['roles']) state['roles'] = rolesOf(subject, members('roles'));
  if (state['commitments']) state['commitments'] = commitmentsOf(members('commitments'), at);
  return state;
}

const counted = (words: string[]) => Object.fromEntries(words.map((word) => [word, words.filter((other) => other === word).length]));

/** A role that is contested and was never named has no status; one that ended is away, contests and all, until it is named again. */
function rolesOf(subject: string, settings: readonly Held[]): Json[] {
  const roles = new Map(settings.map(({ member }) => [member!.slice(0, 3).join(), member!]));
  return [...roles].flatMap(([key, [stream = '', party = '', role = '']]): Json[] => {
    const about = settings.filter(({ member }) => member!.slice(0, 3).join() === key);
    const naming = about.find(({ member }) => member!.length === 3);
    if (naming?.value === null) return [];
    const contestedBy = about.filter((setting) => setting !== naming).map(({ value }) => value);
    const place: Fields = subject === stream ? { party } : { in: stream };
    return [{ ...place, role, ...(naming && { status: naming.value }), contestedBy }];
  });
}

/** As served: what was only fulfilled or breached, and never committed to, is no commitment. */
function commitmentsOf(settings: readonly Held[], at: number): Json[] {
  return settings
    .filter(({ member }) => member!.length === 1)
    .map(({ member: [slug] = [], value }) => {
      const outcome = settings.find(({ member }) => member![0] === slug && member!.length === 2);
      return { ...(value as Fields), status: standing((value as { due?: string }).due, outcome, at) };
    });
}

function standing(due: string | undefined, outcome: Held | undefined, at: number): string {
  const [from, to] = due === undefined ? [Infinity, Infinity] : span(due);
  if (outcome?.fact.event.type === 'AgreementBreached') return 'breached';
  // As served: late is what certainly came after the last instant of `due`.
  if (outcome) return span(outcome.fact.occurred)[0] > to ? 'late' : 'fulfilled';
  return at < from ? 'open' : at <= to ? 'maybe-overdue' : 'overdue';
}

/** The disputes of the facts that a state is made of, open and settled. */
function disputesOf(subject: string, facts: readonly Fact[], amendments: readonly RecordedEvent[], at: number) {
  const settled = new Map<string, Reading['settled'][number]>();
  const open = new Map<string, Map<string, Json>>();
  /** The state, had it only this fact. */
  const state = (fact: Fact) => shown(subject, [...fold(subject, [fact]).possible.values()].flat(), at);
  for (const dispute of amendments.filter(({ disputes }) => disputes !== undefined)) {
    const fact = facts.find(({ event }) => event.id === dispute.disputes);
    if (!fact || settingsOf(fact, subject).length === 0) continue;
    const settlement = settlementOf(dispute, fact, amendments);
    // As served: a settled dispute is about the fact as it reads without what settled it, and what came after.
    const before = amendments.filter((event) => event.sequence < (settlement?.sequence ?? Infinity) && !retractionOf(event, amendments));
    const [stood] = factsOf([fact.event], before) as [Fact];
    const claim = claimOf(dispute);
    const fields = claim ? disputedBy(claim, stood, state) : settingsOf(stood, subject).map(({ field }) => shownIn(state, field));
    for (const { field, read } of fields) {
      if (settlement) settled.set(field + settlement.by, { field, how: settlement.how, by: settlement.by });
      else {
        const claims = open.get(field) ?? new Map<string, Json>();
        open.set(field, claims.set(fact.event.id, read(fact)));
        claims.set(dispute.id, claim ? read(changed(fact, claim)) : null);
      }
    }
  }
  const disputed = [...open].map(([field, claims]) => ({ field, claims: [...claims].map(([event, value]) => ({ event, value })) }));
  return { disputed, settled: [...settled.values()] };
}

type Alone = (fact: Fact) => Fields;
const saidIn = ({ occurred, body }: Fact, field: string): Json => (field === 'occurred' ? occurred : (body[field] ?? null));
const shownIn = (state: Alone, field: string) => ({ field, read: (fact: Fact) => state(fact)[field] ?? null });

/** The fields of the state that claims on fields of the body dispute. As served: where none would read otherwise, that field of the body. */
function disputedBy(claim: Fields, fact: Fact, state: Alone) {
  return Object.entries(claim).flatMap(([field, value]) => {
    // As served: what the other source has as the fact has it is not in dispute.
    if (told(value) === told(saidIn(fact, field))) return [];
    const [one, other] = [state(fact), state(changed(fact, { [field]: value }))];
    const fields = Object.keys({ ...one, ...other }).filter((name) => told(one[name] ?? null) !== told(other[name] ?? null));
    if (field === 'occurred' || fields.length === 0) return [{ field, read: (of: Fact) => saidIn(of, field) }];
    return fields.map((name) => shownIn(state, name));
  });
}

/** The first event after a dispute that settles it and stands. */
function settlementOf(dispute: RecordedEvent, fact: Fact, amendments: readonly RecordedEvent[]) {
  const claimed = Object.keys(claimOf(dispute) ?? {});
  const by = amendments
    .filter(({ sequence }) => sequence > dispute.sequence)
    .find(
      (event) =>
        event.retracts === dispute.id ||
        event === fact.retraction ||
        (event.corrects === fact.event.id && !retractionOf(event, amendments) && claimed.some((field) => field in changesOf(event))),
    );
  if (!by) return undefined;
  return {
    how: by.corrects !== undefined ? 'corrected' : by.retracts === dispute.id ? 'withdrawn' : 'retracted',
    by: by.id,
    sequence: by.sequence,
  };
}
