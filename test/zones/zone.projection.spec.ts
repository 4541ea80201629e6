import type { RoleEventsOf } from '../../src/roles/role.projection.js';
import type { ZoneEvents } from '../../src/zones/zone.events.js';
import { anomalies, given as givenOf, ownFields, type Told } from '../support/given.js';

const given = (...told: Told<ZoneEvents>[]) => givenOf<ZoneEvents>('zone-idlib', ...told);

const name = { en: 'Idlib', ar: 'إدلب' };
const extent = { en: 'Idlib and parts of Latakia' };
const areas = [{ name, pcode: 'SY07', part: { en: 'the north' } }, { name: { en: 'Latakia' } }];
const geometry = {
  type: 'Polygon',
  coordinates: [
    [
      [36, 35],
      [37, 35],
      [37, 36],
      [36, 35],
    ],
  ],
};
const reported: Told<ZoneEvents> = ['ZoneReported', '2017-05-04', { name }];
const agreed: Told<ZoneEvents> = ['ZoneAgreed', '2017-05-05', {}];
const inForce: Told<ZoneEvents> = ['ZoneEnteredIntoForce', '2017-05-06', {}];
const suspended: Told<ZoneEvents> = ['ZoneSuspended', '2017-12', {}];

describe('the state of a zone', () => {
  test('holds all that its report says', () => {
    const told = { name, extent, areas, geometry, partOf: 'zone-north', status: 'in-force' as const };
    expect(given(['ZoneReported', '2017-05-04', told]).state()).toEqual({
      id: 'idlib',
      stream: 'zone-idlib',
      revision: 0,
      sequence: 1,
      ...told,
      agreedBy: [],
      roles: [],
      incidents: {},
      anomalies: [],
      disputed: [],
      uncertain: [],
      retracted: false,
      because: Object.fromEntries(Object.keys(told).map((field) => [field, { event: 'e1' }])),
    });
  });

  test('leaves out what nobody has said', () => {
    const said = ownFields(given(reported).state());
    expect(said).toEqual({ name, areas: [], status: 'proposed', agreedBy: [], roles: [], incidents: {} });
  });

  test.each<[string, Told<ZoneEvents>[]]>([
    ['proposed', []],
    ['agreed-in-principle', [['ZoneAgreed', '2017-05-05', { level: 'in-principle' }]]],
    ['agreed', [['ZoneAgreed', '2017-05-05', { level: 'final' }]]],
    ['agreed', [agreed]],
    ['in-force', [agreed, inForce]],
    ['suspended', [agreed, inForce, suspended]],
    ['in-force', [agreed, inForce, suspended, ['ZoneEnteredIntoForce', '2018-01-05', {}]]],
    ['dissolved', [agreed, inForce, ['ZoneDissolved', '2018-07-06', {}]]],
    ['dissolved', [['ZoneDissolved', '2018-07-06', {}]]],
    [
      'agreed',
      [
        ['ZoneAgreed', '2017-05-05', { level: 'in-principle' }],
        ['ZoneAgreed', '2017-05-06', { level: 'final' }],
        ['ZoneAgreed', '2017-05-07', {}],
      ],
    ],
  ])('is %s in the usual order, without an anomaly', (status, steps) => {
    const state = given(reported)
      .when(...steps)
      .state();
    expect([state['status'], anomalies(state), state['uncertain']]).toEqual([status, [], []]);
  });

  test.each<[string, string, Told<ZoneEvents>[]]>([
    ['enters into force before it is agreed', 'in-force', [inForce]],
    ['is suspended before it is in force', 'suspended', [agreed, suspended]],
    ['is agreed after it has entered into force', 'agreed', [inForce, ['ZoneAgreed', '2017-07-05', {}]]],
    [
      'is agreed after its end',
      'agreed',
      [
        ['ZoneDissolved', '2017-06', {}],
        ['ZoneAgreed', '2017-07-05', {}],
      ],
    ],
    [
      'enters into force after its end',
      'in-force',
      [
        ['ZoneDissolved', '2017-06', {}],
        ['ZoneEnteredIntoForce', '2017-07-05', {}],
      ],
    ],
    [
      'is dissolved twice',
      'dissolved',
      [
        ['ZoneDissolved', '2017-06', {}],
        ['ZoneDissolved', '2017-07', {}],
      ],
    ],
  ])('takes it, and tells it, that a zone %s', (_, status, steps) => {
    const state = given(reported)
      .when(...steps)
      .state();
    expect(state['status']).toBe(status);
    expect(anomalies(state)).toContain(`e${steps.length + 1} out-of-order`);
  });

  test('tells of an anomaly which step it was and where the zone stood', () => {
    const [anomaly] = given(reported).when(suspended).state()['anomalies'] as Record<string, string>[];
    expect(anomaly).toEqual({ event: 'e2', rule: 'out-of-order', message: 'ZoneSuspended where the status was proposed' });
  });

  test('names everyone who agreed, once, in the order in which they came', () => {
    const state = given(reported, ['ZoneAgreed', '2017-05-05', { by: ['party-russia', 'party-iran'] }])
      .when(['ZoneAgreed', '2017-05-06', { by: ['party-turkey', 'party-russia'], basis: 'agreement-memorandum' }])
      .state();
    expect(state['agreedBy']).toEqual(['party-russia', 'party-iran', 'party-turkey']);
  });

  test('has the newest borders, and who drew them at which level', () => {
    const drawn = given(['ZoneReported', '2017-05-04', { name, extent, areas }])
      .when(['ZoneDelimited', '2017-07-05', { areas: [{ name }], level: 'in-principle', by: ['party-russia'] }])
      .when(['ZoneDelimited', '2017-09-15', { geometry, level: 'final', by: ['party-russia', 'party-iran'] }]);
    expect(drawn.state()).toMatchObject({
      extent,
      areas: [{ name }],
      geometry,
      delimited: { level: 'final', by: ['party-russia', 'party-iran'] },
      because: { extent: { event: 'e1' }, areas: { event: 'e2' }, geometry: { event: 'e3' }, delimited: { event: 'e3' } },
    });
  });

  test('has borders of no level and by nobody where that was left open', () => {
    expect(given(reported).when(['ZoneDelimited', '2017-09-15', { extent }]).state()['delimited']).toEqual({ by: [] });
  });

  test('counts its incidents by kind, the same one told twice as two', () => {
    const incident = (kind: 'strike' | 'clash', occurred: string): Told<ZoneEvents> => [
      'ZoneIncidentReported',
      occurred,
      { incident: kind, text: { en: 'It was heard.' } },
    ];
    const state = given(
      reported,
      incident('strike', '2017-06-01'),
      incident('clash', '2017-06-02'),
      incident('strike', '2017-06-01'),
    ).state();
    expect(state['incidents']).toEqual({ strike: 2, clash: 1 });
    expect([state['uncertain'], anomalies(state)]).toEqual([[], []]);
  });

  // "What a source leaves open is left out, never guessed": such a report does not say that the zone is proposed.
  test('keeps its agreement when a report that names no status tells of a later day', () => {
    const state = given(['ZoneReported', '2017-05-04', { name }], ['ZoneAgreed', '2017-05-01', {}]).state();
    expect(state['status']).toBe('agreed');
  });
});

describe('the roles in a zone', () => {
  const named: Told<RoleEventsOf<'Zone'>> = ['ZoneRoleNamed', '2017-07-05', { party: 'party-iran', role: 'guarantor', status: 'proposed' }];

  test('are proposed, accepted, contested and ended', () => {
    const story = given(reported, named);
    const iran = { party: 'party-iran', role: 'guarantor' };
    expect(story.state()['roles']).toEqual([{ ...iran, status: 'proposed', contestedBy: [] }]);
    const accepted = story.when(['ZoneRoleNamed', '2017-07-06', { party: 'party-iran', role: 'guarantor', status: 'accepted' }]);
    expect(accepted.state()['roles']).toEqual([{ ...iran, status: 'accepted', contestedBy: [] }]);
    const contested = accepted.when(
      ['ZoneRoleContested', '2017-07-07', { party: 'party-iran', role: 'guarantor', by: 'party-syrian-opposition' }],
      ['ZoneRoleContested', '2017-07-08', { party: 'party-iran', role: 'guarantor', by: 'party-usa' }],
    );
    expect(contested.state()['roles']).toEqual([{ ...iran, status: 'accepted', contestedBy: ['party-syrian-opposition', 'party-usa'] }]);
    const ended = contested.when(['ZoneRoleEnded', '2018-07-10', { party: 'party-iran', role: 'guarantor' }]);
    expect([ended.state()['roles'], anomalies(ended.state())]).toEqual([[], []]);
  });

  test('are several of one party, each contested for itself', () => {
    const state = given(reported, named, ['ZoneRoleNamed', '2017-07-05', { party: 'party-iran', role: 'monitor', status: 'accepted' }])
      .when(['ZoneRoleContested', '2017-07-06', { party: 'party-iran', role: 'monitor', by: 'party-usa' }])
      .state();
    expect(state['roles']).toEqual([
      { party: 'party-iran', role: 'guarantor', status: 'proposed', contestedBy: [] },
      { party: 'party-iran', role: 'monitor', status: 'accepted', contestedBy: ['party-usa'] },
    ]);
  });

  test('that nobody had named are anomalies when they are contested or end', () => {
    const contested = given(reported, ['ZoneRoleContested', '2017-07-06', { party: 'party-iran', role: 'host', by: 'party-usa' }]).state();
    expect(anomalies(contested)).toEqual(['e2 role-not-named']);
    expect(contested['roles']).toEqual([{ party: 'party-iran', role: 'host', contestedBy: ['party-usa'] }]);
    const ended = given(reported, ['ZoneRoleEnded', '2017-07-06', { party: 'party-iran', role: 'host' }]).state();
    expect([ended['roles'], anomalies(ended)]).toEqual([[], ['e2 role-not-named']]);
  });

  test('that are named anew after their end are contested by whom nothing took back', () => {
    const state = given(reported, named)
      .when(['ZoneRoleContested', '2017-07-06', { party: 'party-iran', role: 'guarantor', by: 'party-usa' }])
      .when(['ZoneRoleEnded', '2018-07-10', { party: 'party-iran', role: 'guarantor' }])
      .when(['ZoneRoleNamed', '2018-09-17', { party: 'party-iran', role: 'guarantor', status: 'accepted' }])
      .state();
    expect(state['roles']).toEqual([{ party: 'party-iran', role: 'guarantor', status: 'accepted', contestedBy: ['party-usa'] }]);
  });
});
