import { correct, dispute, retract } from '../amendments/amending.js';
import { exist, type Said } from '../support/desk.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';
import { tell } from '../support/telling.js';

type Read = any; // eslint-disable-line typescript/no-explicit-any -- states and lists of them are read field by field

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await tell(app, ...exist('party-story'));
  for (const at of PARTS.keys()) heads.push((await tell(app, ...part(at))).at(-1)!.sequence);
});
afterAll(() => stopApp(app));

const reading = async (path: string, view: string) => app.get(`/v1/${path}${path.includes('?') ? '&' : '?'}${view}`);
const state = async (path: string, view = ''): Promise<Read> => {
  const { status, json, text } = await reading(path, view);
  if (status !== 200) throw new Error(`${path} ${view}: ${text}`);
  return json.data;
};
const statusOf = async (path: string, view = '') => (await reading(path, view)).status;
const problem = async (path: string, view: string) => {
  const { json } = await reading(path, view);
  return [json.status, json.code, ...(json.errors ?? []).map(({ field, rule }: Read) => `${field} ${rule}`)];
};
const head = async () => (await app.get('/v1/events?limit=1')).json.sequence as number;

/**
 * One small story in three parts, recorded one after another: of each, the month in which it happens and the one in which it is published.
 * They are published in another order than they happen in, so that no parameter can pass for another.
 */
const PARTS = [
  ['2017-05', '2017-05'],
  ['2017-06', '2017-09'],
  ['2017-07', '2017-08'],
] as const;
/** Where the record stood behind each part. */
const heads: number[] = [];
/** Of each read, what it shows of the story, and what that is with some of the parts. */
const READS: Record<string, [shows: (reply: Read) => unknown, of: (parts: number[]) => unknown]> = {
  'zones?about=party-story': [({ data }) => each(data, 'incidents'), (parts) => [{ clash: parts.length }]],
  'zones/story': [({ data }) => data.incidents, (parts) => ({ clash: parts.length })],
  'zones.geojson?about=party-story': [
    ({ features }) => each(each(features, 'properties'), 'incidents'),
    (parts) => [{ clash: parts.length }],
  ],
  'zones/story/timeline': [({ data }) => [...new Set(each(data, 'occurred'))], (parts) => parts.map((at) => PARTS[at]![0])],
  'agreements?about=party-story': [({ data }) => each(each(data, 'commitments').flat(), 'id'), commitments],
  'agreements/story': [({ data }) => each(data.commitments, 'id'), commitments],
  'commitments?agreement=agreement-story': [({ data }) => each(data, 'id'), commitments],
  'deployments?about=party-story': [({ data }) => each(data, 'strength'), (parts) => [parts.at(-1)]],
  'deployments/story': [({ data }) => data.strength, (parts) => parts.at(-1)],
  'statements?about=party-story': [({ data }) => each(data, 'id'), (parts) => parts.map((at) => `story-${at}`)],
  'statements/story-0': [({ data }) => data.text, () => ({ en: 'Part 0' })],
  'talks?about=party-story': [({ data }) => each(data, 'when'), (parts) => [`203${parts.at(-1)}`]],
  'talks/story': [({ data }) => data.when, (parts) => `203${parts.at(-1)}`],
  'diary?about=talks-story': [({ data }) => each(data, 'when'), (parts) => parts.map((at) => `203${at}`)],
  'positions?on=zone-story': [({ data }) => each(data, 'statement'), (parts) => [`statement-story-${parts.at(-1)}`]],
};

function each(list: Read[], field: string): Read[] {
  return list.map((one) => one[field]);
}

function commitments(parts: number[]): string[] {
  return parts.map((at) => `c${at}`);
}

function part(at: number): Said[] {
  const [occurred, published] = PARTS[at]!;
  const text = { en: `Part ${at}` };
  const told = { occurred, sources: [{ publisher: 'TASS', published }] };
  const id = 'story';
  const created: Said[] = [
    ['zones/report', { id, name: text, ...told }],
    ['zones/name-role story', { party: 'party-story', role: 'monitor', status: 'accepted', ...told }],
    ['agreements/report', { id, title: text, kind: 'other', parties: ['party-story'], ...told }],
    ['deployments/report', { id, party: 'party-story', force: 'police', strength: at, ...told }],
    ['talks/report', { id, title: text, when: '2030', participants: ['party-story'], ...told }],
  ];
  const further: Said[] = [
    ['deployments/adjust story', { strength: at, ...told }],
    ['talks/reschedule story', { when: `203${at}`, ...told }],
  ];
  return [
    ...(at === 0 ? created : further),
    ['zones/report-incident story', { incident: 'clash', text, ...told }],
    ['agreements/commit story', { commitment: `c${at}`, text, ...told }],
    [
      'statements/make',
      {
        id: `story-${at}`,
        speaker: { party: 'party-story' },
        attribution: 'on-record',
        lang: 'en',
        text,
        stances: [{ on: 'zone-story', stance: 'supports' }],
        ...told,
      },
    ],
  ];
}

const REFUSED = [
  ['asOf=', 'asOf moment'],
  ['asOf=now', 'asOf moment'],
  ['asOf=2017-7-6', 'asOf moment'],
  ['asOf=20170706', 'asOf moment'],
  ['asOf=2017-02-30', 'asOf moment'],
  ['asOf=2017-02-29', 'asOf moment'],
  ['asOf=2017-13', 'asOf moment'],
  ['asOf=0000', 'asOf moment'],
  ['asOf=2017-07-06T12:00:00', 'asOf moment'],
  ['asOf=2017-07-06T25:00:00Z', 'asOf moment'],
  ['asOf=2017-02-30T12:00:00Z', 'asOf moment'],
  ['asOf=2017-07-06T12:00:00%2B99:99', 'asOf moment'],
  ['asOf=2017-07-05/2017-07-06', 'asOf moment'],
  ['asOf=2017-07/..', 'asOf moment'],
  ['asOf=2017-07-06?', 'asOf moment'],
  ['asOf=%202017-07-06', 'asOf moment'],
  ['asOf=2017-07-06%0A', 'asOf moment'],
  ['asOf=2017,2018', 'asOf moment'],
  ['asOf=2017&asOf=2018', 'asOf once'],
  ['knownAt=yesterday', 'knownAt moment'],
  ['publishedBy=2017-07-05/2017-07-06', 'publishedBy moment'],
  ['publishedBy=2017&publishedBy=2017', 'publishedBy once'],
  ['atSequence=-1', 'atSequence whole'],
  ['atSequence=1.5', 'atSequence whole'],
  ['atSequence=', 'atSequence whole'],
  ['atSequence=99999999999999999999', 'atSequence whole'],
  ['atSequence=1&knownAt=2017', 'knownAt either'],
  ['asof=2017', 'asof unknown-parameter'],
] as const;

describe.each(Object.entries(READS))('%s', (path, [shows, of]) => {
  const shown = async (view: string) => {
    const { status, json, text } = await reading(path, view);
    if (status !== 200) throw new Error(`${view}: ${text}`);
    return shows(json);
  };

  test('shows all that is recorded', async () => {
    expect(await shown('')).toEqual(of([0, 1, 2]));
  });

  test.each([
    ['asOf=2017-05', [0]],
    ['asOf=2017-05-31', [0]],
    ['asOf=2017-06-01T00:00:00Z', [0, 1]],
    ['asOf=2017-06-01T00:00:00%2B03:00', [0]],
    ['asOf=2017', [0, 1, 2]],
    ['publishedBy=2017-08-30', [0]],
    ['publishedBy=2017-08-31', [0, 2]],
    ['publishedBy=2017-09', [0, 1, 2]],
    ['publishedBy=2017-08&asOf=2017-06', [0]],
    ['publishedBy=2017-09&asOf=2017-06', [0, 1]],
  ])('with %s', async (view, parts) => {
    expect(await shown(view)).toEqual(of(parts));
  });

  test('as the record held it', async () => {
    const [first, second] = heads as [number, number];
    expect(await shown(`atSequence=${first}`)).toEqual(of([0]));
    expect(await shown(`atSequence=${second}`)).toEqual(of([0, 1]));
    expect(await shown(`atSequence=${second}&publishedBy=2017-08`)).toEqual(of([0]));
    expect(await shown(`atSequence=${second}&asOf=2017-05-31`)).toEqual(of([0]));
    const at = async (sequence: number) => (await app.get(`/v1/events?after=${sequence - 1}&limit=1`)).json.data[0].recordedAt;
    expect(await shown(`knownAt=${await at(await head())}`)).toEqual(of([0, 1, 2]));
    expect(await shown(`knownAt=${await at(second)}`)).toEqual(await shown(`atSequence=${await lastOf(await at(second))}`));
  });

  test('has nothing of what had not happened, was not published, or was not recorded', async () => {
    const single = !path.includes('?') || path.startsWith('positions');
    for (const view of ['asOf=2017-04-30', 'publishedBy=2017-05-30', 'atSequence=1', 'atSequence=0', 'knownAt=2000-01-01T00:00:00Z']) {
      if (single) expect(await problem(path, view)).toEqual([404, 'no-such-subject']);
      else expect(await shown(view)).toEqual([]);
    }
  });

  test('tells where it stands', async () => {
    const { json } = await reading(path, `asOf=2017-06&atSequence=${heads[1]!}`);
    expect([json.sequence, json.asOf]).toEqual([heads[1], '2017-06-30T23:59:59.999Z']);
    expect((await reading(path, 'knownAt=2999-01-01T00:00:00Z')).json.sequence).toBe(await head());
  });

  test('refuses what is no instant, no sequence, or given twice', async () => {
    for (const [view, fault] of REFUSED) expect([view, ...(await problem(path, view))]).toEqual([view, 400, 'bad-query', fault]);
  });

  test('refuses 10,000 characters, every fault at once, and what the record does not have yet', async () => {
    for (const text of ['2', '2017-07-06T12:00:00.', 'x'])
      expect(await problem(path, `asOf=${text.repeat(10_000 / text.length)}`)).toEqual([400, 'bad-query', 'asOf moment']);
    const all = ['asOf=x', 'publishedBy=x', 'knownAt=x', 'atSequence=x'].join('&');
    expect(await problem(path, all)).toEqual([400, 'bad-query', 'asOf moment', 'publishedBy moment', 'knownAt moment', 'atSequence whole']);
    expect(await problem(path, `atSequence=${(await head()) + 1}`)).toEqual([400, 'future-position']);
  });
});

/** The last sequence that was recorded in a millisecond. */
async function lastOf(recordedAt: string): Promise<number> {
  const { json } = await app.get('/v1/events?limit=1000');
  return json.data.findLast((event: Read) => event.recordedAt === recordedAt).sequence;
}

test('knownAt has all that was recorded in its millisecond, and nothing of the next', async () => {
  const clashes = Array.from({ length: 60 }, (_, at): Said => [
    'zones/report-incident at-once',
    { incident: 'clash', text: { en: `Clash ${at}` }, occurred: '2017-07' },
  ]);
  const [made, ...told] = await tell(app, ...exist('zone-at-once'), ...clashes);
  const { json } = await app.get(`/v1/events?after=${made!.sequence}&limit=1000&about=zone-at-once`);
  const recorded = each(json.data, 'recordedAt') as string[];
  const instants = [...new Set(recorded)];
  // Had each a millisecond of its own, this would tell nothing.
  expect(instants.length).toBeLessThan(told.length);
  for (const instant of instants) {
    const count = recorded.filter((at) => at <= instant).length;
    const known = (await reading('zones/at-once', `knownAt=${instant}`)).json;
    expect([known.data.incidents.clash, known.sequence]).toEqual([count, made!.sequence + count]);
    const before = new Date(Date.parse(instant) - 1).toISOString();
    const earlier = (await reading('zones/at-once', `knownAt=${before}`)).json;
    expect(earlier.data?.incidents.clash ?? 0).toBe(recorded.filter((at) => at < instant).length);
  }
});

test('a season is no date', async () => {
  for (const name of ['asOf', 'knownAt', 'publishedBy'])
    expect(await problem('zones', `${name}=2017-21`)).toEqual([400, 'bad-query', `${name} moment`]);
});

describe('a party', () => {
  test('is read with its names and roles as of a day', async () => {
    const role = { party: 'party-named', role: 'monitor', status: 'accepted', occurred: '2017-06' };
    const [, , , renamed] = await tell(
      app,
      ...exist('party-named', 'zone-named'),
      ['zones/name-role named', role],
      ['parties/rename named', { name: { en: 'Later' }, occurred: '2017-07' }],
    );
    const at = async (view: string) => {
      const { name, roles } = await state('parties/named', view);
      return [name.en, roles.length];
    };
    expect(await at('')).toEqual(['Later', 1]);
    expect(await at('asOf=2017-06-30')).toEqual(['a text', 1]);
    expect(await at('asOf=2017-05-31')).toEqual(['a text', 0]);
    expect(await at(`atSequence=${renamed!.sequence - 1}`)).toEqual(['a text', 1]);
    expect(await at(`atSequence=${renamed!.sequence - 2}`)).toEqual(['a text', 0]);
  });

  test('is there as published by a day where a source of its own was', async () => {
    const sources = [{ publisher: 'TASS', published: '2017-08' }];
    await tell(app, ...exist('party-published'), ['parties/rename published', { name: { en: 'Later' }, occurred: '2017-07', sources }]);
    expect(await statusOf('parties/published', 'publishedBy=2017-08-30')).toBe(404);
    expect(await state('parties/published', 'publishedBy=2017-08-31')).toMatchObject({ name: { en: 'Later' } });
  });
});

describe('a filter', () => {
  const ids = async (path: string, view: string) => each(await state(path, view), 'id');

  test('is judged at the standpoint', async () => {
    const about = 'about=party-judge';
    const watched = (id: string): Said[] => [
      ['zones/report', { id, name: { en: id }, status: 'in-force', occurred: '2017-05' }],
      [`zones/name-role ${id}`, { party: 'party-judge', role: 'monitor', status: 'accepted', occurred: '2017-05' }],
    ];
    await tell(app, ...exist('party-judge'), ...watched('kept'), ...watched('lost'));
    const before = await head();
    await tell(app, ['zones/suspend lost', { occurred: '2017-07' }]);
    const inForce = `zones?status=in-force&${about}`;
    expect(await ids(inForce, '')).toEqual(['kept']);
    expect(await ids(inForce, 'asOf=2017-06-30')).toEqual(['kept', 'lost']);
    expect(await ids(inForce, 'asOf=2017-07-01')).toEqual(['kept']);
    expect(await ids(inForce, `atSequence=${before}`)).toEqual(['kept', 'lost']);
    expect(await ids(`zones?status=suspended&${about}`, 'asOf=2017-06-30')).toEqual([]);
    const { features } = (await reading(`zones.geojson?status=in-force&${about}`, 'asOf=2017-06-30')).json;
    expect(each(features, 'id')).toEqual(['zone-kept', 'zone-lost']);
  });

  test('of commitments is judged at the standpoint', async () => {
    const commit: Said = ['agreements/commit judged', { commitment: 'maps', text: { en: 'x' }, due: '2017-06', occurred: '2017-05-04' }];
    await tell(app, ...exist('agreement-judged'), commit, ['agreements/fulfil judged', { commitment: 'maps', occurred: '2017-08' }]);
    const at = async (day: string) => {
      const path = 'commitments?agreement=agreement-judged';
      const [{ status }] = await state(path, `asOf=${day}`);
      expect(await ids(`${path}&status=${status}`, `asOf=${day}`)).toEqual(['maps']);
      return status;
    };
    const days = ['2017-05-31', '2017-06-15', '2017-06-30', '2017-07-01', '2017-08-01'];
    expect(await Promise.all(days.map(at))).toEqual(['open', 'maybe-overdue', 'maybe-overdue', 'overdue', 'late']);
  });

  test('by what events are about knows no event that had not happened, or was not recorded', async () => {
    await tell(app, ...exist('zone-later', 'party-later'));
    const role = { party: 'party-later', role: 'monitor', status: 'accepted' };
    const [named] = await tell(app, ['zones/name-role later', { ...role, occurred: '2017-07' }]);
    const path = 'zones?about=party-later';
    expect(await ids(path, 'asOf=2017-06-30')).toEqual([]);
    expect(await ids(path, 'asOf=2017-07-01')).toEqual(['later']);
    expect(await ids(path, `atSequence=${named!.sequence - 1}`)).toEqual([]);
    expect(await ids(path, `atSequence=${named!.sequence}`)).toEqual(['later']);
  });

  test('by what events are about knows a fact by its right date', async () => {
    await tell(app, ...exist('zone-dated', 'party-dated'));
    const role = { party: 'party-dated', role: 'monitor', status: 'accepted' };
    await tell(app, ['zones/name-role dated', { ...role, occurred: '2017-07' }], correct('zone-dated@1', { occurred: '2017-06' }));
    const path = 'zones?about=party-dated';
    expect([await ids(path, 'asOf=2017-05-31'), await ids(path, 'asOf=2017-06-30')]).toEqual([[], ['dated']]);
    await tell(app, correct('zone-dated@1', { occurred: '2017-09' }));
    expect([await ids(path, 'asOf=2017-08-31'), await ids(path, 'asOf=2017-09-30')]).toEqual([[], ['dated']]);
  });
});

describe('a state as of a day', () => {
  test('tells the places in the record, whatever the day, and the word that its fields stand on then', async () => {
    const [made, , suspended] = await tell(
      app,
      ...exist('zone-places'),
      ['zones/agree places', { occurred: '2017-06' }],
      ['zones/suspend places', { occurred: '2017-07' }],
    );
    const { data, sequence } = (await reading('zones/places', 'asOf=2017-05-31')).json;
    expect(data).toMatchObject({
      revision: 2,
      sequence: suspended!.sequence,
      status: 'proposed',
      because: { status: { event: made!.eventId } },
    });
    expect(sequence).toBe(suspended!.sequence);
    const held = (await app.get(`/v1/zones/places?atSequence=${made!.sequence}`)).json;
    expect([held.data.revision, held.data.sequence, held.sequence]).toEqual([0, made!.sequence, made!.sequence]);
  });

  test('names the fields whose facts may have happened only after it', async () => {
    await tell(
      app,
      ...exist('zone-straddled'),
      ['zones/suspend straddled', { occurred: '2017-07' }],
      ['zones/report-incident straddled', { incident: 'clash', text: { en: 'x' }, occurred: '2017-07-10/2017-08-10' }],
    );
    const uncertain = async (asOf: string) => (await state('zones/straddled', `asOf=${asOf}`)).uncertain;
    const days = ['2017-06-30', '2017-07-01', '2017-07-10', '2017-07-31', '2017-08-09', '2017-08-10'];
    const straddling = [[], ['status'], ['status', 'incidents'], ['incidents'], ['incidents'], []];
    for (const [at, day] of days.entries()) expect([day, await uncertain(day)]).toEqual([day, straddling[at]]);
    expect((await state('zones/straddled')).uncertain).toEqual([]);
    const [{ uncertain: listed }] = await state('zones?about=zone-straddled', 'asOf=2017-07-01');
    expect(listed).toEqual(['status']);
  });

  test('has a fact on its right day, and without what was not recorded then', async () => {
    const [suspended] = (await tell(app, ...exist('zone-right'), ['zones/suspend right', { occurred: '2017-07' }])).slice(1);
    await tell(app, correct('zone-right@1', { occurred: '2017-06' }));
    const at = `atSequence=${suspended!.sequence}`;
    const status = async (view: string) => (await state('zones/right', view)).status;
    expect(await Promise.all(['', `&${at}`].map((held) => status(`asOf=2017-06-30${held}`)))).toEqual(['suspended', 'proposed']);
    await tell(app, retract('zone-right@1'));
    expect([await status('asOf=2017-07'), await status(`asOf=2017-07&${at}`)]).toEqual(['proposed', 'suspended']);
  });

  test('is there while its creation is retracted', async () => {
    await tell(app, ...exist('zone-retracted'), dispute('zone-retracted@0', undefined), retract('zone-retracted@0'));
    expect(await state('zones/retracted', 'asOf=2017-05-04')).toMatchObject({ retracted: true, revision: 2 });
    expect(await statusOf('zones/retracted', 'asOf=2017-05-03')).toBe(404);
  });
});

describe('pages', () => {
  const path = 'zones?about=party-pages';
  const there = ['b', 'd', 'f', 'h'].map((id) => `${id}-page`);
  let round = 0;
  const watched = (id: string): Said[] => [
    ['zones/report', { id, name: { en: id }, occurred: '2017-05', sources: [{ publisher: 'TASS', published: '2017-05' }] }],
    [`zones/name-role ${id}`, { party: 'party-pages', role: 'monitor', status: 'accepted', occurred: '2017-05' }],
  ];
  /** New zones before, among and behind those that are there, and a change of each. */
  async function disturb() {
    round++;
    const incident = { incident: 'clash', text: { en: `Round ${round}` }, occurred: '2017-05-20' };
    const changes = there.map((id): Said => [`zones/report-incident ${id}`, incident]);
    await tell(app, ...['a', 'e', 'z'].flatMap((id) => watched(`${id}-page-${round}`)), ...changes);
  }
  async function paged(view: string) {
    const data: Read[] = [];
    const stood = new Set<string>();
    for (let after: string | undefined = ''; after !== undefined; await disturb()) {
      const { json } = await reading(path, `limit=3${view}${after && `&after=${encodeURIComponent(after)}`}`);
      data.push(...json.data);
      stood.add(`${json.sequence} ${json.asOf}`);
      after = json.next;
    }
    return { data, stood: [...stood] };
  }
  beforeAll(() => tell(app, ...exist('party-pages'), ...there.flatMap(watched)));

  test.each(['', '&asOf=2017-06', '&publishedBy=2017-06', '&knownAt=2999-01-01', 'atSequence'])(
    'with %p stand where the first one stood',
    async (view) => {
      const from = view === 'atSequence' ? `&atSequence=${await head()}` : view;
      const { json } = await reading(path, `limit=1000${from}`);
      expect(json.data.length).toBeGreaterThan(3);
      expect(await paged(from)).toEqual({ data: json.data, stood: [`${json.sequence} ${json.asOf}`] });
    },
  );

  test('are refused where the record has not come so far', async () => {
    expect(await problem(path, `after=zone-a~${(await head()) + 1}`)).toEqual([400, 'future-position']);
  });
});

test('a list filtered by what it is about goes by a correction only where that had been published', async () => {
  const published = (date: string) => [{ publisher: 'AFP', published: date }];
  const body = { id: 'moved-later', name: { en: 'a' }, occurred: '2017-05-01', sources: published('2017-05') };
  const { eventId } = (await app.post('/v1/zones', body)).json;
  const correction = { changes: { occurred: '2017-07-05' }, reason: { en: 'It was in July.' }, sources: published('2017-07') };
  expect((await app.post(`/v1/events/${eventId}/correct`, correction)).status).toBe(201);
  const listed = async (view: string) => (await app.get(`/v1/zones?about=zone-moved-later&asOf=2017-05-04${view}`)).json.data.length;
  expect([await listed('&publishedBy=2017-06-15'), await listed('')]).toEqual([1, 0]);
});

test('a page that was pinned elsewhere is refused by the name of the parameter', async () => {
  const { next } = (await app.get('/v1/zones?limit=1')).json;
  const { status, json } = await app.get(`/v1/zones?limit=1&atSequence=1&after=${next}`);
  expect([status, json.code, json.errors]).toEqual([400, 'bad-query', [{ field: 'after', rule: 'cursor', message: expect.any(String) }]]);
});
