import { correct, corroborate, retract } from '../amendments/amending.js';
import { exist, type Said } from '../support/desk.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';
import { tell } from '../support/telling.js';

type Fields = Record<string, any>; // eslint-disable-line typescript/no-explicit-any -- states are read field by field

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await tell(app, ...exist('party-russia', 'party-iran', 'party-turkey'));
});
afterAll(() => stopApp(app));

/** A statement with one stance of Russia's, or of whomever it says. */
const says = (id: string, occurred: string, on: string, stance: string, more: Fields = {}): Said => [
  'statements/make',
  {
    id,
    speaker: {},
    onBehalfOf: 'party-russia',
    attribution: 'on-record',
    lang: 'en',
    text: { en: id },
    stances: [{ on, stance }],
    occurred,
    ...more,
  },
];
const of = (party: string) => ({ onBehalfOf: `party-${party}` });

type Position = Fields & { before: Fields[]; contradictions: Fields[] };
const read = (on: string, view = '') => app.get(`/v1/positions?on=${on}${view}`);
const positionsOn = async (on: string, view = ''): Promise<Position[]> => {
  const { status, json, text } = await read(on, view);
  if (status !== 200) throw new Error(text);
  return json.data;
};
const named = ({ statement }: Fields) => statement.replace('statement-', '');
/** Who stands where: the party, its stance, and the statements that it stands on, the newest first. */
const stands = async (on: string, view = '') =>
  (await positionsOn(on, view)).map(({ party, stance, before, ...newest }) => [party, stance, ...[newest, ...before].map(named)]);
/** Of each party, what contradicts it: whose it is, the stance and the statement. */
const contradictions = async (on: string, view = '') =>
  Object.fromEntries(
    (await positionsOn(on, view)).map(({ party, contradictions: found }) => [
      party,
      found.map((other) => [other['party'], other['stance'], named(other)]),
    ]),
  );
const problem = async (query: string) => {
  const { json } = await app.get(`/v1/positions${query}`);
  return [json.status, json.code, ...(json.errors ?? []).map(({ field, rule }: Fields) => `${field} ${rule}`)];
};

describe('a position', () => {
  test('is told with its statement, how that was said, and on whose word', async () => {
    const sources = [{ publisher: 'TASS', published: '2017-07-06' }];
    const stances = [{ on: 'zone-told', stance: 'supports', note: { en: 'On terms' } }];
    const said = { attribution: 'document', confidence: 'high', sources, stances };
    const [, made] = await tell(app, ...exist('zone-told'), says('told', '2017-07-05', '', '', said));
    const { json } = await read('zone-told');
    expect(json).toEqual({
      epoch: expect.any(String),
      sequence: expect.any(Number),
      data: [
        {
          party: 'party-russia',
          on: 'zone-told',
          stance: 'supports',
          note: { en: 'On terms' },
          statement: 'statement-told',
          event: made!.eventId,
          occurred: '2017-07-05',
          attribution: 'document',
          sources,
          confidence: 'high',
          before: [],
          contradictions: [],
        },
      ],
    });
  });

  test('is the newest that was said, whenever it was recorded, with what was said before it', async () => {
    const on = 'zone-newest';
    const told = ['2017-06', '2017-08', '2017-05', '2017-07'].map((month) => says(`newest-${month}`, month, on, 'opposes'));
    await tell(app, ...exist(on), ...told);
    expect(await stands(on)).toEqual([['party-russia', 'opposes', 'newest-2017-08', 'newest-2017-07', 'newest-2017-06', 'newest-2017-05']]);
  });

  test('is the last recorded where the dates leave the order open', async () => {
    const on = 'zone-open';
    await tell(app, ...exist(on), says('open-day', '2017-07-05', on, 'supports'), says('open-month', '2017-07', on, 'opposes'));
    expect(await stands(on)).toEqual([['party-russia', 'opposes', 'open-month', 'open-day']]);
  });

  test('is its own on each subject and each event', async () => {
    const stances = [
      { on: 'zone-many', stance: 'supports' },
      { on: 'zone-other', stance: 'opposes' },
      { on: 'zone-many@0', stance: 'denies' },
    ];
    await tell(app, ...exist('zone-many', 'zone-other'), says('many', '2017-07', '', '', { stances }));
    expect(await stands('zone-many')).toEqual([['party-russia', 'supports', 'many']]);
    expect(await stands('zone-other')).toEqual([['party-russia', 'opposes', 'many']]);
    expect(await stands('zone-many@0')).toEqual([['party-russia', 'denies', 'many']]);
  });

  test('can be on a subject of any kind', async () => {
    const subjects = ['party-any', 'zone-any', 'agreement-any', 'deployment-any', 'statement-any', 'talks-any'];
    const stances = subjects.map((on) => ({ on, stance: 'supports' }));
    await tell(app, ...exist(...subjects), says('on-any', '2017-07', '', '', { stances }));
    for (const on of subjects) expect(await stands(on)).toEqual([['party-russia', 'supports', 'on-any']]);
  });
});

describe('whose a position is', () => {
  const speaker = { party: 'party-iran' };
  const ofTurkey = (on: string) => ({ stances: [{ on, stance: 'opposes', party: 'party-turkey' }] });

  test('the stance says, or else on whose behalf the statement was made, or else who made it', async () => {
    const on = 'zone-whose';
    const { onBehalfOf: _, ...own } = says('whose-speaker', '2017-07', on, 'supports', { speaker })[1];
    const all = says('whose-stance', '2017-07', on, '', { speaker, ...ofTurkey(on) });
    const behalf = says('whose-behalf', '2017-07', on, 'denies', { speaker });
    await tell(app, ...exist(on), ['statements/make', own], behalf, all);
    expect(await stands(on)).toEqual([
      ['party-iran', 'supports', 'whose-speaker'],
      ['party-russia', 'denies', 'whose-behalf'],
      ['party-turkey', 'opposes', 'whose-stance'],
    ]);
  });

  test('is left open where the statement leaves it open: two such are never taken for one party’s', async () => {
    const on = 'zone-nobody';
    const anonymous = (id: string, occurred: string, stance: string): Said => {
      const { onBehalfOf: _, ...body } = says(id, occurred, on, stance, { attribution: 'anonymous' })[1];
      return ['statements/make', body];
    };
    await tell(app, ...exist(on), anonymous('nobody-b', '2017-07', 'supports'), anonymous('nobody-a', '2017-07', 'opposes'));
    expect(await positionsOn(on)).toMatchObject([
      { statement: 'statement-nobody-a', stance: 'opposes', before: [], contradictions: [] },
      { statement: 'statement-nobody-b', stance: 'supports', before: [], contradictions: [] },
    ]);
    for (const position of await positionsOn(on)) expect(position).not.toHaveProperty('party');
  });
});

describe('a contradiction', () => {
  test('is another stance of the party’s own that may be as new', async () => {
    const on = 'zone-own';
    await tell(
      app,
      ...exist(on),
      says('own-before', '2017-06-30', on, 'denies'),
      says('own-same', '2017-07-02', on, 'supports'),
      says('own-other', '2017-07-03', on, 'opposes'),
      says('own-newest', '2017-07', on, 'supports'),
    );
    expect(await stands(on)).toEqual([['party-russia', 'supports', 'own-newest', 'own-other', 'own-same', 'own-before']]);
    expect(await contradictions(on)).toEqual({ 'party-russia': [['party-russia', 'opposes', 'own-other']] });
  });

  test('is another stance in the same statement', async () => {
    const stances = ['supports', 'denies', 'opposes'].map((stance) => ({ on: 'zone-both', stance }));
    await tell(app, ...exist('zone-both'), says('both', '2017-07', '', '', { stances }));
    const [{ stance, before, contradictions: found }] = (await positionsOn('zone-both')) as [Position];
    expect([stance, ...before.map((earlier) => earlier['stance'])]).toEqual(['opposes', 'denies', 'supports']);
    expect(found.map((other) => other['stance'])).toEqual(['supports', 'denies']);
  });

  test('is the other stance of a member, direct or through others; not that of what the party is a member of', async () => {
    const on = 'zone-members';
    await tell(
      app,
      ...exist(on, 'party-body', 'party-group', 'party-wing', 'party-loyal', 'party-stranger'),
      ['parties/join group', { of: 'party-body', occurred: '2017-01' }],
      ['parties/join wing', { of: 'party-group', occurred: '2017-01' }],
      ['parties/join loyal', { of: 'party-body', occurred: '2017-01' }],
      says('of-body', '2017-07-05', on, 'supports', of('body')),
      says('of-wing-once', '2017-06', on, 'denies', of('wing')),
      says('of-wing', '2017-07-01', on, 'opposes', of('wing')),
      says('of-loyal', '2017-07-01', on, 'supports', of('loyal')),
      says('of-stranger', '2017-07-05', on, 'opposes', of('stranger')),
    );
    expect(await contradictions(on)).toEqual({
      'party-body': [['party-wing', 'opposes', 'of-wing']],
      'party-wing': [],
      'party-loyal': [],
      'party-stranger': [],
    });
  });

  test('is a member’s as long as it is one, as of the read', async () => {
    const on = 'zone-leaving';
    await tell(
      app,
      ...exist(on, 'party-front', 'party-faction'),
      says('of-faction', '2017-02', on, 'opposes', of('faction')),
      says('of-front', '2017-02', on, 'supports', of('front')),
      ['parties/join faction', { of: 'party-front', occurred: '2017-06-10' }],
      ['parties/leave faction', { of: 'party-front', occurred: '2017-08-10' }],
    );
    const found = [['party-faction', 'opposes', 'of-faction']];
    const at = async (view: string) => (await contradictions(on, view))['party-front'];
    expect(await Promise.all(['2017-06-09', '2017-06-10', '2017-08-09', '2017-08-10'].map((day) => at(`&asOf=${day}`)))).toEqual([
      [],
      found,
      found,
      [],
    ]);
    expect(await at('')).toEqual([]);
    const { sequence } = (await app.get('/v1/parties/faction')).json.data;
    expect([await at(`&atSequence=${sequence - 1}`), await at(`&atSequence=${sequence - 2}`)]).toEqual([found, []]);
  });

  test('among parties that are members of one another is told once for each side', async () => {
    const on = 'zone-ring';
    await tell(
      app,
      ...exist(on, 'party-ring-a', 'party-ring-b'),
      ['parties/join ring-a', { of: 'party-ring-b', occurred: '2017-01' }],
      ['parties/join ring-b', { of: 'party-ring-a', occurred: '2017-01' }],
      says('ring-a', '2017-07', on, 'supports', of('ring-a')),
      says('ring-b', '2017-07', on, 'opposes', of('ring-b')),
    );
    expect(await contradictions(on)).toEqual({
      'party-ring-a': [['party-ring-b', 'opposes', 'ring-b']],
      'party-ring-b': [['party-ring-a', 'supports', 'ring-a']],
    });
  });

  // Each level doubles the ways up: who goes them all never comes back.
  test('is found through however many ways one party is a member of another', async () => {
    const on = 'zone-lattice';
    const name = (level: number, side: string) => `lattice-${level}-${side}`;
    const levels = Array.from({ length: 14 }, (_, level) => level);
    const members = levels.flatMap((level) =>
      ['a', 'b'].map((side): Said => {
        const memberOf = level === 0 ? {} : { memberOf: ['a', 'b'].map((above) => `party-${name(level - 1, above)}`) };
        return ['parties/register', { id: name(level, side), name: { en: side }, kind: 'other', occurred: '2017', ...memberOf }];
      }),
    );
    const [top, bottom] = [name(0, 'a'), name(13, 'b')];
    const said = [says('of-top', '2017-07', on, 'supports', of(top)), says('of-bottom', '2017-07', on, 'opposes', of(bottom))];
    await tell(app, ...exist(on), ...members, ...said);
    expect(await contradictions(on)).toEqual({
      [`party-${top}`]: [[`party-${bottom}`, 'opposes', 'of-bottom']],
      [`party-${bottom}`]: [],
    });
  });
});

describe('a position on an event', () => {
  test('is found by its id and by its place, however the statement names it', async () => {
    const [, event] = await tell(app, ...exist('zone-shelled'), [
      'zones/report-incident shelled',
      { incident: 'strike', text: { en: 'A strike' }, occurred: '2017-07-01' },
    ]);
    const { eventId } = event!;
    const byPlace = says('by-place', '2017-07-02', 'zone-shelled@1', 'denies');
    const byId = says('by-id', '2017-07-03', eventId, 'denies', of('iran'));
    await tell(app, byPlace, byId);
    for (const on of [eventId, 'zone-shelled@1'])
      expect(await stands(on)).toEqual([
        ['party-iran', 'denies', 'by-id'],
        ['party-russia', 'denies', 'by-place'],
      ]);
    expect((await positionsOn(eventId)).map(({ on }) => on)).toEqual([eventId, 'zone-shelled@1']);
    expect([await stands('zone-shelled'), await stands('zone-shelled@0')]).toEqual([[], []]);
  });

  test('is not there before the event is', async () => {
    const [made] = await tell(app, ...exist('zone-later'), ['zones/suspend later', { occurred: '2017-12' }]);
    for (const event of ['zone-later@1', (await app.get('/v1/events/zone-later@1')).json.data.event.id])
      expect(await problem(`?on=${event}&atSequence=${made!.sequence}`)).toEqual([404, 'no-such-event']);
  });
});

describe('what amends a statement', () => {
  test('moves it to its right date', async () => {
    const on = 'zone-misdated';
    const said = [says('misdated', '2017-07-05', on, 'supports'), says('dated', '2017-07-06', on, 'opposes')];
    await tell(app, ...exist(on), ...said, correct('statement-misdated@0', { occurred: '2017-07-07' }));
    expect(await stands(on)).toEqual([['party-russia', 'supports', 'misdated', 'dated']]);
    expect(await positionsOn(on)).toMatchObject([{ occurred: '2017-07-07' }]);
  });

  test('gives it another stance, on something else, of another party, or takes it away', async () => {
    const [from, to] = ['zone-wrong', 'zone-right'];
    const stance = { on: from, stance: 'supports' };
    await tell(app, ...exist(from, to), ...['stance', 'on', 'party', 'none'].map((id) => says(`wrong-${id}`, '2017-07', from, 'supports')));
    await tell(
      app,
      correct('statement-wrong-stance@0', { stances: [{ ...stance, stance: 'denies' }] }),
      correct('statement-wrong-on@0', { stances: [{ ...stance, on: to }] }),
      correct('statement-wrong-party@0', { stances: [{ ...stance, party: 'party-iran' }] }),
      correct('statement-wrong-none@0', { stances: null }),
    );
    expect(await stands(from)).toEqual([
      ['party-iran', 'supports', 'wrong-party'],
      ['party-russia', 'denies', 'wrong-stance'],
    ]);
    expect(await stands(to)).toEqual([['party-russia', 'supports', 'wrong-on']]);
    await tell(app, retract('statement-wrong-on@1'));
    expect([(await stands(from)).at(-1), await stands(to)]).toEqual([['party-russia', 'supports', 'wrong-on', 'wrong-stance'], []]);
  });

  test('takes it back: the one before it holds again', async () => {
    const on = 'zone-taken-back';
    await tell(app, ...exist(on), says('kept', '2017-07-05', on, 'supports'), says('taken-back', '2017-07-06', on, 'opposes'));
    const [amended] = await tell(app, retract('statement-taken-back@0'));
    expect(await stands(on)).toEqual([['party-russia', 'supports', 'kept']]);
    expect(await stands(on, `&atSequence=${amended!.sequence - 1}`)).toEqual([['party-russia', 'opposes', 'taken-back', 'kept']]);
    await tell(app, retract('statement-kept@0'));
    expect(await stands(on)).toEqual([]);
  });

  test('adds its source', async () => {
    await tell(app, ...exist('zone-twice'), says('twice', '2017-07', 'zone-twice', 'supports'), corroborate('statement-twice@0', 'SANA'));
    expect(await positionsOn('zone-twice')).toMatchObject([{ sources: [{ publisher: 'TASS' }, { publisher: 'SANA' }] }]);
  });
});

describe('positions read from a standpoint', () => {
  const on = 'zone-standpoint';
  const published = (day: string) => ({ sources: [{ publisher: 'TASS', published: day }] });
  let first: number;
  beforeAll(async () => {
    const zone: Said = ['zones/report', { id: 'standpoint', name: { en: 'x' }, occurred: '2017-05-04', ...published('2017-05-04') }];
    const [, said] = await tell(
      app,
      zone,
      says('said-june', '2017-06-15', on, 'opposes', published('2017-07-10')),
      says('said-may', '2017-05-15', on, 'denies', published('2017-05-16')),
      says('said-july', '2017-07-01', on, 'supports', published('2017-07-02')),
      says('said-undated', '2017-07-03', on, 'accepts-conditionally'),
    );
    first = said!.sequence;
  });

  test.each([
    ['', ['accepts-conditionally', 'said-undated', 'said-july', 'said-june', 'said-may']],
    ['&asOf=2017-07-01', ['supports', 'said-july', 'said-june', 'said-may']],
    ['&asOf=2017-06-30T23:59:59Z', ['opposes', 'said-june', 'said-may']],
    ['&asOf=2017-06-14', ['denies', 'said-may']],
    ['&publishedBy=2017-07-10', ['supports', 'said-july', 'said-june', 'said-may']],
    ['&publishedBy=2017-07-09', ['supports', 'said-july', 'said-may']],
    ['&publishedBy=2017-07-09&asOf=2017-06-30', ['denies', 'said-may']],
  ])('with %p', async (view, [stance, ...statements]) => {
    expect(await stands(on, view)).toEqual([['party-russia', stance, ...statements]]);
  });

  test('as the record held them', async () => {
    const held = ({ offset = 0, view = '' }) => stands(on, `&atSequence=${first + offset}${view}`);
    expect(await held({ offset: -1 })).toEqual([]);
    expect(await held({})).toEqual([['party-russia', 'opposes', 'said-june']]);
    expect(await held({ offset: 1 })).toEqual([['party-russia', 'opposes', 'said-june', 'said-may']]);
    expect(await held({ offset: 1, view: '&publishedBy=2017-07-01' })).toEqual([['party-russia', 'denies', 'said-may']]);
    expect(await problem(`?on=${on}&atSequence=${first - 2}`)).toEqual([404, 'no-such-subject']);
  });

  test('with the instant in the reply', async () => {
    expect((await read(on, '&asOf=2017-07-01')).json.asOf).toBe('2017-07-01T23:59:59.999Z');
    expect((await read(on)).json).not.toHaveProperty('asOf');
  });
});

const REFUSED = [
  ['', 'on reference'],
  ['?on=', 'on reference'],
  ['?on=zones-idlib', 'on reference'],
  ['?on=idlib', 'on reference'],
  ['?on=zone-idlib@', 'on reference'],
  ['?on=zone-idlib@-1', 'on reference'],
  ['?on=zone-told,zone-open', 'on reference'],
  [`?on=zone-${'x'.repeat(10_000)}`, 'on reference'],
  ['?on=zone-told&party=party-russia', 'party unknown-parameter'],
  ['?on=zone-told&limit=0', 'limit whole'],
  ['?on=zone-told&limit=1001', 'limit whole'],
  ['?on=zone-told&after=party-russia', 'after cursor'],
];
test.each(REFUSED.map(([query, fault]) => ({ query: query!, fault: fault!, at: query!.slice(0, 40) })))(
  '"$at" is refused: $fault',
  async ({ query, fault }) => {
    expect(await problem(query)).toEqual([400, 'bad-query', fault]);
  },
);

test('positions on two things at once are refused', async () => {
  expect((await problem('?on=zone-told&on=zone-open')).slice(0, 3)).toEqual([400, 'bad-query', 'on once']);
});

test('nobody stands anywhere on what is not there', async () => {
  expect(await problem('?on=zone-nowhere')).toEqual([404, 'no-such-subject']);
  expect(await problem('?on=zone-nowhere@0')).toEqual([404, 'no-such-event']);
  expect(await problem('?on=zone-told@7')).toEqual([404, 'no-such-event']);
  expect(await problem('?on=01890a5d-ac96-774b-bcce-b302099a8057')).toEqual([404, 'no-such-event']);
});

test('pages stand where the first one stood', async () => {
  const on = 'zone-paged';
  const parties = ['a', 'b', 'c', 'd', 'e'].map((id) => `paged-${id}`);
  await tell(app, ...exist(on, ...parties.map((id) => `party-${id}`)));
  await tell(app, ...parties.map((id) => says(`by-${id}`, '2017-07', on, 'supports', of(id))));
  const whole = (await read(on)).json;
  const paged: Position[] = [];
  for (let after: string | undefined = ''; after !== undefined;) {
    const { json } = await read(on, `&limit=2${after && `&after=${encodeURIComponent(after)}`}`);
    expect(json.sequence).toBe(whole.sequence);
    paged.push(...json.data);
    after = json.next;
    const round = paged.length;
    await tell(app, ...parties.map((id) => says(`again-${id}-${round}`, `2017-08-0${round}`, on, 'opposes', of(id))));
  }
  expect(paged).toEqual(whole.data);
  expect(await stands(on, '&limit=1')).toHaveLength(1);
});
