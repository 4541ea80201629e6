import { closeDesks, exist, openDesk, type Desk, type Fields, type Said } from '../support/desk.js';

afterEach(closeDesks);

const PARTIES = ['party-iran', 'party-opposition', 'party-russia', 'party-turkey'];
const occurred = '2017-07-05';

/** A desk on which a deployment, an agreement, a zone, talks and statements stand that name each other. */
function desk(): Promise<Desk> {
  return openDesk().given(
    ...exist(...PARTIES, 'zone-north', 'zone-south', 'statement-a', 'statement-b', 'agreement-ceasefire'),
    ['zones/report', { id: 'idlib', name: { en: 'Idlib' }, partOf: 'zone-north', occurred }],
    [
      'agreements/report',
      {
        id: 'memorandum',
        title: { en: 'Memorandum' },
        kind: 'memorandum',
        parties: ['party-russia'],
        zones: ['zone-idlib'],
        partOf: 'agreement-ceasefire',
        occurred,
      },
    ],
    [
      'deployments/report',
      { id: 'police', party: 'party-russia', force: 'police', zone: 'zone-idlib', basis: 'agreement-memorandum', occurred },
    ],
    [
      'talks/report',
      {
        id: 'five',
        title: { en: 'Five' },
        when: '2017-07',
        convenor: 'party-turkey',
        participants: ['party-russia'],
        on: ['zone-idlib'],
        occurred,
      },
    ],
  );
}

const about = async (...said: Said) => (await (await desk()).when(...said)).event.about;

describe('an event is about', () => {
  const deployment = ['agreement-memorandum', 'deployment-police', 'party-russia', 'zone-idlib'];
  const agreement = ['agreement-ceasefire', 'agreement-memorandum', 'party-russia', 'zone-idlib'];
  const talks = ['party-russia', 'party-turkey', 'talks-five', 'zone-idlib'];
  const iran = { party: 'party-iran', role: 'guarantor', occurred };

  test.each<[Said, string[]]>([
    [['deployments/start police', { occurred }], deployment],
    [['deployments/adjust police', { strength: 5, occurred }], deployment],
    [['deployments/withdraw police', { occurred }], deployment],
    [
      ['deployments/agree police', { by: ['party-iran'], occurred }],
      [...deployment, 'party-iran'],
    ],
    [
      ['deployments/reject police', { by: ['party-opposition'], occurred }],
      [...deployment, 'party-opposition'],
    ],
    [['agreements/suspend memorandum', { occurred }], agreement],
    [['agreements/extend memorandum', { until: '2018', occurred }], agreement],
    [
      ['agreements/sign memorandum', { party: 'party-iran', occurred }],
      [...agreement, 'party-iran'],
    ],
    [
      ['agreements/reject memorandum', { party: 'party-opposition', occurred }],
      [...agreement, 'party-opposition'],
    ],
    [
      ['agreements/commit memorandum', { commitment: 'maps', parties: ['party-iran'], text: { en: 'a' }, occurred }],
      [...agreement, 'party-iran'],
    ],
    [
      ['agreements/name-role memorandum', { ...iran, status: 'accepted' }],
      [...agreement, 'party-iran'],
    ],
    [['talks/open five', { occurred }], talks],
    [['talks/conclude five', { outcome: 'failed', occurred }], talks],
    [
      ['talks/end-role five', iran],
      [...talks, 'party-iran'],
    ],
    [
      ['zones/suspend idlib', { occurred }],
      ['zone-idlib', 'zone-north'],
    ],
    [
      ['zones/agree idlib', { by: PARTIES, basis: 'agreement-memorandum', occurred }],
      ['agreement-memorandum', ...PARTIES, 'zone-idlib', 'zone-north'],
    ],
    [
      ['zones/contest-role idlib', { ...iran, by: 'party-opposition' }],
      ['party-iran', 'party-opposition', 'zone-idlib', 'zone-north'],
    ],
    [
      [
        'zones/report-incident idlib',
        { incident: 'clash', text: { en: 'a' }, by: ['party-iran'], against: ['party-opposition'], occurred },
      ],
      ['party-iran', 'party-opposition', 'zone-idlib', 'zone-north'],
    ],
    [
      ['parties/join iran', { of: 'party-opposition', occurred }],
      ['party-iran', 'party-opposition'],
    ],
  ])('all that %j touches', async (said, expected) => expect(await about(...said)).toEqual([...expected].sort()));

  test('who joined an agreement since, and the statements that it rests on', async () => {
    const at = await (
      await desk()
    ).given(
      ['agreements/sign memorandum', { party: 'party-turkey', occurred }],
      ['agreements/agree memorandum', { by: ['party-iran'], occurred }],
    );
    const { event } = await at.when('agreements/suspend memorandum', { occurred, accordingTo: ['statement-b', 'statement-a'] });
    expect(event.about).toEqual([...agreement, 'party-iran', 'party-turkey', 'statement-a', 'statement-b'].sort());
  });

  test('what a party is a member of', async () => {
    const at = await (await desk()).given(['parties/join iran', { of: 'party-opposition', occurred }]);
    expect((await at.when('parties/rename iran', { name: { en: 'Persia' }, occurred })).event.about).toEqual([
      'party-iran',
      'party-opposition',
    ]);
  });

  // Its parties stand in the commitment, not among the agreement's: a filter on them passes its breach over.
  test.each(['fulfil', 'breach'])('the parties of the commitment on %s', async (verb) => {
    const at = await (
      await desk()
    ).given(['agreements/commit memorandum', { commitment: 'maps', parties: ['party-iran'], text: { en: 'a' }, occurred }]);
    expect((await at.when(`agreements/${verb} memorandum`, { commitment: 'maps', occurred })).event.about).toContain('party-iran');
  });

  test('everyone and everything that a statement names, and the stream of an event on which it takes a stance', async () => {
    const at = await desk();
    const strike = await at.when('zones/report-incident south', { incident: 'strike', text: { en: 'a' }, occurred });
    const body = (on: string): Fields => ({
      speaker: { party: 'party-iran' },
      onBehalfOf: 'party-russia',
      attribution: 'on-record',
      lang: 'fa',
      text: { en: on },
      at: 'talks-five',
      mentions: ['agreement-memorandum'],
      stances: [
        { on, stance: 'denies', party: 'party-turkey' },
        { on: 'deployment-police', stance: 'supports' },
      ],
      occurred,
    });
    const named = ['agreement-memorandum', 'deployment-police', 'party-iran', 'party-russia', 'party-turkey', 'talks-five', 'zone-south'];
    for (const on of [strike.event.id, 'zone-south@1', 'zone-south']) {
      const { event } = await at.when('statements/make', body(on));
      expect(event.about).toEqual([...named, event.stream].sort());
    }
  });
});

describe('a name that nothing bears', () => {
  const unknown = async (...said: Said) => {
    const { code, faults, message } = await (await desk()).refused(...said);
    return { code, faults, message };
  };

  test.each<[Said, string, string]>([
    [['zones/report', { id: 'new', name: { en: 'a' }, partOf: 'zone-nowhere', occurred }], 'partOf', 'zone-nowhere'],
    [['zones/agree idlib', { by: ['party-russia', 'party-nobody'], occurred }], 'by[1]', 'party-nobody'],
    [['zones/agree idlib', { basis: 'agreement-none', occurred }], 'basis', 'agreement-none'],
    [['zones/suspend idlib', { accordingTo: ['statement-none'], occurred }], 'accordingTo[0]', 'statement-none'],
    [['deployments/report', { id: 'new', party: 'party-nobody', force: 'police', occurred }], 'party', 'party-nobody'],
    [['agreements/end memorandum', { supersededBy: 'agreement-none', occurred }], 'supersededBy', 'agreement-none'],
    [['talks/contest-role five', { party: 'party-iran', role: 'host', by: 'party-nobody', occurred }], 'by', 'party-nobody'],
    [['parties/join iran', { of: 'party-nobody', occurred }], 'of', 'party-nobody'],
    [['statements/make', said({ speaker: { party: 'party-nobody' } })], 'speaker.party', 'party-nobody'],
    [['statements/make', said({ mentions: ['zone-idlib', 'talks-none'] })], 'mentions[1]', 'talks-none'],
    [['statements/make', said({ stances: [{ on: 'zone-none', stance: 'supports' }] })], 'stances[0].on', 'zone-none'],
    [['statements/make', said({ stances: [{ on: 'zone-idlib@7', stance: 'supports' }] })], 'stances[0].on', 'zone-idlib@7'],
    [
      ['statements/make', said({ stances: [{ on: '01890a5d-ac96-774b-bcce-b302099a8057', stance: 'denies' }] })],
      'stances[0].on',
      '01890a5d-ac96-774b-bcce-b302099a8057',
    ],
  ])('is refused in %j', async (command, field, name) => {
    expect(await unknown(...command)).toEqual({
      code: 'unknown-reference',
      faults: [`${field} exists`],
      message: expect.stringContaining(name),
    });
  });

  test('is told with every other that the body has', async () => {
    const { faults } = await unknown('zones/report-incident idlib', {
      incident: 'clash',
      text: { en: 'a' },
      by: ['party-x', 'party-iran', 'party-y'],
      against: ['party-z'],
      occurred,
    });
    expect(faults.sort()).toEqual(['against[0] exists', 'by[0] exists', 'by[2] exists']);
  });

  test.each<Said>([
    ['zones/suspend nowhere', { occurred }],
    ['deployments/start none', { occurred }],
    ['agreements/sign none', { party: 'party-nobody', occurred }],
    ['talks/open none', { occurred }],
    ['parties/rename nobody', { name: { en: 'a' }, occurred }],
  ])('is refused as the subject of %s', async (command, body) => {
    const [collection, id] = [command.split('/')[0]!, command.split(' ')[1]!];
    const kind = collection === 'parties' ? 'party' : collection.replace(/(?<!talk)s$/, '');
    expect(await unknown(command, body)).toEqual({
      code: 'no-such-subject',
      faults: [],
      message: expect.stringContaining(`${kind}-${id}`),
    });
  });

  test('is refused of a repeat that rests on it', async () => {
    const at = await (await desk()).given(['zones/suspend idlib', { occurred }]);
    expect((await at.refused('zones/suspend idlib', { occurred, accordingTo: ['statement-none'] })).code).toBe('unknown-reference');
  });
});

function said(more: Fields): Fields {
  return { speaker: {}, attribution: 'on-record', lang: 'en', text: { en: 'a' }, occurred, ...more };
}
