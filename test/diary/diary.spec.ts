import { correct, dispute, retract } from '../amendments/amending.js';
import { exist, type Said } from '../support/desk.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';
import { tell } from '../support/telling.js';

type Fields = Record<string, any>; // eslint-disable-line typescript/no-explicit-any -- states are read field by field

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await tell(app, ...exist('party-russia', 'party-iran', 'zone-idlib', 'zone-south', 'statement-said'));
});
afterAll(() => stopApp(app));

/** Every story below is about a party of its own: what the diary has of it, in order, as of a day. */
const read = (query: string) => app.get(`/v1/diary?${query}`);
const entries = async (query: string): Promise<Fields[]> => {
  const { status, json, text } = await read(query);
  if (status !== 200) throw new Error(text);
  return json.data;
};
const dates = async (query: string) =>
  (await entries(query)).map(({ what, when, status, movedTo }) => [what, when, status, movedTo].filter(Boolean).join(' '));
/** What became of the one date of a subject, as of each day. */
const statuses = async (about: string, ...days: string[]) =>
  Promise.all(days.map(async (day) => (await entries(`about=${about}&asOf=${day}`)).map(({ status }) => status).join()));

const title = { en: 'Talks' };
const talks = (id: string, when: string, more: Fields = {}): Said => ['talks/report', { id, title, when, occurred: '2017-06-01', ...more }];
const agreement = (id: string, more: Fields = {}): Said => [
  'agreements/report',
  { id, title: { en: 'Memorandum' }, kind: 'memorandum', occurred: '2017-05-04', ...more },
];
const commit = (id: string, due: string, more: Fields = {}): Said => [
  `agreements/commit ${id}`,
  { commitment: 'maps', text: { en: 'Draw the maps' }, due, occurred: '2017-05-04', ...more },
];
const deployment = (id: string, when: string, more: Fields = {}): Said => [
  'deployments/report',
  { id, party: 'party-russia', force: 'police', when, occurred: '2017-06-01', ...more },
];

describe('an announced date', () => {
  test('of talks, with who announced it', async () => {
    const told = { accordingTo: ['statement-said'], confidence: 'medium', sources: [{ publisher: 'AFP' }] };
    const [made] = await tell(app, talks('whole', '2017-07-04/2017-07-05', told));
    const { json } = await read('about=talks-whole&asOf=2017-06-30');
    const entry = { subject: 'talks-whole', what: 'talks', when: '2017-07-04/2017-07-05', status: 'coming', title };
    expect(json).toEqual({
      epoch: expect.any(String),
      sequence: made!.sequence,
      asOf: '2017-06-30T23:59:59.999Z',
      data: [{ ...entry, event: made!.eventId, ...told }],
    });
  });

  test('on which something is due, with what it is', async () => {
    const [, made] = await tell(app, agreement('whole'), commit('whole', '2017-06-04'));
    expect(await entries('about=agreement-whole&asOf=2017-06-01')).toEqual([
      {
        subject: 'agreement-whole',
        what: 'due',
        when: '2017-06-04',
        status: 'coming',
        title: { en: 'Draw the maps' },
        commitment: 'maps',
        event: made!.eventId,
        sources: [{ publisher: 'TASS' }],
      },
    ]);
  });

  test('until which an agreement is to hold', async () => {
    await tell(app, agreement('held', { until: '2017-11-04' }));
    expect(await entries('about=agreement-held&asOf=2017-06-01')).toMatchObject([
      { subject: 'agreement-held', what: 'until', when: '2017-11-04', status: 'coming', title: { en: 'Memorandum' } },
    ]);
  });

  test('on which a deployment is to start', async () => {
    await tell(app, deployment('whole', '2017-07-24', { task: { en: 'Checkpoints' } }));
    expect(await entries('about=deployment-whole&asOf=2017-06-01')).toMatchObject([
      { subject: 'deployment-whole', what: 'start', when: '2017-07-24', status: 'coming', title: { en: 'Checkpoints' } },
    ]);
  });

  test('is none where nobody has announced one', async () => {
    const { commitment, text, occurred } = commit('silent', '')[1];
    const silent = exist('agreement-silent', 'deployment-silent');
    await tell(app, ...silent, ['agreements/commit silent', { commitment, text, occurred } as Fields]);
    expect(await entries('about=agreement-silent,deployment-silent')).toEqual([]);
  });
});

describe('talks', () => {
  const when = '2017-07-04/2017-07-05';

  test('of which nothing more is heard are coming until their last day is over, and then unconfirmed', async () => {
    await tell(app, talks('silent', when));
    const days = ['2017-05-31', '2017-06-01', '2017-07-04', '2017-07-05', '2017-07-06T00:00:00Z', '2018'];
    expect(await statuses('talks-silent', ...days)).toEqual(['', 'coming', 'coming', 'coming', 'unconfirmed', 'unconfirmed']);
  });

  test.each<[string, string, Fields]>([
    ['open', 'open', {}],
    ['conclude', 'conclude', { outcome: 'failed' }],
  ])('that %s on one of their days are met', async (id, verb, more) => {
    await tell(app, talks(id, when), [`talks/${verb} ${id}`, { occurred: '2017-07-05', ...more }]);
    expect(await statuses(`talks-${id}`, '2017-07-04', '2017-07-05', '2018')).toEqual(['coming', 'met', 'met']);
  });

  test.each(['open', 'concluded'])('that are first heard of as %s are met', async (status) => {
    await tell(app, talks(`heard-${status}`, when, { status, occurred: '2017-07-05' }));
    expect(await statuses(`talks-heard-${status}`, '2017-07-05')).toEqual(['met']);
  });

  test.each<[string, string, Fields]>([
    ['cancelled', 'cancel', {}],
    ['postponed', 'conclude', { outcome: 'postponed' }],
  ])('that are %s are missed from then on', async (id, verb, more) => {
    await tell(app, talks(id, when), [`talks/${verb} ${id}`, { occurred: '2017-07-02', ...more }]);
    expect(await statuses(`talks-${id}`, '2017-07-01', '2017-07-02', '2018')).toEqual(['coming', 'missed', 'missed']);
  });

  test('that open on another day are missed', async () => {
    await tell(app, talks('another-day', when), ['talks/open another-day', { occurred: '2017-07-10' }]);
    expect(await statuses('talks-another-day', '2017-07-09', '2017-07-10')).toEqual(['unconfirmed', 'missed']);
  });

  test('that may have opened on one of their days are met', async () => {
    await tell(app, talks('vague', when), ['talks/open vague', { occurred: '2017-07' }]);
    expect(await statuses('talks-vague', '2018')).toEqual(['met']);
  });

  test('whose date is disputed are that until the dispute is settled', async () => {
    const id = 'disputed';
    await tell(app, talks(id, when), ['talks/open disputed', { occurred: '2017-07-04' }]);
    const at = async () => (await statuses(`talks-${id}`, '2018'))[0];
    const heard = [await at()];
    for (const said of [
      dispute(`talks-${id}@0`, { place: { en: 'Sochi' } }),
      dispute(`talks-${id}@0`, { when: '2017-07-11' }),
      retract(`talks-${id}@3`),
      dispute(`talks-${id}@0`, undefined),
      retract(`talks-${id}@5`),
      dispute(`talks-${id}@0`, { when: '2017-07-12' }),
      correct(`talks-${id}@0`, { when: '2017-07-04' }),
    ]) {
      await tell(app, said);
      heard.push(await at());
    }
    expect(heard).toEqual(['met', 'met', 'disputed', 'met', 'disputed', 'met', 'disputed', 'met']);
  });
});

describe('a date that is moved', () => {
  const reschedule = (id: string, when: string, occurred: string): Said => [`talks/reschedule ${id}`, { when, occurred }];

  test('is missed, and names the one that came in its place', async () => {
    const moved = [reschedule('moved', '2017-08', '2017-07-01'), reschedule('moved', '2017-09', '2017-07-20')];
    await tell(app, talks('moved', '2017-07-04'), ...moved);
    const at = (day: string) => dates(`about=talks-moved&asOf=${day}`);
    expect(await at('2017-06-30')).toEqual(['talks 2017-07-04 coming']);
    expect(await at('2017-07-01')).toEqual(['talks 2017-07-04 missed 2017-08', 'talks 2017-08 coming']);
    expect(await at('2017-07-20')).toEqual(['talks 2017-07-04 missed 2017-08', 'talks 2017-08 missed 2017-09', 'talks 2017-09 coming']);
  });

  test('is moved in the order of time, not of arrival', async () => {
    const late = [reschedule('late', '2017-09', '2017-07-20'), reschedule('late', '2017-08', '2017-07-01')];
    await tell(app, talks('late', '2017-07-04'), ...late);
    expect(await dates('about=talks-late&asOf=2017-07-21')).toEqual([
      'talks 2017-07-04 missed 2017-08',
      'talks 2017-08 missed 2017-09',
      'talks 2017-09 coming',
    ]);
  });

  test('is one date where it is announced again', async () => {
    await tell(app, talks('again', '2017-07-04'), reschedule('again', '2017-07-04', '2017-06-20'));
    expect(await dates('about=talks-again&asOf=2017-06-30')).toEqual(['talks 2017-07-04 coming']);
  });

  test('is coming though the talks were called off before it was set', async () => {
    const off: Said[] = [
      ['talks/conclude postponed-anew', { outcome: 'postponed', occurred: '2017-07-02' }],
      ['talks/cancel cancelled-anew', { occurred: '2017-07-02' }],
    ];
    for (const said of off) {
      const id = said[0].split(' ')[1]!;
      await tell(app, talks(id, '2017-07-04'), said, reschedule(id, '2017-08-04', '2017-07-03'));
      expect(await dates(`about=talks-${id}&asOf=2017-07-10`)).toEqual(['talks 2017-07-04 missed 2017-08-04', 'talks 2017-08-04 coming']);
      expect((await dates(`about=talks-${id}&asOf=2017-08-05`))[1]).toBe('talks 2017-08-04 unconfirmed');
    }
  });

  test('is coming though the talks were opened on the one before it', async () => {
    const adjourned = reschedule('adjourned', '2017-07-10', '2017-07-05');
    await tell(app, talks('adjourned', '2017-07-04'), ['talks/open adjourned', { occurred: '2017-07-04' }], adjourned);
    expect(await dates('about=talks-adjourned&asOf=2017-07-06')).toEqual(['talks 2017-07-04 met 2017-07-10', 'talks 2017-07-10 coming']);
  });

  test('of an agreement’s end, which was extended', async () => {
    await tell(app, agreement('extended', { until: '2017-11' }), [
      'agreements/extend extended',
      { until: '2018-05', occurred: '2017-10-01' },
    ]);
    const at = (day: string) => dates(`about=agreement-extended&asOf=${day}`);
    expect(await at('2017-09-30')).toEqual(['until 2017-11 coming']);
    expect(await at('2017-10-01')).toEqual(['until 2017-11 missed 2018-05', 'until 2018-05 coming']);
    expect(await at('2018-06-01')).toEqual(['until 2017-11 missed 2018-05', 'until 2018-05 unconfirmed']);
  });

  test('of a commitment that is due anew', async () => {
    await tell(app, agreement('anew'), commit('anew', '2017-06-04'), commit('anew', '2017-09-04', { occurred: '2017-06-02' }));
    expect(await dates('about=agreement-anew&asOf=2017-08-01')).toEqual(['due 2017-06-04 missed 2017-09-04', 'due 2017-09-04 coming']);
    await tell(app, ['agreements/fulfil anew', { commitment: 'maps', occurred: '2017-08-20' }]);
    expect(await dates('about=agreement-anew&asOf=2017-08-21')).toEqual(['due 2017-06-04 missed 2017-09-04', 'due 2017-09-04 met']);
  });
});

describe('a deadline', () => {
  const outcome = (id: string, verb: string, occurred: string): Said => [`agreements/${verb} ${id}`, { commitment: 'maps', occurred }];

  test.each([
    ['early', 'fulfil', '2017-05-20', ['met', 'met', 'met']],
    ['in-time', 'fulfil', '2017-06-04', ['coming', 'met', 'met']],
    ['maybe-late', 'fulfil', '2017-06', ['coming', 'met', 'met']],
    ['late', 'fulfil', '2017-06-05', ['coming', 'coming', 'missed']],
    ['breach', 'breach', '2017-05-20', ['missed', 'missed', 'missed']],
  ])('%s: %s on %s', async (id, verb, occurred, expected) => {
    await tell(app, agreement(`deadline-${id}`), commit(`deadline-${id}`, '2017-06-04'), outcome(`deadline-${id}`, verb, occurred));
    expect(await statuses(`agreement-deadline-${id}`, '2017-05-20', '2017-06-04', '2017-06-05')).toEqual(expected);
  });

  test('of which nothing is heard is missed when it is over', async () => {
    await tell(app, agreement('deadline'), commit('deadline', '2017-06'));
    const days = ['2017-06-30T23:59:59.999Z', '2017-07-01T00:00:00Z'];
    expect(await statuses('agreement-deadline', ...days)).toEqual(['coming', 'missed']);
  });

  test('is its commitment’s own', async () => {
    const second = commit('two', '2017-06-20', { commitment: 'posts', text: { en: 'Set up the posts' } });
    await tell(app, agreement('two'), commit('two', '2017-06-04'), second, outcome('two', 'fulfil', '2017-06-04'));
    const found = (await entries('about=agreement-two&asOf=2017-06-10')).map(({ commitment, status }) => [commitment, status]);
    expect(found).toEqual([
      ['maps', 'met'],
      ['posts', 'coming'],
    ]);
  });
});

test.each([
  ['in its last month', '2017-11-20', ['coming', 'met']],
  ['before', '2017-09', ['missed', 'missed']],
])('an agreement that ends %s', async (when, occurred, expected) => {
  const id = `ends-${when.replaceAll(' ', '-')}`;
  await tell(app, agreement(id, { until: '2017-11' }), [`agreements/end ${id}`, { occurred }]);
  expect(await statuses(`agreement-${id}`, '2017-10', '2018')).toEqual(expected);
});

test.each<[string, Said[], string[]]>([
  ['silent', [], ['coming', 'unconfirmed']],
  ['started', [['deployments/start start-started', { occurred: '2017-07-24' }]], ['coming', 'met']],
  ['late', [['deployments/start start-late', { occurred: '2017-08-02' }]], ['coming', 'missed']],
  ['withdrawn', [['deployments/withdraw start-withdrawn', { occurred: '2017-07-01' }]], ['missed', 'missed']],
])('a deployment’s start: %s', async (id, said, expected) => {
  await tell(app, deployment(`start-${id}`, '2017-07-24'), ...said);
  expect(await statuses(`deployment-start-${id}`, '2017-07-10', '2018')).toEqual(expected);
});

test('a deployment that started and was withdrawn later met its date', async () => {
  const more = ['start', 'withdraw'].map((verb, at): Said => [`deployments/${verb} was-there`, { occurred: `2017-0${7 + at}-24` }]);
  await tell(app, deployment('was-there', '2017-07-24'), ...more);
  expect(await statuses('deployment-was-there', '2018')).toEqual(['met']);
});

describe('what amends the announcement', () => {
  test('gives it the date that was meant, which is no move', async () => {
    await tell(app, talks('misread', '2017-07-14'), correct('talks-misread@0', { when: '2017-07-04' }));
    expect(await dates('about=talks-misread&asOf=2017-06-30')).toEqual(['talks 2017-07-04 coming']);
    await tell(app, retract('talks-misread@1'));
    expect(await dates('about=talks-misread&asOf=2017-06-30')).toEqual(['talks 2017-07-14 coming']);
  });

  test('takes it away', async () => {
    await tell(app, agreement('no-date'), commit('no-date', '2017-06-04'), correct('agreement-no-date@1', { due: null }));
    expect(await dates('about=agreement-no-date')).toEqual([]);
  });

  test('takes it back: the date before it stands again', async () => {
    await tell(app, talks('back', '2017-07-04'), ['talks/reschedule back', { when: '2017-08', occurred: '2017-07-01' }]);
    await tell(app, retract('talks-back@1'));
    expect(await dates('about=talks-back&asOf=2017-07-02')).toEqual(['talks 2017-07-04 coming']);
  });

  test('moves what happened to the day of the date', async () => {
    await tell(app, talks('held', '2017-07-04'), ['talks/open held', { occurred: '2017-07-10' }]);
    await tell(app, correct('talks-held@1', { occurred: '2017-07-04' }));
    expect(await statuses('talks-held', '2018')).toEqual(['met']);
    await tell(app, retract('talks-held@1'));
    expect(await statuses('talks-held', '2018')).toEqual(['unconfirmed']);
  });

  test('is not known before it was recorded', async () => {
    const [made] = await tell(app, talks('known', '2017-07-14'), correct('talks-known@0', { when: '2017-07-04' }));
    expect(await dates(`about=talks-known&asOf=2017-06-30&atSequence=${made!.sequence}`)).toEqual(['talks 2017-07-14 coming']);
    expect(await dates(`about=talks-known&asOf=2017-06-30&atSequence=${made!.sequence - 1}`)).toEqual([]);
  });
});

test('an announcement counts when one of its sources was published', async () => {
  const published = (day: string) => ({ sources: [{ publisher: 'AFP', published: day }] });
  const moved: Said = ['talks/reschedule published', { when: '2017-08', occurred: '2017-07-01', ...published('2017-07-03') }];
  await tell(app, talks('published', '2017-07-04', published('2017-06-02')), moved);
  const at = (day: string) => dates(`about=talks-published&asOf=2017-07-01&publishedBy=${day}`);
  expect(await at('2017-06-01')).toEqual([]);
  expect(await at('2017-07-02')).toEqual(['talks 2017-07-04 coming']);
  expect(await at('2017-07-03')).toEqual(['talks 2017-07-04 missed 2017-08', 'talks 2017-08 coming']);
});

describe('the diary', () => {
  const about = 'about=party-listed';
  const range = async (query: string) => (await entries(`${about}&${query}`)).map(({ subject, when }) => `${subject} ${when}`);
  const all = [
    'talks-listed-open ../2030-02',
    'talks-listed-b 2030-01',
    'agreement-listed 2030-01-10',
    'talks-listed-a 2030-01-10',
    'talks-listed-hour 2030-01-10T12:00:00+03:00',
    'talks-listed-ever 2030-01-20/..',
    'talks-listed-c 2030-03',
  ];
  beforeAll(async () => {
    const participants = ['party-listed'];
    const listed = all.map((line) => line.split(' ')).filter(([subject]) => subject!.startsWith('talks'));
    const held = listed.map(([subject, when]) => talks(subject!.replace('talks-', ''), when!, { participants }));
    await tell(app, ...exist('party-listed'), ...held.toReversed(), agreement('listed', { parties: participants, until: '2030-01-10' }));
  });

  test('is in the order of the first day on which it may be, then the last, then the subject', async () => {
    expect(await range('')).toEqual(all);
  });

  test.each([
    ['from=2030-02', [0, 5, 6]],
    ['to=2030-01-09', [0, 1]],
    ['from=2030-01-10&to=2030-01-10', [0, 1, 2, 3, 4]],
    ['from=2030-01-10T09:00:01Z&to=2030-01-10T09:00:02Z', [0, 1, 2, 3]],
    ['from=2030-01-10T12:00:00%2B03:00&to=2030-01-10T09:00:00Z', [0, 1, 2, 3, 4]],
    ['from=2030-01-31&to=2030-02', [0, 1, 5]],
    ['from=2031', [5]],
    ['to=1900', [0]],
    ['from=2030-02&to=2030-01-09', [0]],
  ])('of %s has what may be in it', async (query, expected) => {
    expect(await range(query)).toEqual(expected.map((at) => all[at]));
  });

  test('is of those subjects that are about one of the named', async () => {
    await tell(app, talks('on-idlib', '2030', { on: ['zone-idlib'] }), talks('on-south', '2030', { on: ['zone-south'] }));
    const subjects = async (names: string) => (await entries(`about=${names}`)).map(({ subject }) => subject);
    expect(await subjects('zone-idlib')).toEqual(['talks-on-idlib']);
    expect(await subjects('zone-idlib,zone-south')).toEqual(['talks-on-idlib', 'talks-on-south']);
    expect(await subjects('zone-idlib&about=zone-south')).toEqual(['talks-on-idlib', 'talks-on-south']);
    expect(await subjects('zone-nowhere')).toEqual([]);
  });

  test('is judged by the clock where no instant is given, and says which', async () => {
    await tell(
      app,
      talks('yesterday', '2020-01-01', { participants: ['party-iran'] }),
      talks('tomorrow', '2999', { participants: ['party-iran'] }),
    );
    const before = Date.now();
    const { json } = await read('about=party-iran');
    expect(json.data.map(({ status }: Fields) => status)).toEqual(['unconfirmed', 'coming']);
    expect(Date.parse(json.asOf)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(json.asOf)).toBeLessThanOrEqual(Date.now());
  });

  test('is read page by page where the first page stood', async () => {
    const { sequence } = (await read(about)).json;
    const paged: Fields[] = [];
    for (let after: string | undefined = ''; after !== undefined;) {
      const { json } = await read(`${about}&limit=3${after && `&after=${encodeURIComponent(after)}`}`);
      expect(json.sequence).toBe(sequence);
      paged.push(...json.data);
      after = json.next;
      await tell(app, talks(`listed-new-${paged.length}`, '2030-01-15', { participants: ['party-listed'] }));
    }
    expect(paged.map(({ subject, when }) => `${subject} ${when}`)).toEqual(all);
  });

  test.each([
    ['from=yesterday', 'from edtf'],
    ['to=2017-02-30', 'to edtf'],
    ['from=2017&from=2018', 'from once'],
    ['from=', 'from edtf'],
    ['about=idlib', 'about reference'],
    ['about=', 'about reference'],
    ['status=coming', 'status unknown-parameter'],
    ['limit=0', 'limit whole'],
    ['after=1', 'after cursor'],
  ])('refuses %s', async (query, fault) => {
    const { json } = await read(query);
    expect([json.status, json.code, ...json.errors.map(({ field, rule }: Fields) => `${field} ${rule}`)]).toEqual([
      400,
      'bad-query',
      fault,
    ]);
  });
});
