import type { TalksEvents } from '../../src/talks/talks.events.js';
import { anomalies, given as givenOf, ownFields, type Told } from '../support/given.js';

const given = (...told: Told<TalksEvents>[]) => givenOf<TalksEvents>('talks-astana-5', ...told);

const title = { en: 'Fifth round of the Astana talks', ar: 'الجولة الخامسة من محادثات أستانا' };
const when = '2017-07-04/2017-07-05';
const reported: Told<TalksEvents> = ['TalksReported', '2017-06-19', { title, when }];
const opened: Told<TalksEvents> = ['TalksOpened', '2017-07-04', {}];
const concluded: Told<TalksEvents> = ['TalksConcluded', '2017-07-05', { outcome: 'failed', summary: { en: 'No borders were agreed.' } }];
const cancelled: Told<TalksEvents> = ['TalksCancelled', '2017-07-01', {}];

describe('the state of talks', () => {
  test('holds all that their report says', () => {
    const told = {
      title,
      place: { en: 'Astana' },
      when,
      convenor: 'party-kazakhstan',
      participants: ['party-russia', 'party-iran'],
      on: ['zone-idlib', 'agreement-memorandum'],
      status: 'open' as const,
    };
    expect(given(['TalksReported', '2017-07-04', told]).state()).toEqual({
      id: 'astana-5',
      stream: 'talks-astana-5',
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
    const said = ownFields(given(reported).state());
    expect(said).toEqual({ title, when, participants: [], on: [], status: 'scheduled', roles: [] });
  });

  test.each<[string, Told<TalksEvents>[]]>([
    ['scheduled', []],
    ['scheduled', [['TalksRescheduled', '2017-07-01', { when: '2017-07-10' }]]],
    ['open', [opened]],
    ['concluded', [opened, concluded]],
    ['concluded', [concluded]],
    ['cancelled', [cancelled]],
  ])('is %s in the usual order, without an anomaly', (status, steps) => {
    const state = given(reported)
      .when(...steps)
      .state();
    expect([state['status'], anomalies(state), state['uncertain']]).toEqual([status, [], []]);
  });

  test.each<[string, string, Told<TalksEvents>[]]>([
    ['open after they have ended', 'open', [['TalksConcluded', '2017-07-01', { outcome: 'failed' }], opened]],
    ['open twice', 'open', [opened, ['TalksOpened', '2017-07-05', {}]]],
    ['open after they were called off', 'open', [cancelled, opened]],
    ['end after they were called off', 'concluded', [cancelled, concluded]],
    ['end twice', 'concluded', [concluded, ['TalksConcluded', '2017-07-06', { outcome: 'partial' }]]],
    ['are called off after they have ended', 'cancelled', [concluded, ['TalksCancelled', '2017-07-06', {}]]],
    ['are called off after they have opened', 'cancelled', [opened, ['TalksCancelled', '2017-07-05', {}]]],
    ['are put off after they have ended', 'concluded', [concluded, ['TalksRescheduled', '2017-07-06', { when: '2017-08' }]]],
  ])('takes it, and tells it, that talks %s', (_, status, steps) => {
    const state = given(reported)
      .when(...steps)
      .state();
    expect([state['status'], anomalies(state)]).toEqual([status, [`e${steps.length + 1} out-of-order`]]);
  });

  test('has the newest date', () => {
    const state = given(reported, ['TalksRescheduled', '2017-06-25', { when: '2017-07-10/2017-07-11?' }]).state();
    expect([state['when'], state['because']]).toMatchObject(['2017-07-10/2017-07-11?', { when: { event: 'e2' }, title: { event: 'e1' } }]);
  });

  test('has how they ended', () => {
    expect(given(reported, opened, concluded).state()).toMatchObject({ outcome: 'failed', summary: { en: 'No borders were agreed.' } });
  });

  test('has the roles in them', () => {
    const kazakhstan = { party: 'party-kazakhstan', role: 'host' as const };
    const story = given(reported, ['TalksRoleNamed', '2017-07-04', { ...kazakhstan, status: 'accepted' }]).when([
      'TalksRoleContested',
      '2017-07-05',
      { ...kazakhstan, by: 'party-iran' },
    ]);
    expect(story.state()['roles']).toEqual([{ ...kazakhstan, status: 'accepted', contestedBy: ['party-iran'] }]);
    expect(story.when(['TalksRoleEnded', '2017-07-06', kazakhstan]).state()['roles']).toEqual([]);
  });
});
