import { sample } from './support/sample.js';
import { startApp, stopApp, type TestApp } from './support/start-app.js';

/*
 * What a newspaper asked in July 2017, answered out of the record; and the same questions earlier, later, and of what had been published.
 * The answers are those of the facts that the sample was written from, not of the service.
 */

type Fields = Record<string, any>; // eslint-disable-line typescript/no-explicit-any -- states are read field by field

const MAY = 'asOf=2017-05-10';
const JULY = 'asOf=2017-07-06';
const SEPTEMBER = 'asOf=2017-09-20';
const NEXT_JULY = 'asOf=2018-07-10';
/** The same days, with only what had been published a week before. */
const PUBLISHED_BY_MAY = `${MAY}&publishedBy=2017-05-03`;
const PUBLISHED_BY_JULY = `${JULY}&publishedBy=2017-06-29`;
const PUBLISHED_BY_SEPTEMBER = `${SEPTEMBER}&publishedBy=2017-09-13`;
const PUBLISHED_BY_NEXT_JULY = `${NEXT_JULY}&publishedBy=2018-07-03`;

const MEMORANDUM = 'agreements/memorandum-de-escalation-areas';
const DOCUMENTS = 'agreements/seven-documents-astana-5';
const ARTICLE = {
  publisher: 'Arabic news site (unnamed)',
  title: 'أستانة: فشل المحادثات لتحديد مناطق خفض تصعيد في سورية',
  published: '2017-07-06',
  lang: 'ar',
};
const TASS = { publisher: 'TASS', url: 'https://tass.com/politics/944911' };
const SPUTNIK = { publisher: 'sputniknews.com', origin: 'Sputnik', title: 'No. 1053273529' };
const INTERFAX = { publisher: 'rusreality.com', origin: 'Interfax', published: '2017-05-05' };
const LAROUCHE = { publisher: 'larouchepub.com', published: '2017-07-05' };

let app: TestApp;
/** The id and the sequence of each event of the sample, by its key without `astana-2017/`. */
const events = new Map<string, { id: string; sequence: number }>();

beforeAll(async () => {
  app = await startApp();
  const commands = sample();
  const replies = await app.feed(commands);
  for (const [at, { idempotencyKey }] of commands.entries()) {
    const { eventId, sequence } = replies[at] as { eventId: string; sequence: number };
    events.set(idempotencyKey!.replace('astana-2017/', ''), { id: eventId, sequence });
  }
});
afterAll(() => stopApp(app));

const eventOf = (key: string) => events.get(key)!.id;
const sequenceOf = (key: string) => events.get(key)!.sequence;

async function read(path: string, view: string) {
  const { status, json, text } = await app.get(`/v1/${path}${path.includes('?') ? '&' : '?'}${view}`);
  if (status !== 200) throw new Error(`${path} at ${view}: ${status} ${text}`);
  return json.data;
}
const state = (path: string, view: string): Promise<Fields> => read(path, view);
const list = (path: string, view: string): Promise<Fields[]> => read(`${path}${path.includes('?') ? '&' : '?'}limit=1000`, view);
const statusOf = async (path: string, view: string) => (await app.get(`/v1/${path}?${view}`)).status;

/** Each state of a collection, by its id, as `tell` puts it. */
async function each<T>(collection: string, view: string, tell: (one: Fields) => T): Promise<Record<string, T>> {
  return Object.fromEntries((await list(collection, view)).map((one) => [one['id'], tell(one)]));
}

const statuses = (collection: string, view: string) => each(collection, view, ({ status }) => status);
/** Who speaks, by whatever the record has of him, and under which attribution. */
const speakers = (view: string) =>
  each('statements', view, ({ speaker, attribution }) => [speaker.party ?? speaker.name?.en ?? speaker.role.en, attribution]);
const rolesIn = async (path: string, view: string, role: string) =>
  (await state(path, view))['roles'].filter((one: Fields) => one['role'] === role).map(({ party, status }: Fields) => [party, status]);

/** Every role that somebody contests: in what, whose, which, by whom. */
async function contests(view: string) {
  const bearers = await Promise.all(['zones', 'agreements', 'talks'].map((collection) => list(collection, view)));
  return bearers
    .flat()
    .flatMap(({ stream, roles }) => roles.map((role: Fields) => ({ stream, ...role })))
    .filter(({ contestedBy }) => contestedBy.length)
    .map(({ stream, party, role, contestedBy }) => [stream, party, role, contestedBy]);
}

const diary = async (range: string, view: string) =>
  (await list(`diary?${range}`, view)).map(({ subject, what, when, status, commitment, movedTo }) =>
    [subject, what, when, status, commitment, movedTo].filter(Boolean),
  );

/** On whose word a field stands: the event that set it, the statements that it rests on, and who made them. */
async function wordFor(path: string, field: string, view: string) {
  const { because } = await state(path, view);
  const { event, accordingTo } = because[field];
  const { type } = (await state(`events/${event}`, ''))['event'];
  const statements = await Promise.all(
    (accordingTo as string[]).map((name) => state(`statements/${name.replace('statement-', '')}`, view)),
  );
  return { event, type, accordingTo, speakers: statements.map(({ speaker }) => speaker.party) };
}

const disputed = (one: Fields, field: string): Fields => one['disputed'].find((dispute: Fields) => dispute['field'] === field);
const settledIn = (one: Fields): Fields[] => one['settled'] ?? [];
const values = ({ claims }: Fields) => claims.map(({ value }: Fields) => value);

test('the sample is taken whole', () => {
  expect([...events.values()].filter(({ id }) => id === undefined)).toEqual([]);
});

test('a reply says at which instant it stands', async () => {
  expect((await app.get(`/v1/zones?${JULY}`)).json.asOf).toBe('2017-07-06T23:59:59.999Z');
});

describe('on 6 July 2017', () => {
  test('there are four zones, and two of them are agreed in principle, on the word of Lavrentyev', async () => {
    expect(await statuses('zones', JULY)).toEqual({
      idlib: 'proposed',
      'north-homs': 'agreed-in-principle',
      'eastern-ghouta': 'agreed-in-principle',
      south: 'proposed',
    });
    for (const zone of ['north-homs', 'eastern-ghouta'])
      expect(await wordFor(`zones/${zone}`, 'status', JULY)).toEqual({
        event: eventOf(`article/${zone}-in-principle`),
        type: 'ZoneAgreed',
        accordingTo: ['statement-lavrentyev-two-zones'],
        speakers: ['party-lavrentyev'],
      });
    expect((await state('zones/idlib', JULY))['because'].status).toEqual({ event: eventOf('t04/idlib'), confidence: 'high' });
  });

  test('Russia, Iran and Turkey guarantee the memorandum, which is in force', async () => {
    const { status, parties, signatures } = await state(MEMORANDUM, JULY);
    expect(status).toBe('in-force');
    expect(new Set(parties)).toEqual(new Set(['party-russia', 'party-iran', 'party-turkey']));
    expect(signatures.map(({ party, signatory }: Fields) => [party, signatory.en])).toEqual([
      ['party-russia', 'Alexander Lavrentyev'],
      ['party-turkey', 'Sedat Önal'],
      ['party-iran', 'Hossein Jaberi Ansari'],
    ]);
    expect(await rolesIn(MEMORANDUM, JULY, 'guarantor')).toEqual([
      ['party-russia', 'accepted'],
      ['party-iran', 'accepted'],
      ['party-turkey', 'accepted'],
    ]);
    expect((await state('parties/turkey', JULY))['roles']).toContainEqual({
      in: 'agreement-memorandum-de-escalation-areas',
      role: 'guarantor',
      status: 'accepted',
      contestedBy: [],
    });
  });

  test('seven documents are agreed in principle, and none is final', async () => {
    expect(await state(DOCUMENTS, JULY)).toMatchObject({ documents: 7, status: 'agreed-in-principle' });
    expect(await wordFor(DOCUMENTS, 'status', JULY)).toMatchObject({
      type: 'AgreementAgreed',
      accordingTo: ['statement-lavrentyev-documents'],
      speakers: ['party-lavrentyev'],
    });
  });

  test('the round has failed; de Mistura calls it slight progress, and the Russian defence ministry has a border approved', async () => {
    const round = await state('talks/astana-5', JULY);
    expect(round).toMatchObject({ status: 'concluded', outcome: 'failed', when: '2017-07-04/2017-07-05' });
    const said = await each('statements?about=talks-astana-5', JULY, (statement) => statement);
    expect(said['de-mistura-slight-progress']).toMatchObject({
      speaker: { party: 'party-de-mistura' },
      onBehalfOf: 'party-united-nations',
      attribution: 'on-record',
      quote: { en: expect.stringContaining('slight progress') },
    });
    expect(said['jaafari-blames-turkey']).toMatchObject({ speaker: { party: 'party-jaafari' }, onBehalfOf: 'party-syria' });
    const { claims } = disputed(round, 'outcome');
    expect(claims).toEqual([
      { value: 'failed', event: eventOf('t10/astana-5-failed'), sources: expect.arrayContaining([ARTICLE]), confidence: 'high' },
      {
        value: 'partial',
        event: eventOf('c5/astana-5-outcome'),
        sources: [{ publisher: 'syria360', origin: 'Russian Ministry of Defence' }],
        confidence: 'medium',
      },
    ]);
  });

  test('each statement has its speaker and its attribution, and the anonymous ones have no name', async () => {
    expect(await speakers(JULY)).toEqual({
      'russian-mfa-memorandum-text': ['party-russian-foreign-ministry', 'document'],
      'lavrentyev-documents': ['party-lavrentyev', 'on-record'],
      'lavrentyev-areas-not-defined': ['party-lavrentyev', 'on-record'],
      'lavrentyev-two-zones': ['party-lavrentyev', 'on-record'],
      'lavrentyev-military-police': ['party-lavrentyev', 'on-record'],
      'lavrentyev-south-participation': ['party-lavrentyev', 'on-record'],
      'lavrentyev-south-approval': ['party-lavrentyev', 'on-record'],
      'opposition-source-on-iran': ['Source close to the Syrian opposition delegation', 'anonymous'],
      'opposition-source-on-north': ['Source close to the Syrian opposition delegation', 'anonymous'],
      'source-two-zones': ['Unnamed source', 'anonymous'],
      'jaafari-blames-turkey': ['party-jaafari', 'on-record'],
      'de-mistura-slight-progress': ['party-de-mistura', 'on-record'],
      'russia-deal-and-extremists': ['party-russia', 'on-record'],
      'abdrakhmanov-next-meetings': ['party-abdrakhmanov', 'on-record'],
      'report-on-obstacles': ['The news report itself, which names no source for it', 'unattributed'],
      'report-on-astana-and-geneva': ['The news report itself, which names no source for it', 'unattributed'],
    });
    const anonymous = (await list('statements', JULY)).filter(({ attribution }) => attribution === 'anonymous');
    expect(anonymous.flatMap(({ speaker }) => Object.keys(speaker))).toEqual(['role', 'role', 'role']);
  });

  test('light Russian police are agreed for buffer areas, two forces expected in the north, Iranian monitors rejected in advance', async () => {
    const deployments = await each('deployments', JULY, (one) => one);
    expect(deployments).toEqual({
      'russian-military-police-buffer-areas': expect.objectContaining({
        party: 'party-russia',
        force: 'military-police',
        armament: expect.objectContaining({ en: 'Light weapons' }),
        place: expect.objectContaining({ en: 'Buffer areas around several of the de-escalation zones' }),
        status: 'agreed',
        rejections: [],
      }),
      'turkish-forces-north-buffer': expect.objectContaining({
        party: 'party-turkey',
        zone: 'zone-idlib',
        place: expect.objectContaining({ en: expect.stringContaining('parts of Idlib and Aleppo') }),
        status: 'expected',
      }),
      'russian-forces-north-buffer': expect.objectContaining({
        party: 'party-russia',
        zone: 'zone-idlib',
        place: expect.objectContaining({ en: expect.stringContaining('parts of Idlib and Aleppo') }),
        status: 'expected',
      }),
      'iranian-monitors-homs': expect.objectContaining({
        party: 'party-iran',
        force: 'observers',
        zone: 'zone-north-homs',
        place: expect.objectContaining({ en: 'Homs governorate, central Syria' }),
        status: 'proposed',
        rejections: [expect.objectContaining({ party: 'party-syrian-opposition' })],
      }),
    });
    expect(await wordFor('deployments/iranian-monitors-homs', 'rejections', JULY)).toMatchObject({
      type: 'DeploymentRejected',
      accordingTo: ['statement-opposition-source-on-iran'],
      speakers: [undefined],
    });
  });

  test('the United States and Jordan are accepted to take part in the south, and another report disputes it', async () => {
    expect(await rolesIn('zones/south', JULY, 'participant')).toEqual([
      ['party-united-states', 'accepted'],
      ['party-jordan', 'accepted'],
    ]);
    const { claims } = disputed(await state('zones/south', JULY), 'roles');
    const participant = (party: string, status: string) => [{ party, role: 'participant', status, contestedBy: [] }];
    expect(claims).toEqual([
      {
        value: participant('party-united-states', 'accepted'),
        event: eventOf('article/south-participant-united-states'),
        sources: [ARTICLE],
      },
      { value: participant('party-jordan', 'accepted'), event: eventOf('article/south-participant-jordan'), sources: [ARTICLE] },
      {
        value: participant('party-united-states', 'proposed'),
        event: eventOf('c9/south-participant-united-states'),
        sources: [LAROUCHE],
        confidence: 'medium',
      },
      {
        value: participant('party-jordan', 'proposed'),
        event: eventOf('c9/south-participant-jordan'),
        sources: [LAROUCHE],
        confidence: 'medium',
      },
    ]);
  });

  test('three meetings are to come: Geneva in the next week, Tehran in early August, the sixth round in its last week', async () => {
    const range = 'diary?from=2017-07-07&to=2017-08-31';
    expect(await list(range, JULY)).toMatchObject([
      {
        subject: 'talks-geneva-july-2017',
        what: 'talks',
        when: '2017-07-10~/2017-07-16~',
        status: 'coming',
        event: eventOf('article/geneva'),
        title: { en: 'UN-backed political talks on Syria, resumed' },
      },
      {
        subject: 'talks-tehran-expert-group',
        what: 'talks',
        when: '2017-08-01/2017-08-02',
        status: 'coming',
        event: eventOf('article/tehran-experts'),
        title: { en: expect.stringContaining('Expert working group') },
      },
      {
        subject: 'talks-astana-6',
        what: 'talks',
        when: '2017-08-25~/2017-08-31',
        status: 'coming',
        event: eventOf('t14/astana-6'),
        title: { en: 'Sixth round of the Astana talks' },
      },
    ]);
    expect(await diary('from=2017-07-07&to=2017-08-31&about=party-iran', JULY)).toEqual([
      ['talks-tehran-expert-group', 'talks', '2017-08-01/2017-08-02', 'coming'],
    ]);
  });

  test('the opposition contests the role of Iran as a guarantor, and nobody contests another role', async () => {
    expect(await contests(JULY)).toEqual([
      ['agreement-memorandum-de-escalation-areas', 'party-iran', 'guarantor', ['party-syrian-opposition']],
    ]);
  });

  test('each party has its stance on its own word, with the sources', async () => {
    const lavrentyev = { party: 'party-russia', event: eventOf('article/lavrentyev-two-zones'), occurred: '2017-07-05' };
    expect(await list('positions?on=zone-north-homs', JULY)).toEqual([
      expect.objectContaining({
        ...lavrentyev,
        stance: 'supports',
        statement: 'statement-lavrentyev-two-zones',
        attribution: 'on-record',
        sources: [ARTICLE],
        before: [],
        contradictions: [],
      }),
    ]);
    expect(await list('positions?on=zone-south', JULY)).toEqual([
      expect.objectContaining({
        party: 'party-russia',
        stance: 'accepts-conditionally',
        note: expect.objectContaining({ en: 'If the United States and Jordan approve' }),
        statement: 'statement-lavrentyev-south-approval',
        sources: [LAROUCHE],
        confidence: 'medium',
      }),
    ]);
    expect(await list('positions?on=deployment-iranian-monitors-homs', JULY)).toEqual([
      expect.objectContaining({
        party: 'party-syrian-opposition',
        stance: 'opposes',
        attribution: 'anonymous',
        statement: 'statement-opposition-source-on-iran',
      }),
    ]);
    expect((await list('positions?on=agreement-memorandum-de-escalation-areas', JULY)).map(({ party, stance }) => [party, stance])).toEqual(
      [['party-russia', 'supports']],
    );
  });

  test('the maps are missing, and the working group is overdue', async () => {
    const commitments = await list('commitments?agreement=agreement-memorandum-de-escalation-areas', JULY);
    expect(Object.fromEntries(commitments.map(({ id, status }) => [id, status]))).toMatchObject({
      'halt-begins': 'fulfilled',
      'working-group': 'overdue',
      maps: 'breached',
    });
  });
});

describe('on 10 May 2017', () => {
  test('the four zones are proposed, and no other is known', async () => {
    expect(await statuses('zones', MAY)).toEqual({
      idlib: 'proposed',
      'north-homs': 'proposed',
      'eastern-ghouta': 'proposed',
      south: 'proposed',
    });
  });

  test('the three guarantors stand, and the opposition contests Iran', async () => {
    expect((await rolesIn(MEMORANDUM, MAY, 'guarantor')).map(([party]: [string]) => party)).toEqual([
      'party-russia',
      'party-iran',
      'party-turkey',
    ]);
    expect(await contests(MAY)).toEqual([
      ['agreement-memorandum-de-escalation-areas', 'party-iran', 'guarantor', ['party-syrian-opposition']],
    ]);
  });

  test('there is no fifth round, no documents, no deployment, and nobody takes part for the south', async () => {
    expect([await statusOf('talks/astana-5', MAY), await statusOf(DOCUMENTS, MAY)]).toEqual([404, 404]);
    expect(await list('deployments', MAY)).toEqual([]);
    expect((await state('zones/south', MAY))['roles']).toEqual([]);
  });

  test('one text is public, that of the memorandum', async () => {
    expect(await speakers(MAY)).toEqual({ 'russian-mfa-memorandum-text': ['party-russian-foreign-ministry', 'document'] });
  });

  test('the halt has begun, the working group is due on 18 May, the day of the maps is disputed, and the term runs to November', async () => {
    const memorandum = 'agreement-memorandum-de-escalation-areas';
    expect(await diary('from=2017-05-01&to=2017-12-31', MAY)).toEqual([
      ['talks-sochi-putin-erdogan-2017', 'talks', '2017-05-03', 'met'],
      [memorandum, 'due', '2017-05-06', 'met', 'halt-begins'],
      [memorandum, 'due', '2017-05-18', 'coming', 'working-group'],
      [memorandum, 'due', '2017-06-04', 'disputed', 'maps'],
      [memorandum, 'until', '2017-11', 'coming'],
    ]);
  });
});

describe('on 20 September 2017', () => {
  test('three zones are in force and Idlib is agreed', async () => {
    expect(await statuses('zones', SEPTEMBER)).toEqual({
      idlib: 'agreed',
      'north-homs': 'in-force',
      'eastern-ghouta': 'in-force',
      south: 'in-force',
    });
    expect(new Set((await state('zones/idlib', SEPTEMBER))['agreedBy'])).toEqual(new Set(['party-russia', 'party-iran', 'party-turkey']));
  });

  test('the seven documents are no more final than in July, and the fifth round has still failed', async () => {
    expect(await state(DOCUMENTS, SEPTEMBER)).toMatchObject({ documents: 7, status: 'agreed-in-principle' });
    expect(await state('talks/astana-5', SEPTEMBER)).toMatchObject({ status: 'concluded', outcome: 'failed' });
    expect(await state('talks/astana-6', SEPTEMBER)).toMatchObject({
      status: 'concluded',
      outcome: 'agreed',
      when: '2017-09-14/2017-09-15',
    });
  });

  test('nine more statements have been made', async () => {
    const [earlier, now] = [await speakers(JULY), await speakers(SEPTEMBER)];
    expect(Object.fromEntries(Object.entries(now).filter(([id]) => !(id in earlier)))).toEqual({
      'lavrov-south-hamburg': ['party-lavrov', 'on-record'],
      'tillerson-south-hamburg': ['party-tillerson', 'on-record'],
      'rudskoy-posts-in-south': ['party-rudskoy', 'on-record'],
      'syrian-army-ghouta-halt': ['party-syrian-army', 'on-record'],
      'konashenkov-north-homs': ['party-konashenkov', 'on-record'],
      'russian-mod-north-homs': ['party-russian-defence-ministry', 'document'],
      'lavrov-three-zones': ['party-lavrov', 'on-record'],
      'faylaq-confirms-geneva': ['party-faylaq-al-rahman', 'document'],
      'lavrentyev-observers': ['party-lavrentyev', 'on-record'],
    });
    expect(Object.keys(earlier).filter((id) => !(id in now))).toEqual([]);
  });

  test('Russian police stand in two zones and are announced for a third, and three times about 500 observers are agreed for Idlib', async () => {
    expect(await statuses('deployments', SEPTEMBER)).toEqual({
      'russian-military-police-buffer-areas': 'agreed',
      'turkish-forces-north-buffer': 'expected',
      'russian-forces-north-buffer': 'expected',
      'iranian-monitors-homs': 'proposed',
      'russian-military-police-south': 'deployed',
      'russian-military-police-eastern-ghouta': 'deployed',
      'russian-military-police-north-homs': 'announced',
      'russian-observers-idlib': 'agreed',
      'iranian-observers-idlib': 'agreed',
      'turkish-observers-idlib': 'agreed',
    });
    const posts = async (id: string) => (await state(`deployments/${id}`, SEPTEMBER))['posts'];
    expect(await posts('russian-military-police-south')).toEqual([
      { kind: 'checkpoint', count: 2 },
      { kind: 'observation-post', count: 10 },
    ]);
    expect(await posts('russian-military-police-eastern-ghouta')).toEqual([
      { kind: 'checkpoint', count: 2 },
      { kind: 'observation-post', count: 4 },
    ]);
    expect(await posts('russian-military-police-north-homs')).toHaveLength(5);
    for (const party of ['russian', 'iranian', 'turkish'])
      expect((await state(`deployments/${party}-observers-idlib`, SEPTEMBER))['strength']).toEqual({ about: 500 });
  });

  test('the United States, Jordan and Russia monitor the south', async () => {
    expect(await rolesIn('zones/south', SEPTEMBER, 'participant')).toEqual([
      ['party-united-states', 'accepted'],
      ['party-jordan', 'accepted'],
    ]);
    expect(await rolesIn('zones/south', SEPTEMBER, 'monitor')).toEqual([
      ['party-russia', 'accepted'],
      ['party-jordan', 'accepted'],
      ['party-united-states', 'accepted'],
    ]);
  });

  test('Tehran and the sixth round have slipped, and whether Tehran, Geneva or the posts in Homs came about is not known', async () => {
    expect(await diary('from=2017-07-07&to=2018-12-31', SEPTEMBER)).toEqual([
      ['talks-geneva-july-2017', 'talks', '2017-07-10~/2017-07-16~', 'unconfirmed'],
      ['talks-tehran-expert-group', 'talks', '2017-08-01/2017-08-02', 'missed', '2017-08-08/2017-08-09?'],
      ['deployment-russian-military-police-north-homs', 'start', '2017-08-04', 'unconfirmed'],
      ['talks-tehran-expert-group', 'talks', '2017-08-08/2017-08-09?', 'unconfirmed'],
      ['talks-astana-6', 'talks', '2017-08-25~/2017-08-31', 'missed', '2017-09-14/2017-09-15'],
      ['talks-astana-6', 'talks', '2017-09-14/2017-09-15', 'met'],
      ['agreement-memorandum-de-escalation-areas', 'until', '2017-11', 'coming'],
      ['agreement-astana-6-joint-statement', 'until', '2018-03', 'coming'],
    ]);
  });

  test('Iran is contested twice: as a guarantor by the opposition, as a monitor in Idlib by the Free Army', async () => {
    expect(new Set(await contests(SEPTEMBER))).toEqual(
      new Set([
        ['agreement-memorandum-de-escalation-areas', 'party-iran', 'guarantor', ['party-syrian-opposition']],
        ['zone-idlib', 'party-iran', 'monitor', ['party-free-syrian-army']],
      ]),
    );
  });

  test('Russia and the United States support what was agreed in Amman', async () => {
    const positions = await list('positions?on=agreement-amman-memorandum-july-2017', SEPTEMBER);
    expect(new Set(positions.map(({ party, stance, statement }) => [party, stance, statement]))).toEqual(
      new Set([
        ['party-russia', 'supports', 'statement-lavrov-south-hamburg'],
        ['party-united-states', 'supports', 'statement-tillerson-south-hamburg'],
      ]),
    );
  });
});

describe('on 10 July 2018', () => {
  test('Eastern Ghouta is dissolved, and southern Damascus has joined', async () => {
    expect(await statuses('zones', NEXT_JULY)).toEqual({
      idlib: 'agreed',
      'north-homs': 'in-force',
      'eastern-ghouta': 'dissolved',
      south: 'in-force',
      'damascus-south': 'agreed',
    });
  });

  test('two zones have been attacked, and two more have surrendered', async () => {
    expect(await each('zones', NEXT_JULY, ({ incidents }) => incidents)).toEqual({
      idlib: { offensive: 1 },
      'north-homs': { evacuation: 1 },
      'eastern-ghouta': { offensive: 1, evacuation: 1 },
      south: { offensive: 1, capture: 1 },
      'damascus-south': {},
    });
    expect(await statuses('agreements', NEXT_JULY)).toMatchObject({
      'north-homs-surrender-2018': 'agreed',
      'south-surrender-2018': 'agreed',
    });
    expect([await statusOf('agreements/sochi-memorandum-2018', NEXT_JULY), await statusOf('zones/north-east', NEXT_JULY)]).toEqual([
      404, 404,
    ]);
  });

  test('the seven documents, the outcome of the fifth round, the guarantors and who contests them are as they were', async () => {
    expect(await state(DOCUMENTS, NEXT_JULY)).toMatchObject({ documents: 7, status: 'agreed-in-principle' });
    expect(await state('talks/astana-5', NEXT_JULY)).toMatchObject({ outcome: 'failed' });
    expect(await rolesIn(MEMORANDUM, NEXT_JULY, 'guarantor')).toHaveLength(3);
    expect(await contests(NEXT_JULY)).toEqual(await contests(SEPTEMBER));
    expect(await rolesIn('zones/south', NEXT_JULY, 'participant')).toHaveLength(2);
  });

  test('four more statements have been made', async () => {
    const [earlier, now] = [await speakers(SEPTEMBER), await speakers(NEXT_JULY)];
    expect(Object.fromEntries(Object.entries(now).filter(([id]) => !(id in earlier)))).toEqual({
      'damascus-south-factions-join': ['Jaysh al-Islam, Aknaf Bayt al-Maqdis and Jaysh al-Ababil', 'document'],
      'sana-on-turkish-entry': ['party-sana', 'document'],
      'trump-putin-da-nang': ['Donald Trump and Vladimir Putin', 'document'],
      'reuters-deal-collapsed': ['Reuters', 'document'],
    });
  });

  test('Turkey holds twelve posts in Idlib, with 500 soldiers when it began', async () => {
    const { status, posts, strength } = await state('deployments/turkish-posts-idlib', NEXT_JULY);
    expect({ status, strength }).toEqual({ status: 'deployed', strength: 500 });
    expect(posts.reduce((sum: number, { count = 1 }: Fields) => sum + count, 0)).toBe(12);
    expect(posts.at(-1).name.en).toBe('Ishtabraq');
    expect(Object.keys(await statuses('deployments', NEXT_JULY)).length).toBe(13);
  });

  test('the seventh and the ninth round were held, and the evacuation of Homs did not begin on its day', async () => {
    const dates = await diary('from=2017-10-01&to=2018-12-31', NEXT_JULY);
    const homs = 'agreement-north-homs-surrender-2018';
    expect(new Set(dates.filter(([, what]) => what !== 'until'))).toEqual(
      new Set([
        ['talks-astana-7', 'talks', '2017-10-30/2017-10-31', 'met'],
        [homs, 'due', '2018-05-05?', 'missed', 'heavy-arms'],
        [homs, 'due', '2018-05-05', 'missed', 'evacuation-begins'],
        ['talks-astana-9', 'talks', '2018-05-14/2018-05-15', 'met'],
      ]),
    );
  });

  test('the evacuation of Homs is late, and of the heavy arms nothing was heard', async () => {
    const commitments = await list('commitments?agreement=agreement-north-homs-surrender-2018', NEXT_JULY);
    expect(commitments.map(({ id, due, status }) => [id, due, status])).toEqual([
      ['evacuation-begins', '2018-05-05', 'late'],
      ['heavy-arms', '2018-05-05?', 'overdue'],
    ]);
  });
});

describe('what had been published a week earlier', () => {
  test('in May is nothing', async () => {
    for (const collection of ['zones', 'agreements', 'deployments', 'statements', 'talks', 'parties', 'commitments'])
      expect([collection, await list(collection, PUBLISHED_BY_MAY)]).toEqual([collection, []]);
    expect(await statusOf('zones/idlib', PUBLISHED_BY_MAY)).toBe(404);
  });

  test('in July has the zones and the memorandum through Interfax, and nothing of the fifth round', async () => {
    expect(await statuses('zones', PUBLISHED_BY_JULY)).toEqual({
      idlib: 'proposed',
      'north-homs': 'proposed',
      'eastern-ghouta': 'proposed',
      south: 'proposed',
    });
    expect(await statuses('agreements', PUBLISHED_BY_JULY)).toEqual({ 'memorandum-de-escalation-areas': 'in-force' });
    expect(await statuses('talks', PUBLISHED_BY_JULY)).toEqual({ 'sochi-putin-erdogan-2017': 'concluded' });
    expect([await list('statements', PUBLISHED_BY_JULY), await list('deployments', PUBLISHED_BY_JULY)]).toEqual([[], []]);
    expect([await statusOf(DOCUMENTS, PUBLISHED_BY_JULY), await statusOf('talks/astana-5', PUBLISHED_BY_JULY)]).toEqual([404, 404]);
    expect((await state('zones/south', PUBLISHED_BY_JULY))['roles']).toEqual([]);
    expect(await list('positions?on=zone-north-homs', PUBLISHED_BY_JULY)).toEqual([]);
  });

  test('in July has the guarantors, and who contests one of them', async () => {
    expect((await rolesIn(MEMORANDUM, PUBLISHED_BY_JULY, 'guarantor')).map(([party]: [string]) => party)).toEqual([
      'party-russia',
      'party-iran',
      'party-turkey',
    ]);
    expect(await contests(PUBLISHED_BY_JULY)).toEqual([
      ['agreement-memorandum-de-escalation-areas', 'party-iran', 'guarantor', ['party-syrian-opposition']],
    ]);
  });

  test('in July has two dates to keep, without those that only TASS has, and no dispute of them', async () => {
    const memorandum = 'agreement-memorandum-de-escalation-areas';
    expect(await diary('from=2017-05-04&to=2017-12-31', PUBLISHED_BY_JULY)).toEqual([
      [memorandum, 'due', '2017-05-18', 'missed', 'working-group'],
      [memorandum, 'due', '2017-06-04', 'missed', 'maps'],
      [memorandum, 'until', '2017-11', 'coming'],
    ]);
    const published = await state(MEMORANDUM, PUBLISHED_BY_JULY);
    expect(published['commitments'].map(({ id }: Fields) => id)).not.toContain('halt-begins');
    expect([published['disputed'], settledIn(published)]).toEqual([[], []]);
  });

  test('a party is told of by no source, and so is in no reply of what had been published', async () => {
    expect([await statusOf('parties/russia', JULY), await statusOf('parties/russia', PUBLISHED_BY_JULY)]).toEqual([200, 404]);
  });

  test('a stance is there from the day on which it was published', async () => {
    const by = (day: string) => list('positions?on=zone-south', `${JULY}&publishedBy=${day}`);
    expect([await by('2017-07-04'), (await by('2017-07-05')).map(({ stance }) => stance)]).toEqual([[], ['accepts-conditionally']]);
  });

  test('in September leaves out what sources without a day have: Amman and the sixth round', async () => {
    expect(await statuses('zones', PUBLISHED_BY_SEPTEMBER)).toEqual({
      idlib: 'proposed',
      'north-homs': 'in-force',
      'eastern-ghouta': 'in-force',
      south: 'proposed',
    });
    expect(await state(DOCUMENTS, PUBLISHED_BY_SEPTEMBER)).toMatchObject({ documents: 7, status: 'agreed-in-principle' });
    expect(await state('talks/astana-5', PUBLISHED_BY_SEPTEMBER)).toMatchObject({ status: 'concluded', outcome: 'failed', disputed: [] });
    expect(await rolesIn('zones/south', PUBLISHED_BY_SEPTEMBER, 'participant')).toHaveLength(2);
    expect(await rolesIn('zones/south', PUBLISHED_BY_SEPTEMBER, 'monitor')).toEqual([]);
    expect(await contests(PUBLISHED_BY_SEPTEMBER)).toHaveLength(1);
    expect(Object.keys(await speakers(PUBLISHED_BY_SEPTEMBER)).sort()).toEqual([
      'de-mistura-slight-progress',
      'jaafari-blames-turkey',
      'konashenkov-north-homs',
      'lavrentyev-areas-not-defined',
      'lavrentyev-documents',
      'lavrentyev-military-police',
      'lavrentyev-south-approval',
      'lavrentyev-south-participation',
      'lavrentyev-two-zones',
      'lavrov-three-zones',
      'opposition-source-on-iran',
      'opposition-source-on-north',
      'report-on-astana-and-geneva',
      'report-on-obstacles',
      'rudskoy-posts-in-south',
      'russia-deal-and-extremists',
      'source-two-zones',
      'syrian-army-ghouta-halt',
    ]);
    expect(await statuses('deployments', PUBLISHED_BY_SEPTEMBER)).toEqual({
      'russian-military-police-buffer-areas': 'agreed',
      'turkish-forces-north-buffer': 'expected',
      'russian-forces-north-buffer': 'expected',
      'iranian-monitors-homs': 'proposed',
      'russian-military-police-south': 'deployed',
      'russian-military-police-eastern-ghouta': 'deployed',
    });
  });

  test('in September has the new day of Tehran, but not that of the sixth round', async () => {
    expect(await diary('from=2017-07-07&to=2017-09-30', PUBLISHED_BY_SEPTEMBER)).toEqual([
      ['talks-geneva-july-2017', 'talks', '2017-07-10~/2017-07-16~', 'unconfirmed'],
      ['talks-tehran-expert-group', 'talks', '2017-08-01/2017-08-02', 'missed', '2017-08-08/2017-08-09?'],
      ['talks-tehran-expert-group', 'talks', '2017-08-08/2017-08-09?', 'unconfirmed'],
      ['talks-astana-6', 'talks', '2017-08-25~/2017-08-31', 'unconfirmed'],
    ]);
  });

  test('in July 2018 has the end of Eastern Ghouta and ten Turkish posts', async () => {
    expect(await statuses('zones', PUBLISHED_BY_NEXT_JULY)).toEqual({
      idlib: 'proposed',
      'north-homs': 'in-force',
      'eastern-ghouta': 'dissolved',
      south: 'proposed',
    });
    const { posts } = await state('deployments/turkish-posts-idlib', PUBLISHED_BY_NEXT_JULY);
    expect(posts.reduce((sum: number, { count = 1 }: Fields) => sum + count, 0)).toBe(10);
    expect(await statusOf('agreements/north-homs-surrender-2018', PUBLISHED_BY_NEXT_JULY)).toBe(404);
    expect(await state('agreements/amman-memorandum-of-principles', PUBLISHED_BY_NEXT_JULY)).toMatchObject({ status: 'agreed' });
    const positions = await list('positions?on=agreement-amman-memorandum-of-principles', PUBLISHED_BY_NEXT_JULY);
    expect(new Set(positions.map(({ party }) => party))).toEqual(new Set(['party-united-states', 'party-russia']));
  });
});

describe('uncertain is', () => {
  const uncertain = async (path: string, asOf: string) => (await state(path, `asOf=${asOf}`))['uncertain'].toSorted();

  test('nothing about the zones on 6 July 2017', async () => {
    expect(await each('zones', JULY, (zone) => zone['uncertain'])).toEqual({
      idlib: [],
      'north-homs': [],
      'eastern-ghouta': [],
      south: [],
    });
  });

  test('whether Eastern Ghouta was in force, from its agreement until it was dissolved', async () => {
    expect(await state('zones/eastern-ghouta', 'asOf=2017-08-01')).toMatchObject({ status: 'in-force', uncertain: ['status'] });
    expect(await uncertain('zones/eastern-ghouta', '2017-09-20')).toEqual(['status']);
    expect(await uncertain('zones/eastern-ghouta', '2018-07-10')).toEqual([]);
  });

  test('whether the sixth round had been moved already in August, and not in September', async () => {
    expect(await state('talks/astana-6', 'asOf=2017-08-01')).toMatchObject({ when: '2017-09-14/2017-09-15', uncertain: ['when'] });
    expect(await uncertain('talks/astana-6', '2017-07-06')).toEqual([]);
    expect(await uncertain('talks/astana-6', '2017-09-20')).toEqual([]);
  });

  test('what the sixth round had agreed on its first day', async () => {
    expect(await uncertain('zones/idlib', '2017-09-14')).toEqual(['agreedBy', 'roles', 'status']);
    expect(await uncertain('zones/idlib', '2017-09-15')).toEqual([]);
  });

  test('on 21 July whether the Russian police stand in the south, and where', async () => {
    expect(await uncertain('deployments/russian-military-police-south', '2017-07-21')).toEqual(['place', 'posts', 'status']);
    expect(await uncertain('deployments/russian-military-police-south', '2017-07-22')).toEqual([]);
  });

  test('in the middle of December 2017 whether the offensive on Idlib has begun', async () => {
    expect(await state('zones/idlib', 'asOf=2017-12-15')).toMatchObject({ incidents: { offensive: 1 }, uncertain: ['incidents'] });
    expect(await uncertain('zones/idlib', '2018-01-01')).toEqual([]);
    expect((await state('zones/idlib', 'asOf=2017-11-30'))['incidents']).toEqual({});
  });

  test('on the day itself whether a commitment is overdue', async () => {
    const on = async (asOf: string) =>
      (await list('commitments?agreement=agreement-memorandum-de-escalation-areas', `asOf=${asOf}`)).find(
        ({ id }) => id === 'working-group',
      )!['status'];
    expect([await on('2017-05-17'), await on('2017-05-18T12:00:00Z'), await on('2017-05-19')]).toEqual([
      'open',
      'maybe-overdue',
      'overdue',
    ]);
  });
});

describe('the contradictions of the sources', () => {
  test('the day on which the memorandum entered into force is 5 May with Interfax and 4 May with TASS', async () => {
    expect(disputed(await state(MEMORANDUM, JULY), 'occurred')).toEqual({
      field: 'occurred',
      claims: [
        { value: '2017-05-05', event: eventOf('t06/memorandum'), sources: [INTERFAX], confidence: 'high' },
        { value: '2017-05-04', event: eventOf('c1/entry-into-force'), sources: [TASS], confidence: 'high' },
      ],
    });
  });

  test('the maps are due on three days, each with its source', async () => {
    const { claims } = disputed(await state(MEMORANDUM, JULY), 'commitments');
    const told = claims.map(({ value, event, sources }: Fields) => [value.map(({ id, due }: Fields) => `${id} ${due}`), event, sources]);
    expect(told).toEqual([
      [['maps 2017-06-04'], eventOf('t09/maps'), [INTERFAX]],
      [['maps 2017-05-27'], eventOf('c2/maps-27-may'), [TASS]],
      [['maps 2017-05-22'], eventOf('c2/maps-22-may'), [SPUTNIK]],
    ]);
  });

  test('the day of the working group was disputed twice, and settled by a correction', async () => {
    const settled = settledIn(await state(MEMORANDUM, JULY));
    const told = settled.map(({ how, by, claims }: Fields) => [how, by, values({ claims }).map(([{ due }]: [Fields]) => due)]);
    const by = eventOf('c2/working-group-two-weeks');
    expect(told).toEqual([
      ['corrected', by, ['2017-05-18?', '2017-05-14?']],
      ['corrected', by, ['2017-05-18?', '2017-05-09?']],
    ]);
    const before = await state(MEMORANDUM, `${JULY}&atSequence=${sequenceOf('c2/working-group-two-weeks') - 1}`);
    expect(settledIn(before)).toEqual([]);
    expect(disputed(before, 'commitments')['claims']).toHaveLength(6);
    expect(before['commitments'].find(({ id }: Fields) => id === 'working-group').due).toBe('2017-05-18?');
  });

  test('the dates of Tehran were disputed until it was told that they had been moved', async () => {
    const meeting = await state('talks/tehran-expert-group', JULY);
    expect(meeting['disputed']).toEqual([]);
    expect(settledIn(meeting)).toEqual([
      {
        field: 'when',
        how: 'withdrawn',
        by: eventOf('c3/tehran-was-moved'),
        claims: [expect.objectContaining({ value: '2017-08-01/2017-08-02' }), expect.objectContaining({ value: '2017-08-08/2017-08-09?' })],
      },
    ]);
    const before = `${JULY}&atSequence=${sequenceOf('c3/tehran-dates')}`;
    expect(values(disputed(await state('talks/tehran-expert-group', before), 'when'))).toEqual([
      '2017-08-01/2017-08-02',
      '2017-08-08/2017-08-09?',
    ]);
    expect(await diary('from=2017-08-01&to=2017-08-02', before)).toEqual([
      ['talks-tehran-expert-group', 'talks', '2017-08-01/2017-08-02', 'disputed'],
    ]);
  });

  test.each(['zones/south', 'agreements/amman-memorandum-july-2017'])('noon or midnight in %s is settled for noon', async (path) => {
    const one = await state(path, SEPTEMBER);
    const name = path === 'zones/south' ? 'south' : 'amman-memorandum';
    expect(disputed(one, 'occurred')).toBeUndefined();
    expect(settledIn(one)).toEqual([
      {
        field: 'occurred',
        how: 'withdrawn',
        by: eventOf(`c4/${name}-at-noon`),
        claims: [
          expect.objectContaining({ value: '2017-07-09T12:00:00+03:00', event: eventOf(`t16/${name}`) }),
          expect.objectContaining({ value: '2017-07-09T00:00:00+03:00', event: eventOf(`c4/${name}-at-midnight`) }),
        ],
      },
    ]);
    expect(settledIn(await state(path, 'asOf=2017-07-08'))).toEqual([]);
  });

  test.each([
    [
      'the day of the borders of northern Homs',
      'zones/north-homs',
      'occurred',
      ['2017-07-31', '2017-07-04/2017-07-05'],
      'c5/north-homs-borders',
    ],
    [
      'the place of the agreement on Jobar',
      'agreements/geneva-agreement-jobar-ghouta',
      'place',
      [expect.objectContaining({ en: 'Geneva' }), expect.objectContaining({ en: 'Cairo, Egypt' })],
      'c6/cairo-or-geneva',
    ],
    ['the day of the deal on Douma', 'agreements/douma-deal-2018', 'occurred', ['2018-04-08', '2018-04-01'], 'c7/douma-on-1-april'],
  ])('%s stays disputed', async (_, path, field, said, key) => {
    const one = await state(path, NEXT_JULY);
    expect(values(disputed(one, field))).toEqual(said);
    expect(disputed(one, field)['claims'][1]).toMatchObject({ event: eventOf(key), sources: [expect.anything()] });
    expect(settledIn(one)).toEqual([]);
  });

  test('a wrong name of a day takes no source away from the evacuation of Homs', async () => {
    const eldorar = { publisher: 'eldorar.com', url: 'https://eldorar.com/node/5820' };
    for (const [event, amendment, type] of [
      ['zone-north-homs@5', 'c8/weekday-of-the-evacuation', 'EventCorrected'],
      ['agreement-north-homs-surrender-2018@3', 'c8/evacuation-began', 'EventCorroborated'],
    ] as const) {
      const found = await state(`events/${event}`, '');
      expect(found['event'].sources).not.toContainEqual(eldorar);
      expect(found['amendments']).toEqual([expect.objectContaining({ id: eventOf(amendment), type })]);
      expect(found['holds'].sources).toContainEqual(eldorar);
      expect(found['holds'].sources).toHaveLength(4);
    }
  });

  test('are told only of what had happened, whenever they came to light', async () => {
    expect(disputed(await state(MEMORANDUM, 'asOf=2017-05-04'), 'occurred')).toBeUndefined();
    expect((await state('zones/north-homs', JULY))['disputed']).toEqual([]);
    expect((await state('talks/astana-5', 'asOf=2017-07-04'))['disputed']).toEqual([]);
  });

  test('are told of only by sources that had been published', async () => {
    const by = async (day: string) => (await state('zones/south', `${SEPTEMBER}&publishedBy=${day}`))['disputed'];
    expect((await by('2017-07-06')).map(({ field }: Fields) => field)).toEqual(['roles']);
    expect(await by('2017-05-05')).toEqual([]);
  });
});

describe('a fact that arrives last', () => {
  const ARRIVAL = 't27/faylaq-in-eastern-ghouta';
  const faylaq = { party: 'party-faylaq-al-rahman', role: 'participant', status: 'accepted', contestedBy: [] };

  test('stands in the state from its own day on', async () => {
    expect(sequenceOf(ARRIVAL)).toBe(sample().length);
    const roles = async (view: string) => (await state('zones/eastern-ghouta', view))['roles'];
    expect(await roles('asOf=2017-08-18T17:59:59Z')).toEqual([]);
    expect(await roles('asOf=2017-08-18T18:00:00Z')).toEqual([faylaq]);
    expect(await roles(SEPTEMBER)).toEqual([faylaq]);
    expect((await state('parties/faylaq-al-rahman', SEPTEMBER))['roles']).toContainEqual(
      expect.objectContaining({ in: 'zone-eastern-ghouta', role: 'participant' }),
    );
  });

  test('was not there before it arrived', async () => {
    const before = `${SEPTEMBER}&atSequence=${sequenceOf(ARRIVAL) - 1}`;
    expect((await state('zones/eastern-ghouta', before))['roles']).toEqual([]);
    expect((await list('zones/eastern-ghouta/timeline', before)).map(({ id }) => id)).not.toContain(eventOf(ARRIVAL));
  });

  test('takes its place in time among what was recorded long before', async () => {
    const timeline = (await list('zones/eastern-ghouta/timeline', NEXT_JULY)).map(({ id }) => id);
    const around = ['t24/eastern-ghouta', 't26/geneva-agreement', ARRIVAL, 't39/ghouta-offensive', 't42/eastern-ghouta-ends'];
    const places = around.map((key) => timeline.indexOf(eventOf(key)));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
  });
});

describe('the timeline of a zone', () => {
  test('has each amendment right behind the fact that it amends', async () => {
    for (const [zone, fact, amendment] of [
      ['south', 'article/south-participant-united-states', 'c9/south-participant-united-states'],
      ['south', 'article/south-participant-jordan', 'c9/south-participant-jordan'],
      ['north-homs', 't21/north-homs-extent', 'c5/north-homs-borders'],
      ['north-homs', 't10/astana-5-failed', 'c5/astana-5-outcome'],
      ['north-homs', 't43/evacuation', 'c8/weekday-of-the-evacuation'],
    ] as const) {
      const timeline = (await list(`zones/${zone}/timeline`, NEXT_JULY)).map(({ id }) => id);
      expect([amendment, timeline[timeline.indexOf(eventOf(fact)) + 1]]).toEqual([amendment, eventOf(amendment)]);
    }
  });

  test('ends where its reader stands', async () => {
    const timeline = (await list('zones/south/timeline', JULY)).map(({ id }) => id);
    expect(timeline).toContain(eventOf('t12/lavrentyev-south-approval'));
    expect(timeline).not.toContain(eventOf('t15/south'));
  });
});
