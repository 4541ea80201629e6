import type { PartyEvents } from '../../src/parties/party.events.js';
import type { RoleEventsOf } from '../../src/roles/role.projection.js';
import { anomalies, given as givenOf, ownFields, type Told } from '../support/given.js';

type Events = PartyEvents & RoleEventsOf<'Zone'> & RoleEventsOf<'Agreement'> & RoleEventsOf<'Talks'>;

const given = (...told: Told<Events>[]) => givenOf<Events>('party-iran', ...told);

const name = { en: 'Iran', ar: 'إيران' };
const registered: Told<Events> = ['PartyRegistered', '2017-01', { name, kind: 'state' }];
const opposition = 'party-syrian-opposition';

describe('the state of a party', () => {
  test('holds all that its entry says', () => {
    const told = {
      name,
      kind: 'armed-group' as const,
      aliases: [{ en: 'The Republic' }, { fa: 'ایران' }],
      memberOf: [opposition, 'party-un'],
    };
    expect(given(['PartyRegistered', '2017-01', told]).state()).toEqual({
      id: 'iran',
      stream: 'party-iran',
      revision: 0,
      sequence: 1,
      ...told,
      roles: [],
      anomalies: [],
      disputed: [],
      uncertain: [],
      retracted: false,
      because: Object.fromEntries(Object.keys(told).map((field) => [field, { event: 'e1' }])),
    });
  });

  test('leaves out what nobody has said', () => {
    expect(ownFields(given(registered).state())).toEqual({ name, kind: 'state', aliases: [], memberOf: [], roles: [] });
  });

  test('has the newest name', () => {
    const state = given(registered, ['PartyRenamed', '2017-06', { name: { en: 'Persia' } }]).state();
    expect([state['name'], anomalies(state)]).toEqual([{ en: 'Persia' }, []]);
    expect(state['because']).toMatchObject({ name: { event: 'e2' }, kind: { event: 'e1' } });
  });

  test('is a member of what it joined and did not leave', () => {
    const story = given(registered, ['PartyJoined', '2017-02', { of: opposition }], ['PartyJoined', '2017-03', { of: 'party-un' }]);
    expect(story.state()['memberOf']).toEqual([opposition, 'party-un']);
    const left = story.when(['PartyLeft', '2018-04', { of: opposition }]).state();
    expect([left['memberOf'], anomalies(left)]).toEqual([['party-un'], []]);
    const again = story.when(['PartyLeft', '2018-04', { of: opposition }], ['PartyJoined', '2018-05', { of: opposition }]).state();
    expect(again['memberOf']).toContain(opposition);
  });

  test('tells that it left what it was no member of', () => {
    const never = given(registered, ['PartyLeft', '2018-04', { of: opposition }]).state();
    expect([never['memberOf'], anomalies(never)]).toEqual([[], ['e2 not-a-member']]);
    const twice = given(registered, ['PartyJoined', '2017-02', { of: opposition }], ['PartyLeft', '2018-04', { of: opposition }])
      .when(['PartyLeft', '2018-05', { of: opposition }])
      .state();
    expect(anomalies(twice)).toEqual(['e4 not-a-member']);
  });

  test('is uncertain about a membership that began and ended in the same month', () => {
    const state = given(registered, ['PartyJoined', '2017-06', { of: opposition }], ['PartyLeft', '2017-06', { of: opposition }]).state();
    expect([state['memberOf'], state['uncertain']]).toEqual([[], ['memberOf']]);
  });
});

describe('the roles of a party', () => {
  const guarantor = { party: 'party-iran', role: 'guarantor' as const };

  test('are those that it has anywhere, as they stand there', () => {
    const state = given(registered)
      .when(['AgreementRoleNamed', '2017-05-04', { ...guarantor, status: 'accepted' }, { stream: 'agreement-memorandum' }])
      .when(['ZoneRoleNamed', '2017-07-05', { party: 'party-iran', role: 'monitor', status: 'proposed' }, { stream: 'zone-idlib' }])
      .when([
        'TalksRoleNamed',
        '2017-07-04',
        { party: 'party-iran', role: 'participant', status: 'accepted' },
        { stream: 'talks-astana-5' },
      ])
      .when(['AgreementRoleContested', '2017-05-05', { ...guarantor, by: opposition }, { stream: 'agreement-memorandum' }])
      .state();
    expect(state['roles']).toEqual([
      { in: 'agreement-memorandum', role: 'guarantor', status: 'accepted', contestedBy: [opposition] },
      { in: 'talks-astana-5', role: 'participant', status: 'accepted', contestedBy: [] },
      { in: 'zone-idlib', role: 'monitor', status: 'proposed', contestedBy: [] },
    ]);
    expect(state['because']).toMatchObject({ roles: { event: 'e3' } });
  });

  test('end where they end and go on elsewhere', () => {
    const state = given(registered)
      .when(['AgreementRoleNamed', '2017-05-04', { ...guarantor, status: 'accepted' }, { stream: 'agreement-memorandum' }])
      .when(['ZoneRoleNamed', '2017-07-05', { ...guarantor, status: 'accepted' }, { stream: 'zone-idlib' }])
      .when(['ZoneRoleEnded', '2018-07-10', guarantor, { stream: 'zone-idlib' }])
      .state();
    expect(state['roles']).toEqual([{ in: 'agreement-memorandum', role: 'guarantor', status: 'accepted', contestedBy: [] }]);
  });

  test('move neither its revision nor what was its last event in its own stream', () => {
    const state = given(registered)
      .when(['ZoneRoleNamed', '2017-07-05', { ...guarantor, status: 'accepted' }, { stream: 'zone-idlib' }])
      .state();
    expect([state.revision, state.sequence]).toEqual([0, 1]);
  });

  test('that nobody had named are anomalies of the party too', () => {
    const state = given(registered, ['ZoneRoleEnded', '2017-07-06', guarantor, { stream: 'zone-idlib' }]).state();
    expect([state['roles'], anomalies(state)]).toEqual([[], ['e2 role-not-named']]);
  });
});
