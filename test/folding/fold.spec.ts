import type { ZoneEvents } from '../../src/zones/zone.events.js';
import { anomalies, given as givenOf, type Told } from '../support/given.js';

const given = (...told: Told<ZoneEvents>[]) => givenOf<ZoneEvents>('zone-idlib', ...told);

const name = { en: 'Idlib' };
const drawn = (occurred: string, extent: string): Told<ZoneEvents> => ['ZoneDelimited', occurred, { extent: { en: extent } }];
const reported: Told<ZoneEvents> = ['ZoneReported', '2017-01-01', { name }];
const extentOf = (...told: Told<ZoneEvents>[]) => {
  const { extent, uncertain } = given(reported, ...told).state() as { extent?: { en: string }; uncertain?: string[] };
  return [extent?.en, uncertain?.includes('extent')];
};

describe('a field', () => {
  test('has the value of the last fact that set it', () => {
    expect(extentOf(drawn('2017-05', 'a'), drawn('2017-06', 'b'), drawn('2017-07', 'c'))).toEqual(['c', false]);
  });

  test('keeps its value where a fact says nothing about it', () => {
    const state = given(reported, drawn('2017-05', 'a'), ['ZoneDelimited', '2017-06', { areas: [{ name }] }]).state();
    expect(state).toMatchObject({ extent: { en: 'a' }, areas: [{ name }], name });
  });

  test('takes a late fact in its place in time', () => {
    expect(extentOf(drawn('2017-05', 'a'), drawn('2017-07', 'c'), drawn('2017-06', 'b'))).toEqual(['c', false]);
    const late = given(reported, ['ZoneEnteredIntoForce', '2017-07', {}], ['ZoneAgreed', '2017-06', {}]).state();
    expect([late['status'], anomalies(late)]).toEqual(['in-force', []]);
  });

  test('takes it however the facts came in, where their dates lie apart', () => {
    const story = [drawn('2017-05', 'a'), drawn('2017-06', 'b'), drawn('2017-07', 'c')] as const;
    const [a, b, c] = story;
    for (const some of [story, [a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]]) expect(extentOf(...some)).toEqual(['c', false]);
  });
});

describe('on whose word a field stands', () => {
  test('is that of the fact that set it last in time, with its statements and its confidence', () => {
    const state = given(reported)
      .when(['ZoneDelimited', '2017-07', { extent: { en: 'b' } }, { accordingTo: ['statement-b'], confidence: 'low' }])
      .when(['ZoneDelimited', '2017-06', { extent: { en: 'a' }, areas: [{ name }] }, { accordingTo: ['statement-a'] }])
      .state();
    expect(state['because']).toEqual({
      name: { event: 'e1' },
      status: { event: 'e1' },
      extent: { event: 'e2', accordingTo: ['statement-b'], confidence: 'low' },
      areas: { event: 'e3', accordingTo: ['statement-a'] },
      delimited: { event: 'e2', accordingTo: ['statement-b'], confidence: 'low' },
    });
  });

  test('is that of the newest fact where two say the same', () => {
    expect(given(reported, drawn('2017-05', 'a'), drawn('2017-06', 'a')).state()['because']).toMatchObject({ extent: { event: 'e3' } });
  });
});

describe('a field is uncertain', () => {
  test('where the bounds of two facts overlap and they say different things', () => {
    expect(extentOf(drawn('2017-05', 'a'), drawn('2017-05-20', 'b'))).toEqual(['b', true]);
    expect(extentOf(drawn('2017-05-20', 'b'), drawn('2017-05', 'a'))).toEqual(['a', true]);
    expect(extentOf(drawn('2017-05-20', 'a'), drawn('2017-05-20', 'b'))).toEqual(['b', true]);
    expect(extentOf(drawn('../2017-05', 'a'), drawn('2017-04/..', 'b'))).toEqual(['b', true]);
  });

  test('in the very instant that two facts share, and not in the next', () => {
    expect(extentOf(drawn('2017-05-01/2017-05-20T12:00Z', 'a'), drawn('2017-05-20T12:00Z', 'b'))).toEqual(['b', true]);
    expect(extentOf(drawn('2017-05-01/2017-05-20T12:00Z', 'a'), drawn('2017-05-20T12:00:01Z', 'b'))).toEqual(['b', false]);
  });

  test('not where the overlapping facts say the same', () => {
    expect(extentOf(drawn('2017-05', 'a'), drawn('2017-05-20', 'a'))).toEqual(['a', false]);
  });

  test('not where only one of the overlapping facts speaks of it', () => {
    const state = given(reported, drawn('2017-05', 'a'), ['ZoneAgreed', '2017-05', {}]).state();
    expect(state['uncertain']).toEqual([]);
  });

  test('no longer when a fact has come that is certainly later than both', () => {
    expect(extentOf(drawn('2017-05', 'a'), drawn('2017-05-20', 'b'), drawn('2017-06', 'c'))).toEqual(['c', false]);
    expect(extentOf(drawn('2017-05', 'a'), drawn('2017-05-20', 'b'), drawn('2017-06', 'a'))).toEqual(['a', false]);
  });

  test('still when what has come is later than one of them alone', () => {
    expect(extentOf(drawn('2017-05/2017-07', 'a'), drawn('2017-05-20', 'b'), drawn('2017-06', 'c'))).toEqual(['c', true]);
    // What overlaps the newest is its equal, and the other is certainly over.
    expect(extentOf(drawn('2017-05/2017-07', 'c'), drawn('2017-05-20', 'b'), drawn('2017-06', 'c'))).toEqual(['c', false]);
  });

  test('by what may have been last, though overlapping is not handed on', () => {
    // a overlaps b and b overlaps c, but a is certainly before c: only b may have come after c.
    const [a, b, c] = [drawn('2017-05', 'a'), drawn('2017-05-15/2017-06-15', 'b'), drawn('2017-06', 'c')];
    expect(extentOf(a, b, c)).toEqual(['c', true]);
    expect(extentOf(a, drawn('2017-05-15/2017-06-15', 'c'), c)).toEqual(['c', false]);
    expect(extentOf(drawn('2017-05', 'c'), b, c)).toEqual(['c', true]);
    // Of these, b is folded first, because a must go before c.
    expect(extentOf(c, b, a)).toEqual(['c', true]);
  });

  test('by a rival that was recorded before an equal of what holds', () => {
    expect(extentOf(drawn('2017-05', 'a'), drawn('2017-05', 'b'), drawn('2017-05', 'a'))).toEqual(['a', true]);
    expect(extentOf(drawn('2017-05', 'a'), drawn('2017-05-10', 'b'), drawn('2017-05-20', 'a'))).toEqual(['a', false]);
  });

  test('for itself: its neighbours are not', () => {
    const story = given(reported, ['ZoneDelimited', '2017-05', { extent: { en: 'a' }, areas: [{ name }] }]);
    const state = story.when(['ZoneDelimited', '2017-05', { extent: { en: 'b' }, areas: [{ name }] }]).state();
    expect(state['uncertain']).toEqual(['extent']);
  });

  test('where one member of it is', () => {
    const role = { party: 'party-iran', role: 'guarantor' as const };
    const story = given(reported, ['ZoneRoleNamed', '2017-05', { ...role, status: 'proposed' }]);
    expect(story.when(['ZoneRoleNamed', '2017-05', { ...role, status: 'accepted' }]).state()['uncertain']).toEqual(['roles']);
    expect(story.when(['ZoneRoleNamed', '2017-05', { ...role, role: 'host', status: 'accepted' }]).state()['uncertain']).toEqual([]);
  });

  test('where its subject was proposed and agreed on one day', () => {
    expect(given(reported, ['ZoneAgreed', '2017-01-01', {}]).state()).toMatchObject({ status: 'agreed', uncertain: ['status'] });
  });
});
