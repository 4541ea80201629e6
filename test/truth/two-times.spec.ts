import fc from 'fast-check';
import type { Json, RecordedEvent } from '../../src/event/event.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';
import { amended, CREATIONS, factsOf, kindOf, reading, span, type Fact, type Fields } from './model.js';
import { DATES, fieldsOfType, stories, SUBJECTS, type Line, type Story, type View } from './stories.js';

const RUNS = Number(process.env['TWO_TIMES_RUNS'] ?? 60);
const SEED = process.env['TWO_TIMES_SEED'] || undefined;
const COLLECTIONS: Record<string, string> = {
  party: 'parties',
  zone: 'zones',
  agreement: 'agreements',
  deployment: 'deployments',
  statement: 'statements',
  talks: 'talks',
};
/** What every state has besides the fields of its kind. */
const COMMON = 'id stream revision sequence anomalies disputed settled uncertain retracted because'.split(' ');
const KEYS: Record<string, 'corrects' | 'retracts' | 'corroborates' | 'disputes'> = {
  correct: 'corrects',
  retract: 'retracts',
  corroborate: 'corroborates',
  dispute: 'disputes',
};

type Reply = Record<string, unknown> & { sequence?: number; code?: string };

let app: TestApp;
let run = 0;
let head = 0;
/** The cost of a list grows with all that was ever recorded: after so many stories, a service begins anew. */
const AT_ONCE = 200;
beforeAll(async () => void (app = await startApp()));
afterAll(() => stopApp(app));

/** A failure is reported before jest gives up, however far it has been shrunk. */
const PATIENCE = 60_000 + RUNS * 200;
const runs = (count: number) => ({
  numRuns: count,
  interruptAfterTimeLimit: PATIENCE - 10_000,
  // Fewer stories than the name of the test says are no success.
  markInterruptAsFailure: true,
  ...(SEED !== undefined && { seed: Number(SEED) }),
});

test('the dates of the stories are what their texts say', () => {
  const day = 86_400_000;
  const known = Object.fromEntries(DATES.map((date) => [date, span(date)]));
  expect(known['2017-05-04']).toEqual([Date.UTC(2017, 4, 4), Date.UTC(2017, 4, 5) - 1]);
  expect(known['2017-06?']).toEqual([Date.UTC(2017, 5), Date.UTC(2017, 6) - 1]);
  expect(known['2018']).toEqual([Date.UTC(2018), Date.UTC(2018) + 365 * day - 1]);
  expect(known['../2017-05']).toEqual([-Infinity, Date.UTC(2017, 5) - 1]);
  expect(known['2017-03/..']).toEqual([Date.UTC(2017, 2), Infinity]);
  expect(known['2017-05-05T01:00:00.000+03:00']).toEqual([Date.UTC(2017, 4, 4, 22), Date.UTC(2017, 4, 4, 22)]);
});

test(
  `without amendments, the states of ${Math.ceil(RUNS / 5)} random stories are what the contract says`,
  async () => {
    await fc.assert(fc.asyncProperty(stories({ amended: false }), check), runs(Math.ceil(RUNS / 5)));
  },
  PATIENCE,
);

test(
  `the states of ${RUNS} random stories are what the contract says, from wherever they are read`,
  async () => {
    await fc.assert(fc.asyncProperty(stories(), check), runs(RUNS));
  },
  PATIENCE,
);

async function check(story: Story): Promise<void> {
  const name = `r${++run}-`;
  if (run % AT_ONCE === 0) {
    await stopApp(app);
    app = await startApp();
    head = 0;
  }
  const { lines, views } = JSON.parse(JSON.stringify(story).replaceAll('_', name)) as Story;
  const subjects = SUBJECTS.map(([stream]) => stream.replace('_', name));
  const before = head;
  const replies: Reply[] = await app.feed(lines.map(({ command, id, body }) => ({ command, ...(id !== undefined && { id }), body })));
  const { text } = await app.call('GET', `/v1/events?after=${before}`, { headers: { accept: 'application/x-ndjson' } });
  const record = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RecordedEvent);
  head = record.at(-1)!.sequence;
  const answers = lines.map((line, at) => ({ line, reply: replies[at]! }));
  telling(record, '', () => expect(unexpected(answers, record, before)).toEqual([]));
  for (const view of [{ known: false }, ...views]) await compare(subjects, record, view);
}

/** Holds what the service shows of all subjects to what the model reads. */
async function compare(subjects: string[], record: RecordedEvent[], view: View): Promise<void> {
  const { query, upTo } = placeOf(view, record);
  const asOf = view.asOf === undefined ? {} : { asOf: span(view.asOf)[1] };
  const publishedBy = view.publishedBy === undefined ? {} : { publishedBy: span(view.publishedBy)[1] };
  // No `due` of the stories lies near the present.
  const at = { upTo, ...asOf, ...publishedBy, now: Date.now() };
  const wanted = subjects.map((subject) => [subject, reading(subject, record, at)] as const);
  const shown = await Promise.all(
    subjects.map(async (subject) => {
      const kind = kindOf(subject);
      const answer = await app.get(`/v1/${COLLECTIONS[kind]}/${subject.slice(kind.length + 1)}?${query}`);
      return [subject, answer.status === 404 ? undefined : answer.status === 200 ? answer.json.data : answer.text] as const;
    }),
  );
  const named = ids(record);
  const read = (states: typeof shown) => plain(Object.fromEntries(states.map(([subject, state]) => [subject, state && comparable(state)])));
  const modelled = Object.fromEntries(wanted.map(([subject, state]) => [subject, state && { ...state, own: withoutEmpty(state.own) }]));
  telling(record, query, () => expect(named(read(shown))).toEqual(named(plain(modelled))));

  const there = wanted.flatMap(([subject, state]) =>
    state && kindOf(subject) === 'zone' ? [{ subject, status: state.own['status'] }] : [],
  );
  const wantedStatus = view.known ? (there[0]?.status as string | undefined) : undefined;
  const zones = there.filter(({ status }) => wantedStatus === undefined || status === wantedStatus);
  const filter = wantedStatus === undefined ? '' : `&status=${wantedStatus}`;
  const about = subjects.filter((subject) => kindOf(subject) === 'zone').join();
  const list = (await app.get(`/v1/zones?about=${about}&limit=1000&${query}${filter}`)).json;
  const listed = list.data.map(({ stream }: Fields) => stream);
  telling(record, `${query}${filter}`, () => expect(listed).toEqual(zones.map(({ subject }) => subject).sort()));
}

/** A failure tells what was recorded and where it was read from. */
function telling(record: RecordedEvent[], query: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    const events = record.map(({ stream, revision, type, occurred, data, sources, sequence, ...event }) => {
      const dates = sources.map(({ published = '-' }) => published);
      return [
        sequence,
        `${stream}@${revision}`,
        type,
        amended({ ...event } as RecordedEvent),
        occurred,
        JSON.stringify(data),
        ...dates,
      ].join(' ');
    });
    throw new Error(`read with ?${query}: ${(error as Error).message}\n${ids(record)(events).join('\n')}`);
  }
}

function placeOf({ asOf, publishedBy, held, known }: View, record: RecordedEvent[]) {
  const last = held === undefined ? record.at(-1)! : record[held % record.length]!;
  const standpoint = held === undefined ? {} : known ? { knownAt: last.recordedAt } : { atSequence: `${last.sequence}` };
  const query = new URLSearchParams({ ...(asOf && { asOf }), ...(publishedBy && { publishedBy }), ...standpoint });
  const upTo = known ? record.findLast(({ recordedAt }) => recordedAt <= last.recordedAt)!.sequence : last.sequence;
  return { query: query.toString(), upTo };
}

/** Of a state as it is served, what the model says something about. */
function comparable(state: Fields): Fields {
  const of = (list: Json | undefined) => (list ?? []) as Fields[];
  const because = state['because'] as Record<string, { event: string }>;
  return {
    own: withoutEmpty(Object.fromEntries(Object.entries(state).filter(([field]) => !COMMON.includes(field))) as Fields),
    uncertain: state['uncertain']!,
    disputed: of(state['disputed']).map(({ field, claims }) => {
      return { field: field!, claims: of(claims).map(({ value, event }) => ({ value: value ?? null, event: event! })) };
    }),
    settled: once(of(state['settled']).map(({ field, how, by }) => ({ field: field!, how: how!, by: by! }))),
    retracted: state['retracted']!,
    revision: state['revision']!,
    sequence: state['sequence']!,
    because: Object.fromEntries(Object.entries(because).flatMap(([field, { event }]) => (SETS.has(field) ? [] : [[field, event]]))),
  };
}

/** Several disputes of a field may be settled by one event, each with its claims. */
const once = (entries: Fields[]) => [...new Map(entries.map((entry) => [JSON.stringify(entry), entry])).values()];

/** Fields that are made of members; of whose word such a field stands on, the contract does not tell. */
const SETS = new Set('memberOf agreedBy parties signatures rejections incidents roles commitments'.split(' '));

/** A list that nobody has said anything of may be empty or missing: the contract does not tell. */
const withoutEmpty = (state: Fields) =>
  Object.fromEntries(Object.entries(state).filter(([, value]) => value !== null && Object.keys(Object(value)).length + Number(typeof value !== 'object') > 0 )) as Fields; // prettier-ignore

/** Lists as sets, objects by the order of their names. */
function plain<T>(value: T): T {
  if (Array.isArray(value)) return value.map(plain).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, plain(inner)]),
  ) as T;
}

/** Tells events by what they are instead of by their ids, which differ from run to run. */
function ids(record: RecordedEvent[]) {
  const names = new Map(record.map(({ id, stream, revision, type, occurred }) => [id, `${stream}@${revision} ${type} ${occurred}`]));
  return <T>(value: T): T =>
    JSON.parse(JSON.stringify(value), (_, inner: Json) => (typeof inner === 'string' ? (names.get(inner) ?? inner) : inner)) as T;
}

/** The replies to amendments that are not what "What an amendment may aim at" makes of them. */
function unexpected(answers: { line: Line; reply: Reply }[], record: RecordedEvent[], before: number): unknown[] {
  let known = before;
  return answers.flatMap(({ line, reply }) => {
    const outcome = reply.code !== undefined ? 'refused' : reply.sequence! > known ? 'recorded' : 'repeated';
    const verdict = line.command.startsWith('events/')
      ? verdictOn(
          line,
          record.filter(({ sequence }) => sequence <= known),
        )
      : { may: 'recorded repeated refused', why: 'no amendment' };
    if (outcome === 'recorded') known = reply.sequence!;
    return verdict.may.includes(outcome) ? [] : [{ line, reply, ...verdict }];
  });
}

/** What may come of an amendment, given what is recorded before it. */
function verdictOn({ command, id = '', body, toldOf }: Line, record: RecordedEvent[]): { may: string; why: string } {
  const refused = (why: string) => ({ may: 'refused', why });
  const open = (why: string) => ({ may: 'recorded repeated refused', why });
  const verb = command.replace('events/', '');
  const target = record.find(({ stream, revision }) => `${stream}@${revision}` === id);
  if (!target) return refused('there is no such event');
  const same = (event: RecordedEvent) => event[KEYS[verb]!] === target.id && same.text(event.data);
  same.text = (data: Fields) => JSON.stringify(plain(saidIn(data))) === JSON.stringify(plain(saidIn(body)));
  if (record.some(same) && verb !== 'corroborate') return open('it may repeat an amendment');
  if (target.retracts !== undefined) return refused('a retraction can not be amended');
  if (verb !== 'retract' && amended(target)) return refused('only a retraction aims at an amendment');
  if (record.some(({ retracts }) => retracts === target.id)) return refused('the target is retracted');
  const fact = factsOf(record).find(({ event }) => event.id === (amended(target) ?? target.id))!;
  if (verb === 'retract') {
    if (fact.retraction) return open('the fact that the target amends is retracted');
    if (!target.corrects) return { may: 'recorded', why: 'a fact, a corroboration or a dispute can be retracted' };
    const rest = factsOf(record.filter((event) => event !== target)).find(({ event }) => event.id === fact.event.id)!;
    return validity(rest.event, whole(rest), record);
  }
  if (verb === 'corroborate') return { may: 'recorded repeated', why: 'a fact can be corroborated' };
  const changes = (verb === 'correct' ? body['changes'] : body['claim']) as Fields | undefined;
  if (!changes) return { may: 'recorded', why: 'a fact can be disputed' };
  if ('id' in changes) return refused('an id can not be corrected');
  const now = whole(fact);
  const holds = Object.entries(changes).filter(
    ([field, value]) => JSON.stringify(plain(now[field] ?? null)) === JSON.stringify(plain(value)),
  );
  const valid = validity(fact.event, { ...now, ...changes }, record);
  if (valid.may === 'refused') return valid;
  if (holds.length === Object.keys(changes).length) return refused('that is what holds already');
  if ('sources' in changes && record.some(({ corroborates }) => corroborates === target.id))
    return open('it may have these sources of its own');
  if (holds.length) return open('a part of it holds already');
  if (['status', 'level'].some((field) => field in changes && now[field] === undefined)) return open('a default may say the same');
  if (fact.event.type !== toldOf) return open('it was told for an event of another type');
  if (verb === 'dispute' && valid.may !== 'recorded') return open(valid.why);
  return valid;
}

const saidIn = ({ changes = null, claim = null, reason = null }: Fields) => ({ changes, claim, reason });

/** A fact as a body that would tell of it. */
function whole({ occurred, sources, confidence, body }: Fact): Fields {
  return { ...body, occurred, ...(sources.length && { sources: sources as unknown as Json }), ...(confidence && { confidence }) };
}

/** Bodies that need one of some fields. */
const ONE_OF: Record<string, string[]> = {
  ZoneDelimited: ['extent', 'areas', 'geometry'],
  DeploymentAdjusted: ['strength', 'posts', 'place'],
};

/** Whether a command would be taken with this body. */
function validity({ type, stream: own }: RecordedEvent, body: Fields, record: RecordedEvent[]): { may: string; why: string } {
  const refused = (why: string) => ({ may: 'refused', why });
  const fields = fieldsOfType(type).set('occurred', false).set('confidence', true).set('sources', type.startsWith('Party'));
  const said = Object.entries(body).filter(([, value]) => value !== null);
  for (const [field] of Object.entries(body)) if (!fields.has(field)) return refused(`there is no ${field}`);
  for (const [field, optional] of fields) if (!optional && !said.some(([name]) => name === field)) return refused(`${field} is needed`);
  const oneOf = ONE_OF[type];
  if (oneOf && !said.some(([field]) => oneOf.includes(field))) return refused('there is nothing left');
  const { party, name } = (body['speaker'] ?? {}) as Fields;
  if (body['attribution'] === 'anonymous' && (party ?? name)) return refused('it would name whom it protects');
  const names: string[] = JSON.stringify(body).match(/\b(party|zone|agreement|deployment|statement|talks)-r\d+-[a-z]+/g) ?? [];
  if (names.some((stream) => !record.some((event) => event.stream === stream))) return refused('it names nobody');
  // As served: its own subject was not there yet when it was created.
  if (Object.values(CREATIONS).includes(type) && names.includes(own)) return refused('a creation names its own subject');
  const gone = factsOf(record).filter(({ event, retraction }) => retraction && event.type === CREATIONS[kindOf(event.stream)]);
  if (gone.some(({ event }) => names.includes(event.stream)))
    return { may: 'recorded repeated refused', why: 'it names a subject that is retracted' };
  return { may: 'recorded', why: 'the whole would be taken' };
}
