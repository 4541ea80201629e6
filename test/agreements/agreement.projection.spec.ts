import type { AgreementEvents } from '../../src/agreements/agreement.events.js';
import { AGREEMENT_STATUSES } from '../../src/agreements/agreement.dto.js';
import { anomalies, given as givenOf, ownFields, type Told } from '../support/given.js';

const given = (...told: Told<AgreementEvents>[]) => givenOf<AgreementEvents>('agreement-memorandum', ...told);

const title = { en: 'Memorandum on de-escalation areas', ar: 'مذكرة مناطق خفض التصعيد' };
const memorandum = { title, kind: 'memorandum' as const };
const reported: Told<AgreementEvents> = ['AgreementReported', '2017-05-03', memorandum];
const agreed: Told<AgreementEvents> = ['AgreementAgreed', '2017-05-04', {}];
const inForce: Told<AgreementEvents> = ['AgreementEnteredIntoForce', '2017-05-06', {}];
const suspended: Told<AgreementEvents> = ['AgreementSuspended', '2017-12', {}];
const ended: Told<AgreementEvents> = ['AgreementEnded', '2018-09-17', {}];

describe('the state of an agreement', () => {
  test('holds all that its report says', () => {
    const told = {
      ...memorandum,
      parties: ['party-russia', 'party-iran'],
      zones: ['zone-idlib', 'zone-south'],
      partOf: 'agreement-ceasefire',
      documents: 4,
      place: { en: 'Astana', ar: 'أستانا' },
      until: '2017-11-04',
      status: 'in-force' as const,
    };
    expect(given(['AgreementReported', '2017-05-04', told]).state()).toEqual({
      id: 'memorandum',
      stream: 'agreement-memorandum',
      revision: 0,
      sequence: 1,
      ...told,
      signatures: [],
      rejections: [],
      commitments: [],
      roles: [],
      anomalies: [],
      disputed: [],
      uncertain: [],
      retracted: false,
      because: Object.fromEntries(Object.keys(told).map((field) => [field, { event: 'e1' }])),
    });
  });

  test('leaves out what nobody has said', () => {
    const said = ownFields(given(reported).state());
    const lists = { parties: [], zones: [], signatures: [], rejections: [], commitments: [], roles: [] };
    expect(said).toEqual({ ...memorandum, status: 'drafted', ...lists });
  });

  test.each(AGREEMENT_STATUSES)('can be heard of as %s', (status) => {
    expect(given(['AgreementReported', '2017-05-04', { ...memorandum, status }]).state()['status']).toBe(status);
  });

  test.each<[string, Told<AgreementEvents>[]]>([
    ['drafted', []],
    ['drafted', [['AgreementSigned', '2017-05-04', { party: 'party-russia' }]]],
    ['agreed-in-principle', [['AgreementAgreed', '2017-05-04', { level: 'in-principle' }]]],
    ['agreed', [['AgreementAgreed', '2017-05-04', { level: 'final' }]]],
    ['agreed', [agreed]],
    [
      'agreed',
      [
        ['AgreementAgreed', '2017-05-04', { level: 'in-principle' }],
        ['AgreementAgreed', '2017-05-05', {}],
      ],
    ],
    ['in-force', [agreed, inForce]],
    ['in-force', [agreed, inForce, ['AgreementExtended', '2017-11', { until: '2018-05-04' }]]],
    ['suspended', [agreed, inForce, suspended]],
    ['in-force', [agreed, inForce, suspended, ['AgreementEnteredIntoForce', '2018-01', {}]]],
    ['ended', [agreed, inForce, ended]],
  ])('is %s in the usual order, without an anomaly', (status, steps) => {
    const state = given(reported)
      .when(...steps)
      .state();
    expect([state['status'], anomalies(state), state['uncertain']]).toEqual([status, [], []]);
  });

  test.each<[string, string, Told<AgreementEvents>[]]>([
    ['is suspended before it is in force', 'suspended', [suspended]],
    ['is agreed after it has entered into force', 'agreed', [inForce, ['AgreementAgreed', '2017-07-05', {}]]],
    ['enters into force twice', 'in-force', [inForce, ['AgreementEnteredIntoForce', '2017-07-05', {}]]],
    ['enters into force after its end', 'in-force', [ended, ['AgreementEnteredIntoForce', '2018-10', {}]]],
    ['ends twice', 'ended', [ended, ['AgreementEnded', '2018-10', {}]]],
    ['is extended after its end', 'ended', [ended, ['AgreementExtended', '2018-10', { until: '2019' }]]],
  ])('takes it, and tells it, that an agreement %s', (_, status, steps) => {
    const state = given(reported)
      .when(...steps)
      .state();
    expect([state['status'], anomalies(state)]).toEqual([status, [`e${steps.length + 1} out-of-order`]]);
  });

  test('counts among its parties whoever agrees or signs, once', () => {
    const state = given(['AgreementReported', '2017-05-03', { ...memorandum, parties: ['party-russia'] }])
      .when(['AgreementAgreed', '2017-05-04', { by: ['party-iran', 'party-russia'] }])
      .when(['AgreementSigned', '2017-05-05', { party: 'party-turkey', signatory: { en: 'Önal' } }])
      .when(['AgreementSigned', '2017-05-06', { party: 'party-iran' }])
      .state();
    expect(state['parties']).toEqual(['party-russia', 'party-iran', 'party-turkey']);
    expect(state['signatures']).toEqual([
      { party: 'party-turkey', signatory: { en: 'Önal' }, occurred: '2017-05-05' },
      { party: 'party-iran', occurred: '2017-05-06' },
    ]);
    expect(state['because']).toMatchObject({ parties: { event: 'e4' }, signatures: { event: 'e4' } });
  });

  test('does not count among its parties whoever rejects it', () => {
    const state = given(reported, ['AgreementRejected', '2017-05-04', { party: 'party-opposition', reason: { en: 'Iran.' } }]).state();
    expect(state['parties']).toEqual([]);
    expect(state['rejections']).toEqual([{ party: 'party-opposition', reason: { en: 'Iran.' }, occurred: '2017-05-04' }]);
  });

  test('runs until the newest date that it was extended to, and knows what superseded it', () => {
    const state = given(['AgreementReported', '2017-05-03', { ...memorandum, until: '2017-11-04' }], inForce)
      .when(['AgreementExtended', '2017-11', { until: '2018-05-04' }])
      .when(['AgreementEnded', '2018-09-17', { supersededBy: 'agreement-sochi', reason: { en: 'Superseded' } }])
      .state();
    expect(state).toMatchObject({ until: '2018-05-04', supersededBy: 'agreement-sochi', status: 'ended' });
  });

  test('has the roles in it', () => {
    const iran = { party: 'party-iran', role: 'guarantor' as const };
    const story = given(reported, ['AgreementRoleNamed', '2017-05-04', { ...iran, status: 'accepted' }]);
    const contested = story.when(['AgreementRoleContested', '2017-05-04', { ...iran, by: 'party-opposition' }]);
    expect(contested.state()['roles']).toEqual([{ ...iran, status: 'accepted', contestedBy: ['party-opposition'] }]);
    expect(contested.when(['AgreementRoleEnded', '2018', iran]).state()['roles']).toEqual([]);
  });
});

describe('the commitments of an agreement', () => {
  const text = { en: 'Draw the maps.' };
  const committed: Told<AgreementEvents> = ['AgreementCommitted', '2017-05-04', { commitment: 'maps', text, due: '2017-06-04' }];
  const fulfilled = (occurred: string): Told<AgreementEvents> => ['AgreementFulfilled', occurred, { commitment: 'maps' }];
  const breached: Told<AgreementEvents> = ['AgreementBreached', '2017-06-05', { commitment: 'maps' }];
  const statusAt = (now: string, ...told: Told<AgreementEvents>[]) =>
    (given(reported, ...told).state(now)['commitments'] as { status: string }[]).map(({ status }) => status);

  test('are listed with who made them, what they say and when they are due', () => {
    const parties = ['party-russia'];
    const state = given(reported, ['AgreementCommitted', '2017-05-04', { commitment: 'maps', parties, text, due: '2017-06-04' }])
      .when(['AgreementCommitted', '2017-05-04', { commitment: 'aid', text }])
      .state('2017-05-05T00:00:00Z');
    expect(state['commitments']).toEqual([
      { id: 'maps', parties, text, due: '2017-06-04', status: 'open' },
      { id: 'aid', parties: [], text, status: 'open' },
    ]);
  });

  test.each([
    ['open', '2017-06-03T23:59:59.999Z'],
    ['maybe-overdue', '2017-06-04T00:00:00.000Z'],
    ['maybe-overdue', '2017-06-04T23:59:59.999Z'],
    ['overdue', '2017-06-05T00:00:00.000Z'],
  ])('are %s at %s where they are due on 4 June', (status, now) => expect(statusAt(now, committed)).toEqual([status]));

  test.each([
    ['fulfilled', '2017-06-03'],
    ['fulfilled', '2017-06-04'],
    ['fulfilled', '2017-06'],
    ['fulfilled', '2017-06-04T23:59:59Z'],
    ['late', '2017-06-05'],
    ['late', '2017-07/..'],
  ])('are %s where they were fulfilled in %s', (status, occurred) =>
    expect(statusAt('2018-01-01T00:00:00Z', committed, fulfilled(occurred))).toEqual([status]),
  );

  test('are maybe overdue as long as the date of a due month is open', () => {
    const due: Told<AgreementEvents> = ['AgreementCommitted', '2017-05-04', { commitment: 'maps', text, due: '2017-06/2017-07' }];
    const instants = ['2017-05-31T23:59:59Z', '2017-06-01T00:00:00Z', '2017-07-31T23:59:59Z', '2017-08-01T00:00:00Z'];
    expect(instants.flatMap((now) => statusAt(now, due))).toEqual(['open', 'maybe-overdue', 'maybe-overdue', 'overdue']);
  });

  test('that are never due stay open, and are fulfilled at any time', () => {
    const endless: Told<AgreementEvents> = ['AgreementCommitted', '2017-05-04', { commitment: 'maps', text }];
    expect(statusAt('2999-01-01T00:00:00Z', endless)).toEqual(['open']);
    expect(statusAt('2999-01-01T00:00:00Z', endless, fulfilled('2030'))).toEqual(['fulfilled']);
  });

  test('are breached whenever that was, and fulfilled where that came after it', () => {
    expect(statusAt('2017-05-05T00:00:00Z', committed, ['AgreementBreached', '2017-05-05', { commitment: 'maps' }])).toEqual(['breached']);
    expect(statusAt('2018-01-01T00:00:00Z', committed, breached)).toEqual(['breached']);
    expect(statusAt('2018-01-01T00:00:00Z', committed, breached, fulfilled('2017-06-06'))).toEqual(['late']);
    expect(statusAt('2018-01-01T00:00:00Z', committed, fulfilled('2017-06-04'), breached)).toEqual(['breached']);
  });

  test('have their newest text and date, and keep what became of them', () => {
    const story = given(reported, committed, fulfilled('2017-06-10')).when([
      'AgreementCommitted',
      '2017-05-20',
      { commitment: 'maps', text: { en: 'Draw all maps.' }, due: '2017-07-04' },
    ]);
    expect(story.state()['commitments']).toEqual([
      { id: 'maps', parties: [], text: { en: 'Draw all maps.' }, due: '2017-07-04', status: 'fulfilled' },
    ]);
  });

  test.each([
    ['fulfilled', fulfilled('2017-06-03')],
    ['breached', breached],
  ])('that nobody had made are an anomaly when they are %s, and are not listed', (_, outcome) => {
    const state = given(reported, outcome).state();
    expect([state['commitments'], anomalies(state)]).toEqual([[], ['e2 no-such-commitment']]);
  });

  test('are uncertain where nobody can tell whether the breach or the fulfilment came last', () => {
    const state = given(reported, committed, breached, ['AgreementFulfilled', '2017-06', { commitment: 'maps' }]).state();
    expect(state['uncertain']).toEqual(['commitments']);
  });
});
