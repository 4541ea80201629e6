import { closeDesks, exist, openDesk, type Desk, type Fields, type Said } from '../support/desk.js';
import { correct, corroborate, dispute, idAt, reason, retract, submittedAsIs } from './amending.js';

afterEach(closeDesks);

const other = { reason: { en: 'Another reason.' } };
const from = (publisher: string): Fields => ({ sources: [{ publisher }] });
const suspend = (more: Fields = {}, how: Said[2] = {}): Said => ['zones/suspend idlib', { occurred: '2017-12', ...more }, how];
const inForce = (occurred: string): Said => ['zones/enter-into-force idlib', { occurred }];

/** A zone that was suspended: `zone-idlib@1`. */
const desk = () =>
  openDesk().given(
    ...exist('party-iran', 'party-russia', 'party-turkey', 'zone-idlib', 'zone-south', 'statement-a', 'statement-b'),
    suspend({ reason: { en: 'An offensive' } }),
  );

/** Sends a command that is a repeat, and sees to it that nothing is written. */
async function repeated(at: Desk, ...said: Said) {
  const { head } = at;
  const answer = await at.when(...said);
  expect([answer.created, at.head]).toEqual([false, head]);
  return answer;
}

describe('an amendment', () => {
  test.each<[string, string, Said]>([
    ['EventCorrected', 'corrects', correct('zone-idlib@1', { occurred: '2017-11' })],
    ['EventRetracted', 'retracts', retract('zone-idlib@1')],
    ['EventCorroborated', 'corroborates', corroborate('zone-idlib@1', 'SANA')],
    ['EventDisputed', 'disputes', dispute('zone-idlib@1', undefined)],
  ])('%s is the next event of its target’s stream, and names its target', async (type, names, said) => {
    const at = await desk();
    const { head } = at;
    const { created, reply, event } = await at.when(said[0], said[1], { caller: 'reuters', key: 'k' });
    expect(created).toBe(true);
    expect(reply).toEqual({ id: 'idlib', stream: 'zone-idlib', revision: 2, sequence: head + 1, eventId: event.id });
    const { sources = [{ publisher: 'TASS' }], ...data } = said[1];
    expect(event).toEqual({
      sequence: head + 1,
      id: expect.any(String),
      stream: 'zone-idlib',
      revision: 2,
      type,
      version: 1,
      recordedAt: '2019-01-01T00:00:00.000Z',
      recordedBy: 'reuters',
      sources,
      about: ['zone-idlib'],
      data,
      commandKey: 'k',
      [names]: idAt(at, 'zone-idlib@1'),
    });
  });

  test('aims at an event by its id as by its place', async () => {
    const at = await desk();
    const id = idAt(at, 'zone-idlib@1');
    expect((await at.when(...retract(id))).event.retracts).toBe(id);
  });

  test('keeps when it was told, on whose word, and how sure its teller is', async () => {
    const told = { occurred: '2018-01', accordingTo: ['statement-a'], confidence: 'low' };
    for (const said of [
      correct('zone-idlib@1', { occurred: '2017-11' }, told),
      retract('zone-idlib@1', told),
      corroborate('zone-idlib@1', 'SANA', told),
      dispute('zone-idlib@1', undefined, told),
    ]) {
      const { event } = await (await desk()).when(...said);
      expect(event).toMatchObject(told);
      expect(event.about).toEqual(['statement-a', 'zone-idlib']);
    }
  });
});

describe('what an amendment may aim at', () => {
  /** One of each, standing and retracted. */
  const PLACES = {
    'a fact': 'zone-idlib@1',
    'a correction': 'zone-idlib@2',
    'a corroboration': 'zone-idlib@3',
    'a dispute': 'zone-idlib@4',
    'a retraction': 'zone-idlib@6',
    'a retracted fact': 'zone-idlib@5',
    'a retracted correction': 'zone-idlib@7',
    'a retracted corroboration': 'zone-idlib@9',
    'a retracted dispute': 'zone-idlib@11',
  };
  const world = async () =>
    (await desk()).given(
      correct('zone-idlib@1', { occurred: '2017-11' }),
      corroborate('zone-idlib@1', 'SANA'),
      dispute('zone-idlib@1', { occurred: '2017-10' }),
      inForce('2018'),
      retract('zone-idlib@5'),
      correct('zone-idlib@1', { confidence: 'low' }),
      retract('zone-idlib@7'),
      corroborate('zone-idlib@1', 'AFP'),
      retract('zone-idlib@9'),
      dispute('zone-idlib@1', undefined),
      retract('zone-idlib@11'),
    );
  const VERBS: Record<string, (place: string) => Said> = {
    correct: (place) => correct(place, { occurred: '2016' }, other),
    retract: (place) => retract(place, other),
    corroborate: (place) => corroborate(place, 'Reuters'),
    dispute: (place) => dispute(place, { occurred: '2015' }, other),
  };
  const TAKEN: Record<string, string[]> = {
    'a fact': Object.keys(VERBS),
    'a correction': ['retract'],
    'a corroboration': ['retract'],
    'a dispute': ['retract'],
  };
  const pairs = Object.keys(PLACES).flatMap((what) =>
    Object.keys(VERBS).map((verb) => ({ verb, what, taken: TAKEN[what]?.includes(verb) ?? false })),
  );

  test.each(pairs)('$verb on $what: $taken', async ({ verb, what, taken }) => {
    const at = await world();
    const said = VERBS[verb]!(PLACES[what as keyof typeof PLACES]);
    if (taken) expect((await at.when(...said)).created).toBe(true);
    else expect(await at.refused(...said)).toMatchObject({ code: 'not-amendable', faults: [] });
  });

  test('is what is there', async () => {
    const at = await desk();
    for (const verb of Object.values(VERBS))
      for (const name of ['zone-idlib@2', 'zone-nowhere@0', '01890a5d-ac96-774b-bcce-b302099a8057'])
        expect((await at.refused(...verb(name))).code).toBe('no-such-event');
  });

  test.each([
    'zone-idlib',
    'idlib',
    'zone-idlib@',
    'zone-idlib@01',
    'zone-idlib@-1',
    'zones-idlib@0',
    '01890A5D-AC96-774B-BCCE-B302099A8057',
  ])('is not named by %s', async (name) => {
    const at = await desk();
    for (const verb of Object.values(VERBS))
      expect(await at.refused(...verb(name))).toMatchObject({ code: 'malformed', faults: ['id event'] });
  });

  test('is named', async () => {
    const at = await desk();
    for (const verb of Object.keys(VERBS))
      expect(await at.refused(`events/${verb}`, VERBS[verb]!('')[1])).toMatchObject({ code: 'malformed', faults: ['id event'] });
  });

  test('is not for other verbs', async () => {
    const at = await desk();
    for (const verb of ['amend', 'toString', 'constructor', 'correct/now'])
      expect((await at.refused(`events/${verb} zone-idlib@1`, { reason })).code).toBe('no-such-command');
  });

  test('is the corrections of a retracted fact too, and they can be taken back', async () => {
    const at = await (await world()).given(retract('zone-idlib@1'));
    for (const place of ['zone-idlib@2', 'zone-idlib@3', 'zone-idlib@4']) expect((await at.when(...retract(place))).created).toBe(true);
  });
});

describe('the body of an amendment', () => {
  const named = (verb: string) => `events/${verb} zone-idlib@1`;
  const changes = { occurred: '2017-11' };

  test.each<[string, Fields, string[]]>([
    ['correct', { reason }, ['changes fields']],
    ['correct', { changes: {}, reason }, ['changes fields']],
    ['correct', { changes: [{ occurred: '2017' }], reason }, ['changes fields']],
    ['correct', { changes: null, reason }, ['changes fields']],
    ['correct', { changes: 'occurred', reason }, ['changes fields']],
    ['correct', { changes }, ['reason localized']],
    ['correct', { changes, reason: 'a plain one' }, ['reason localized']],
    ['correct', { changes, reason, claim: changes }, ['claim unknown-field']],
    ['correct', { changes, reason, occurred: null }, ['occurred edtf']],
    ['correct', { changes, reason, sources: [] }, ['sources object']],
    ['correct', { changes: { id: 'south' }, reason }, ['changes.id fixed']],
    ['correct', { changes: { id: 'idlib' }, reason }, ['changes.id fixed']],
    ['correct', { changes: { id: null, ...changes }, reason }, ['changes.id fixed']],
    ['retract', {}, ['reason localized']],
    ['retract', { reason, changes }, ['changes unknown-field']],
    ['corroborate', {}, ['sources object']],
    ['corroborate', { sources: [] }, ['sources object']],
    ['corroborate', { ...from('SANA'), reason }, ['reason unknown-field']],
    ['dispute', { reason }, ['sources object']],
    ['dispute', { ...from('SANA') }, ['reason localized']],
    ['dispute', { reason, ...from('SANA'), claim: {} }, ['claim fields']],
    ['dispute', { reason, ...from('SANA'), claim: null }, ['claim fields']],
    ...['id', 'sources', 'accordingTo', 'confidence'].map((field): [string, Fields, string[]] => [
      'dispute',
      { reason, ...from('SANA'), claim: { [field]: 'x' } },
      ['claim claim'],
    ]),
    ['dispute', { reason, ...from('SANA'), claim: { reason: null } }, ['claim claim']],
  ])('of %s is refused as %j', async (verb, body, faults) => {
    expect(await (await desk()).refusedAsIs(named(verb), body)).toMatchObject({ code: 'malformed', faults });
  });

  test('of a correction and of a retraction needs no source', async () => {
    const at = await desk();
    for (const said of [correct('zone-idlib@1', changes), retract('zone-idlib@1')])
      expect((await submittedAsIs(at, ...said)).sources).toEqual([]);
  });

  test('tells every date that is more than a day ahead', async () => {
    const at = await desk();
    const [ahead, near] = ['2019-01-03', '2019-01-02'];
    const wrong = await at.refused(...correct('zone-idlib@1', { occurred: ahead }, { occurred: ahead }));
    expect([wrong.code, wrong.faults]).toEqual(['malformed', ['occurred not-ahead', 'changes.occurred not-ahead']]);
    expect((await at.refused(...dispute('zone-idlib@1', { occurred: ahead }))).faults).toEqual(['claim.occurred not-ahead']);
    expect((await at.refused(...retract('zone-idlib@1', { occurred: ahead }))).faults).toEqual(['occurred not-ahead']);
    expect((await at.refused(...corroborate('zone-idlib@1', 'SANA', { occurred: '2020/..' }))).faults).toEqual(['occurred not-ahead']);
    await at.given(correct('zone-idlib@1', { occurred: near }, { occurred: near }), dispute('zone-idlib@1', { occurred: '2019-01' }));
  });

  test('may plan ahead where the fact does', async () => {
    const at = await (await desk()).given(...exist('talks-five'));
    expect((await at.when(...correct('talks-five@0', { when: '2030' }))).created).toBe(true);
  });
});

const SPEAKER = { name: { en: 'A diplomat' }, role: { en: 'diplomat' } };

/** What there is to correct, each at its place. */
const facts = async () =>
  (await desk()).given(
    ['zones/delimit south', { extent: { en: 'the town' }, level: 'final', occurred: '2017-09' }],
    ['statements/make', { id: 'said', speaker: SPEAKER, attribution: 'on-record', lang: 'en', text: { en: 'a' }, occurred: '2017' }],
    ['deployments/report', { id: 'police', party: 'party-russia', force: 'police', strength: 40, occurred: '2017' }],
    ['parties/rename iran', { name: { en: 'Iran' }, occurred: '2017', ...from('TASS'), confidence: 'high', accordingTo: ['statement-a'] }],
  );

describe('a correction', () => {
  test.each<[string, Fields, string[]]>([
    ['zone-idlib@1', { occurred: 'last year' }, ['changes.occurred edtf']],
    ['zone-idlib@1', { occurred: null }, ['changes.occurred edtf']],
    ['zone-idlib@1', { sources: null }, ['changes.sources object']],
    ['zone-idlib@1', { sources: [] }, ['changes.sources object']],
    ['zone-idlib@1', { sources: [{ publisher: 'a', outlet: 'b' }] }, ['changes.sources[0].outlet unknown-field']],
    ['zone-idlib@1', { sources: [{ title: 'b' }] }, ['changes.sources[0].publisher line']],
    ['zone-idlib@1', { confidence: 'certain' }, ['changes.confidence one-of']],
    ['zone-idlib@1', { accordingTo: ['zone-south'] }, ['changes.accordingTo reference']],
    ['zone-idlib@1', { accordingTo: [] }, ['changes.accordingTo reference']],
    ['zone-idlib@1', { reason: { en: ' ' } }, ['changes.reason localized']],
    ['zone-idlib@1', { extent: { en: 'a' } }, ['changes.extent unknown-field']],
    [
      'zone-idlib@1',
      { recordedAt: '2017', about: [], type: 'ZoneDissolved' },
      ['about', 'recordedAt', 'type'].map((f) => `changes.${f} unknown-field`),
    ],
    ['zone-idlib@1', { toString: 'a' }, ['changes.toString unknown-field']],
    ['zone-idlib@0', { name: null }, ['changes.name localized']],
    ['zone-idlib@0', { more: null }, ['changes.more unknown-field']],
    ['zone-idlib@0', { status: 'burning', partOf: 'party-iran' }, ['changes.partOf reference', 'changes.status one-of']],
    ['zone-south@1', { extent: null }, ['changes.extent at-least-one']],
    ['zone-south@1', { areas: [{ name: { en: 'a' }, part: 'b' }] }, ['changes.areas[0].part localized']],
    ['statement-said@0', { attribution: 'anonymous' }, ['changes.speaker anonymous']],
    ['statement-said@0', { speaker: null }, ['changes.speaker object']],
    ['deployment-police@0', { strength: { min: 9, max: 3 } }, ['changes.strength quantity']],
    ['deployment-police@0', { party: null, force: null }, ['changes.force one-of', 'changes.party reference']],
  ])('of %s with %j is refused field by field', async (place, changes, faults) => {
    const refusal = await (await facts()).refused(...correct(place, changes));
    expect([refusal.code, refusal.faults.sort()]).toEqual(['malformed', faults]);
  });

  // What is no text, no list or no word is none under any field: not even where the fact would do without it.
  test.each<[string, Fields]>(
    [5, true, {}, '', 0, false, []].flatMap((wrong): [string, Fields][] => [
      ['occurred', { occurred: wrong }],
      ['sources', { sources: wrong }],
      ['accordingTo', { accordingTo: wrong }],
      ['confidence', { confidence: wrong }],
      ['name', { name: wrong }],
    ]),
  )('is refused with %s as in %j', async (field, changes) => {
    const at = await facts();
    const { code, faults } = await at.refused(...correct('party-iran@1', changes));
    expect([code, faults[0]]).toEqual(['malformed', expect.stringMatching(`^changes\\.${field} `)]);
  });

  test.each(['toString', 'valueOf', 'hasOwnProperty'])('can’t take %s away, which no body has', async (name) => {
    const changes = { occurred: '2016', [name]: null };
    expect(await (await desk()).refused(...correct('zone-idlib@1', changes))).toMatchObject({
      code: 'malformed',
      faults: [`changes.${name} unknown-field`],
    });
  });

  test('takes an optional field away, and sets one that was left out', async () => {
    const at = await facts();
    await at.given(correct('zone-idlib@1', { reason: null, confidence: 'low', accordingTo: ['statement-a'] }));
    expect(at.record.tail.standing(at.record.tail.event({ stream: 'zone-idlib', revision: 1 })!)).toMatchObject({
      data: {},
      confidence: 'low',
      accordingTo: ['statement-a'],
    });
    await at.given(correct('zone-idlib@1', { confidence: null, accordingTo: null }));
    const holds = at.record.tail.standing(at.record.tail.event({ stream: 'zone-idlib', revision: 1 })!);
    expect([holds.confidence, holds.accordingTo]).toEqual([undefined, undefined]);
  });

  test('of a party may take its sources away, which a party does not need', async () => {
    expect((await (await facts()).when(...correct('party-iran@1', { sources: null }))).created).toBe(true);
  });

  test('is of the whole fact: what is right only together is told together', async () => {
    const at = await facts();
    const hidden = { attribution: 'anonymous', speaker: { role: { en: 'diplomat' } } };
    expect((await at.when(...correct('statement-said@0', hidden))).created).toBe(true);
    expect((await at.refused(...correct('statement-said@0', { speaker: SPEAKER }))).faults).toEqual(['changes.speaker anonymous']);
    // Nor is the speaker named by taking the protection away: a claim would hold the name as well.
    const named = { attribution: 'on-record', speaker: SPEAKER };
    expect((await at.refused(...correct('statement-said@0', named))).faults).toEqual(['changes.speaker anonymous']);
    expect((await at.refused(...dispute('statement-said@0', named))).faults).toEqual(['claim.speaker anonymous']);
    const drawn = { extent: null, areas: [{ name: { en: 'Idlib' } }] };
    expect((await at.when(...correct('zone-south@1', drawn))).created).toBe(true);
    expect((await at.refused(...correct('zone-south@1', { areas: null }))).faults).toEqual(['changes.extent at-least-one']);
  });

  test('builds on the corrections before it that stand', async () => {
    const at = await (
      await facts()
    ).given(correct('zone-south@1', { areas: [{ name: { en: 'Idlib' } }] }), correct('zone-south@1', { extent: null }));
    expect(await at.refused(...retract('zone-south@2'))).toMatchObject({ code: 'not-amendable', faults: ['extent at-least-one'] });
    await at.given(retract('zone-south@3'), retract('zone-south@2'));
    expect((await at.refused(...correct('zone-south@1', { extent: null }))).faults).toEqual(['changes.extent at-least-one']);
  });

  test('can’t be taken back where the fact would name whom it protects', async () => {
    const at = await (
      await facts()
    ).given(
      correct('statement-said@0', { speaker: { role: { en: 'diplomat' } } }),
      correct('statement-said@0', { attribution: 'anonymous' }),
    );
    expect(await at.refused(...retract('statement-said@1'))).toMatchObject({ code: 'not-amendable', faults: ['speaker anonymous'] });
  });

  test.each<Fields>([
    { occurred: '2017-12' },
    { reason: { en: 'An offensive' } },
    { occurred: '2017-12', sources: [{ publisher: 'TASS' }] },
    { confidence: null },
  ])('to what already holds is refused: %j', async (changes) => {
    const at = await (await desk()).given(corroborate('zone-idlib@1', 'SANA'));
    expect(await at.refused(...correct('zone-idlib@1', changes))).toMatchObject({ code: 'not-amendable', faults: [] });
  });

  test('that names nothing that exists is refused by the fields that do', async () => {
    const at = await facts();
    const unknown = async (place: string, changes: Fields) => {
      const { code, faults } = await at.refused(...correct(place, changes));
      return [code, ...faults.sort()];
    };
    expect(await unknown('zone-idlib@0', { partOf: 'zone-nowhere' })).toEqual(['unknown-reference', 'changes.partOf exists']);
    expect(await unknown('zone-idlib@0', { accordingTo: ['statement-a', 'statement-z'] })).toEqual([
      'unknown-reference',
      'changes.accordingTo[1] exists',
    ]);
    expect(
      await unknown('statement-said@0', { speaker: { party: 'party-x' }, stances: [{ on: 'zone-idlib@9', stance: 'denies' }] }),
    ).toEqual(['unknown-reference', 'changes.speaker.party exists', 'changes.stances[0].on exists']);
    const wrong = await at.refused(...dispute('deployment-police@0', { party: 'party-x' }, { accordingTo: ['statement-z'] }));
    expect([wrong.code, ...wrong.faults.sort()]).toEqual(['unknown-reference', 'accordingTo[0] exists', 'claim.party exists']);
    for (const said of [
      retract('zone-idlib@1', { accordingTo: ['statement-z'] }),
      corroborate('zone-idlib@1', 'SANA', { accordingTo: ['statement-z'] }),
    ])
      expect(await at.refused(...said)).toMatchObject({ code: 'unknown-reference', faults: ['accordingTo[0] exists'] });
  });

  describe('that makes the body larger than a body may be', () => {
    const long = { en: 'x'.repeat(30_000) };
    const zone = async () => openDesk().given(['zones/report', { id: 'idlib', name: { en: 'Idlib' }, extent: long, occurred: '2017' }]);

    test('is refused, though it is small itself', async () => {
      const at = await zone();
      expect((await at.refused(...correct('zone-idlib@0', { name: long }))).code).toBe('too-large');
      expect((await at.refused(...dispute('zone-idlib@0', { name: long }))).code).toBe('too-large');
      expect((await at.when(...correct('zone-idlib@0', { name: long, extent: null }))).created).toBe(true);
    });

    test('counts the sources of the fact, and not those that corroborate it', async () => {
      const at = await zone();
      const sources = Array.from({ length: 20 }, (_, n) => ({ publisher: `p${n}`, title: 'x'.repeat(1_000) }));
      expect((await at.refused(...correct('zone-idlib@0', { sources }))).code).toBe('too-large');
      await at.given(['events/corroborate zone-idlib@0', { sources }]);
      expect((await at.when(...correct('zone-idlib@0', { name: { en: 'x'.repeat(10_000) } }))).created).toBe(true);
    });

    test('counts what is left when a correction is taken back', async () => {
      const at = await (await zone()).given(correct('zone-idlib@0', { extent: null }), correct('zone-idlib@0', { name: long }));
      expect(['too-large', 'not-amendable']).toContain((await at.refused(...retract('zone-idlib@1'))).code);
    });
  });
});

describe('a dispute', () => {
  test.each<[string, Fields, string[]]>([
    ['zone-idlib@1', { occurred: 'last year' }, ['claim.occurred edtf']],
    ['zone-idlib@1', { occurred: 5 }, ['claim.occurred edtf']],
    ['zone-idlib@1', { extent: { en: 'a' } }, ['claim.extent unknown-field']],
    ['zone-south@1', { level: 'most' }, ['claim.level one-of']],
    ['statement-said@0', { attribution: 'anonymous' }, ['claim.speaker anonymous']],
  ])('of %s with %j is refused field by field', async (place, claim, faults) => {
    expect(await (await facts()).refused(...dispute(place, claim))).toMatchObject({ code: 'malformed', faults });
  });

  test('that claims what already holds is refused', async () => {
    const at = await (await desk()).given(correct('zone-idlib@1', { occurred: '2017-11' }));
    expect((await at.refused(...dispute('zone-idlib@1', { occurred: '2017-11' }))).code).toBe('not-amendable');
    expect((await at.when(...dispute('zone-idlib@1', { occurred: '2017-12' }))).created).toBe(true);
  });
});

describe('an amendment is about', () => {
  const world = async () =>
    (await desk()).given(
      ['deployments/report', { id: 'police', party: 'party-russia', force: 'police', zone: 'zone-idlib', occurred: '2017' }],
      ['statements/make', { id: 'said', speaker: {}, attribution: 'on-record', lang: 'en', text: { en: 'a' }, occurred: '2017' }],
    );
  const police = ['deployment-police', 'party-russia', 'zone-idlib'];

  test('all that its target is about, and what the change adds', async () => {
    const at = await world();
    const about = async (...said: Said) => (await at.when(...said)).event.about;
    const moved = await about(...correct('deployment-police@0', { zone: 'zone-south' }, { accordingTo: ['statement-a'] }));
    expect(moved).toEqual([...police, 'statement-a', 'zone-south'].sort());
    // Whoever followed the other zone has to hear of this one too.
    const back = await about(...correct('deployment-police@0', { zone: 'zone-idlib' }));
    expect(back).toEqual(moved);
    expect(await about(...dispute('deployment-police@0', { party: 'party-iran' }))).toEqual([...moved, 'party-iran'].sort());
    expect(await about(...corroborate('deployment-police@0', 'SANA'))).toEqual([...moved, 'party-iran'].sort());
    expect(await about(...retract('deployment-police@2'))).toEqual([...moved, 'party-iran'].sort());
    expect(await about(...retract('deployment-police@0', { accordingTo: ['statement-b'] }))).toEqual(
      [...moved, 'party-iran', 'statement-b'].sort(),
    );
  });

  test('the stream of an event that a stance is on', async () => {
    const at = await world();
    const stances = [{ on: 'zone-idlib@1', stance: 'denies', party: 'party-turkey' }];
    expect((await at.when(...correct('statement-said@0', { stances }))).event.about).toEqual([
      'party-turkey',
      'statement-said',
      'zone-idlib',
    ]);
    const on = [{ on: idAt(at, 'zone-south@0'), stance: 'supports' }];
    expect((await at.when(...dispute('statement-said@0', { stances: on }))).event.about).toContain('zone-south');
  });

  test('what a role was corrected from and to', async () => {
    const at = await (
      await world()
    ).given(['zones/name-role idlib', { party: 'party-iran', role: 'host', status: 'accepted', occurred: '2017' }]);
    expect((await at.when(...correct('zone-idlib@2', { party: 'party-turkey' }))).event.about).toEqual([
      'party-iran',
      'party-turkey',
      'zone-idlib',
    ]);
    const repeat = await at.when('zones/name-role idlib', {
      party: 'party-turkey',
      role: 'host',
      status: 'accepted',
      occurred: '2017',
      ...from('AFP'),
    });
    expect(repeat.event).toMatchObject({ type: 'EventCorroborated', about: ['party-iran', 'party-turkey', 'zone-idlib'] });
  });
});

describe('the same amendment again', () => {
  test.each<[string, Said]>([
    ['correction', correct('zone-idlib@1', { occurred: '2017-11' })],
    ['correction that takes a field away', correct('zone-idlib@1', { reason: null })],
    ['retraction', retract('zone-idlib@1')],
    ['dispute', dispute('zone-idlib@1', { occurred: '2017-11' })],
    ['dispute without a claim', dispute('zone-idlib@1', undefined)],
  ])('is answered with the first, and not recorded: a %s', async (_, said) => {
    const at = await desk();
    const first = await at.when(...said);
    expect(await repeated(at, ...said)).toEqual({ ...first, created: false });
    expect(await repeated(at, said[0], said[1], { caller: 'another', ifMatch: 0 })).toEqual({ ...first, created: false });
    const [one, two] = await Promise.all([at.when(...said), at.when(...said)]);
    expect([one, two]).toEqual(Array(2).fill({ ...first, created: false }));
  });

  test('that comes while the first is being written is one with it', async () => {
    for (const said of [
      correct('zone-idlib@1', { occurred: '2017-11' }),
      retract('zone-idlib@1'),
      dispute('zone-idlib@1', { occurred: '2017-11' }),
      corroborate('zone-idlib@1', 'SANA'),
    ]) {
      const at = await desk();
      const { head } = at;
      const answers = await Promise.all([at.when(...said), at.when(...said)]);
      expect([answers.map(({ created }) => created), at.head]).toEqual([[true, false], head + 1]);
    }
  });

  test('by another source is recorded of a dispute, and of nothing else', async () => {
    const at = await desk();
    const disputed = dispute('zone-idlib@1', undefined);
    await at.given(disputed, correct('zone-idlib@1', { occurred: '2017-11' }));
    await repeated(at, ...correct('zone-idlib@1', { occurred: '2017-11' }, from('SANA')));
    expect((await at.when(disputed[0], { ...disputed[1], ...from('SANA') })).created).toBe(true);
    await at.given(retract('zone-idlib@1'));
    await repeated(at, ...retract('zone-idlib@1', from('SANA')));
  });

  test('by a source that disputed it before another did is not recorded', async () => {
    const at = await desk();
    const said = (publisher: string): Said => dispute('zone-idlib@1', undefined, from(publisher));
    const first = await at.when(...said('TASS'));
    await at.given(said('SANA'));
    expect((await repeated(at, ...said('TASS'))).reply).toEqual(first.reply);
  });

  test('is not the same with another reason: what holds already is refused then', async () => {
    const at = await (await desk()).given(correct('zone-idlib@1', { occurred: '2017-11' }));
    expect((await at.refused(...correct('zone-idlib@1', { occurred: '2017-11' }, other))).code).toBe('not-amendable');
    await at.given(retract('zone-idlib@1'));
    expect((await at.refused(...retract('zone-idlib@1', other))).code).toBe('not-amendable');
  });

  test('is another once the first was corrected away', async () => {
    const at = await desk();
    const first = correct('zone-idlib@1', { occurred: '2017-11' });
    await at.given(first, correct('zone-idlib@1', { occurred: '2017-10' }));
    const { created, event } = await at.when(...first);
    expect([created, event.revision]).toEqual([true, 4]);
    expect((await repeated(at, ...first)).event.id).toBe(event.id);
  });

  test('is another once the first was retracted', async () => {
    for (const said of [
      correct('zone-idlib@1', { occurred: '2017-11' }),
      dispute('zone-idlib@1', { occurred: '2017-11' }),
      corroborate('zone-idlib@1', 'SANA'),
    ]) {
      const at = await (await desk()).given(said, retract('zone-idlib@2'));
      expect((await at.when(...said)).reply.revision).toBe(4);
    }
  });

  test('is another once the dispute was settled', async () => {
    const said = dispute('zone-idlib@1', { occurred: '2017-11' });
    const at = await (await desk()).given(said, correct('zone-idlib@1', { occurred: '2017-10' }));
    expect((await at.when(...said)).created).toBe(true);
    await repeated(at, ...said);
  });

  test.each<[string, Fields]>([
    ['sources', from('AFP')],
    ['statements', { accordingTo: ['statement-a'] }],
  ])('of a correction of %s is answered with the first though others corroborate the fact', async (_, changes) => {
    const before = await (await desk()).given(corroborate('zone-idlib@1', 'SANA', { accordingTo: ['statement-b'] }));
    await before.given(correct('zone-idlib@1', changes));
    await repeated(before, ...correct('zone-idlib@1', changes));
    const since = await (await desk()).given(correct('zone-idlib@1', changes));
    await since.given(corroborate('zone-idlib@1', 'SANA', { accordingTo: ['statement-b'] }));
    await repeated(since, ...correct('zone-idlib@1', changes));
  });

  test('of a corroboration is answered with the fact', async () => {
    const at = await (await desk()).given(corroborate('zone-idlib@1', 'SANA'));
    const fact = { id: 'idlib', stream: 'zone-idlib', revision: 1 };
    for (const said of [
      corroborate('zone-idlib@1', 'SANA'),
      corroborate('zone-idlib@1', 'sana'),
      corroborate('zone-idlib@1', 'TASS'),
      ['events/corroborate zone-idlib@1', { sources: [{ publisher: 'The Times', origin: 'SANA' }] }] as Said,
    ])
      expect((await repeated(at, ...said)).reply).toMatchObject(fact);
    expect((await at.when(...corroborate('zone-idlib@1', 'SANA', { accordingTo: ['statement-a'] }))).created).toBe(true);
    await repeated(at, ...corroborate('zone-idlib@1', 'SANA', { accordingTo: ['statement-a'] }));
  });
});

describe('a report of what was amended', () => {
  const asTold = suspend({ reason: { en: 'An offensive' } });
  const corrected = suspend({ reason: { en: 'An offensive' }, occurred: '2017-11' });

  test('as it was told is another fact once that was corrected, and as corrected a repeat', async () => {
    const at = await (await desk()).given(correct('zone-idlib@1', { occurred: '2017-11' }));
    expect((await repeated(at, ...corrected)).reply).toMatchObject({ revision: 1 });
    const { created, event } = await at.when(...asTold);
    expect([created, event.type, event.revision]).toEqual([true, 'ZoneSuspended', 3]);
  });

  test('as corrected corroborates the fact with its news', async () => {
    const at = await (await desk()).given(correct('zone-idlib@1', { occurred: '2017-11' }));
    const { event } = await at.when(corrected[0], { ...corrected[1], ...from('SANA') });
    expect(event).toMatchObject({ type: 'EventCorroborated', corroborates: idAt(at, 'zone-idlib@1') });
    await repeated(at, corrected[0], { ...corrected[1], ...from('SANA') });
  });

  test('as told is a repeat again once the correction was retracted', async () => {
    const at = await (await desk()).given(correct('zone-idlib@1', { occurred: '2017-11' }), retract('zone-idlib@2'));
    expect((await repeated(at, ...asTold)).reply.revision).toBe(1);
    expect((await at.when(...corrected)).event.type).toBe('ZoneSuspended');
  });

  test('is judged by the newest of many corrections, and by those that stand', async () => {
    const at = await (
      await desk()
    ).given(
      correct('zone-idlib@1', { occurred: '2017-11' }),
      correct('zone-idlib@1', { reason: null }),
      correct('zone-idlib@1', { confidence: 'low' }),
      retract('zone-idlib@3'),
    );
    await repeated(at, ...suspend({ occurred: '2017-11', confidence: 'low', reason: { en: 'An offensive' } }));
    for (const not of [asTold, corrected, suspend({ occurred: '2017-11', confidence: 'low' })])
      expect((await at.when(...not)).event.type).toBe('ZoneSuspended');
  });

  test('does not count what was retracted', async () => {
    const at = await (await desk()).given(retract('zone-idlib@1'));
    const { created, event } = await at.when(...asTold);
    expect([created, event.type, event.revision]).toEqual([true, 'ZoneSuspended', 3]);
    await repeated(at, ...asTold);
  });

  test('does not count a source whose corroboration was retracted, or that the fact no longer has', async () => {
    const at = await (await desk()).given(corroborate('zone-idlib@1', 'SANA'), retract('zone-idlib@2'));
    expect((await at.when(asTold[0], { ...asTold[1], ...from('SANA') })).event.type).toBe('EventCorroborated');
    await at.given(correct('zone-idlib@1', from('AFP')));
    expect((await at.when(...asTold)).event.type).toBe('EventCorroborated');
    await repeated(at, asTold[0], { ...asTold[1], ...from('AFP') });
  });

  test('is a repeat of what is disputed', async () => {
    const at = await (await desk()).given(dispute('zone-idlib@1', undefined), dispute('zone-idlib@1', { occurred: '2017-11' }));
    await repeated(at, ...asTold);
    expect((await at.when(...corrected)).event.type).toBe('ZoneSuspended');
  });

  test('is a repeat where what changed it since was retracted, or corrected to have come before', async () => {
    const retracted = await (await desk()).given(inForce('2018'), retract('zone-idlib@2'));
    await repeated(retracted, ...asTold);
    const moved = await (await desk()).given(inForce('2018'), correct('zone-idlib@2', { occurred: '2017-10' }));
    await repeated(moved, ...asTold);
  });

  test('is another fact where an earlier one was corrected to have come later', async () => {
    const at = await openDesk().given(...exist('zone-idlib'), inForce('2017-09'), suspend());
    await repeated(at, ...suspend());
    await at.given(correct('zone-idlib@1', { occurred: '2018-02' }));
    expect((await at.when(...suspend())).event.type).toBe('ZoneSuspended');
  });

  // None of these changed what the second fact set: in the order of folding the first is still before it.
  test.each<[string, Said]>([
    ['corroborated', corroborate('zone-idlib@1', 'SANA')],
    ['disputed', dispute('zone-idlib@1', undefined)],
    ['corrected in something else', correct('zone-idlib@1', { reason: { en: 'a' } })],
  ])('is a repeat where another of the same time, before it, was %s', async (_, said) => {
    const at = await openDesk().given(...exist('zone-idlib'), suspend(), inForce('2017-12'));
    await repeated(at, ...inForce('2017-12'));
    await at.given(said);
    await repeated(at, ...inForce('2017-12'));
  });
});

describe('a creation', () => {
  const zone = exist('zone-idlib')[0]!;
  const anew: Said = ['zones/report', { id: 'idlib', name: { en: 'Idlib' }, occurred: '2017-06' }];
  const retracted = (at: Desk) => at.record.reader.state('zone-idlib', { at: at.head, now: Date.parse('2019-01-01') })!['retracted'];

  test.each<[string, Said]>([
    ['as it was', zone],
    ['with other fields', anew],
  ])('of what was retracted is taken %s, in the same stream', async (_, said) => {
    const at = await (await desk()).given(retract('zone-idlib@0'));
    expect(retracted(at)).toBe(true);
    const { created, event } = await at.when(...said);
    expect([created, event.type, event.stream, event.revision]).toEqual([true, 'ZoneReported', 'zone-idlib', 3]);
    expect(retracted(at)).toBe(false);
    await repeated(at, ...said);
    const taken = said === zone ? anew : zone;
    expect((await at.refused(...taken)).code).toBe('already-exists');
  });

  test('that was retracted leaves a subject to be told of, and to be created again and again', async () => {
    const at = await (await desk()).given(retract('zone-idlib@0'), inForce('2018'));
    expect(retracted(at)).toBe(true);
    await at.given(anew, retract('zone-idlib@4'));
    expect(retracted(at)).toBe(true);
    expect((await at.when(...anew)).reply.revision).toBe(6);
    expect(retracted(at)).toBe(false);
  });

  test('with If-Match is of the revision that the stream is at', async () => {
    const at = await (await desk()).given(retract('zone-idlib@0'));
    expect((await at.refused(anew[0], anew[1], { ifMatch: 0 })).code).toBe('revision-mismatch');
    expect((await at.when(anew[0], anew[1], { ifMatch: 2 })).created).toBe(true);
  });

  test('is refused as first told once it was corrected, and as corrected a repeat', async () => {
    const at = await (await desk()).given(correct('zone-idlib@0', { occurred: '2017-05-05' }));
    expect((await at.refused(...zone)).code).toBe('already-exists');
    expect((await repeated(at, zone[0], { ...zone[1], occurred: '2017-05-05' })).reply.revision).toBe(0);
  });

  test('that was retracted is not undone by the retraction of something else', async () => {
    const at = await (
      await desk()
    ).given(correct('zone-idlib@0', { occurred: '2017-05-05' }), retract('zone-idlib@0'), retract('zone-idlib@2'));
    expect(retracted(at)).toBe(true);
  });
});

describe('a key', () => {
  const key = { key: 'k' };
  const SAID: [string, Said, Said[]][] = [
    ['correction', correct('zone-idlib@1', { occurred: '2017-11' }, {}, key), [retract('zone-idlib@2')]],
    ['retraction', retract('zone-idlib@1', {}, key), [suspend()]],
    ['corroboration', corroborate('zone-idlib@1', 'SANA', {}, key), [retract('zone-idlib@2')]],
    ['dispute', dispute('zone-idlib@1', { occurred: '2017-11' }, {}, key), [correct('zone-idlib@1', { occurred: '2017-10' })]],
  ];

  test.each(SAID)('of a %s gives the first reply again, whatever came since', async (_, said, since) => {
    const at = await desk();
    const first = await at.when(...said);
    await at.given(...since);
    const { head } = at;
    expect(await at.when(...said)).toEqual(first);
    expect(await at.when(said[0], said[1], { ...key, ifMatch: 0 })).toEqual(first);
    expect(at.head).toBe(head);
  });

  test.each(SAID)('of a %s is refused with another', async (_, said) => {
    const at = await (await desk()).given(said);
    const others: Said[] = [
      [said[0], { ...said[1], ...from('Reuters') }, key],
      [said[0], { ...said[1], occurred: '2018' }, key],
      [said[0], { ...said[1], confidence: 'low' }, key],
      [said[0], { ...said[1], accordingTo: ['statement-a'] }, key],
      [said[0].replace('@1', '@0'), said[1], key],
      suspend({}, key),
      ...SAID.map(([, another]) => another).filter((another) => another !== said),
    ];
    for (const another of others) expect((await at.refused(...another)).code).toBe('key-reused');
  });

  test('of a repeat that became a corroboration gives it again, though the fact was corrected since', async () => {
    const at = await desk();
    const said = suspend({ reason: { en: 'An offensive' }, ...from('SANA') }, key);
    const first = await at.when(...said);
    expect(first.event.type).toBe('EventCorroborated');
    await at.given(correct('zone-idlib@1', { occurred: '2017-11', reason: null }));
    expect(await at.when(...said)).toEqual(first);
    expect((await at.refused(...suspend({ occurred: '2017-11', ...from('SANA') }, key))).code).toBe('key-reused');
    await at.given(retract('zone-idlib@1'));
    expect(await at.when(...said)).toEqual(first);
  });

  test('of a repeat of what was corrected before gives it again, though that correction was retracted since', async () => {
    const at = await (await desk()).given(correct('zone-idlib@1', { occurred: '2017-11' }));
    const said = suspend({ occurred: '2017-11', reason: { en: 'An offensive' }, ...from('SANA') }, key);
    const first = await at.when(...said);
    expect(first.event.type).toBe('EventCorroborated');
    await at.given(retract('zone-idlib@2'));
    expect(await at.when(...said)).toEqual(first);
  });

  test('of a fact is not an amendment’s', async () => {
    const at = await (await desk()).given(inForce('2018'), suspend({ occurred: '2018' }, key));
    for (const [, said] of SAID) expect((await at.refused(...said)).code).toBe('key-reused');
  });
});

describe('If-Match', () => {
  const SAID: [string, (how: Said[2]) => Said][] = [
    ['correct', (how) => correct('zone-idlib@1', { occurred: '2017-11' }, {}, how)],
    ['retract', (how) => retract('zone-idlib@1', {}, how)],
    ['corroborate', (how) => corroborate('zone-idlib@1', 'SANA', {}, how)],
    ['dispute', (how) => dispute('zone-idlib@1', undefined, {}, how)],
  ];

  test.each(SAID)('lets %s pass where the stream is at that revision', async (_, said) => {
    for (const ifMatch of [0, 2])
      expect(await (await desk()).refused(...said({ ifMatch }))).toMatchObject({ code: 'revision-mismatch', faults: [] });
    expect((await (await desk()).when(...said({ ifMatch: 1 }))).reply.revision).toBe(2);
  });

  test('comes before what the amendment may aim at', async () => {
    const at = await (await desk()).given(retract('zone-idlib@1'));
    for (const [, said] of SAID.filter(([verb]) => verb !== 'retract'))
      expect((await at.refused(...said({ ifMatch: 1 }))).code).toBe('revision-mismatch');
  });
});
