import { Tail } from '../../src/record/tail.js';
import { closeDesks, exist, openDesk, type Fields, type Said } from '../support/desk.js';

afterEach(closeDesks);

const suspend = (more: Fields = {}): Said => ['zones/suspend idlib', { occurred: '2017-12', ...more }];
const inForce = (occurred: string): Said => ['zones/enter-into-force idlib', { occurred }];
const idlib: Fields = { id: 'idlib', name: { en: 'Idlib', ar: 'إدلب' }, confidence: 'high', occurred: '2017-05-04' };

/** A desk with a zone, three parties and two statements; the zone has one event. */
const desk = () => openDesk().given(...exist('party-russia', 'party-iran', 'statement-a', 'statement-b'), ['zones/report', idlib]);
const from = (publisher: string, more: Fields = {}) => ({ sources: [{ publisher, ...more }] });

describe('a report', () => {
  test('is recorded as the next event of its stream and of the record, as its caller told it', async () => {
    const told = { reason: { en: 'An offensive', ar: 'هجوم' }, confidence: 'low', accordingTo: ['statement-a'], ...from('SANA') };
    const { created, reply, event } = await (await desk()).when(...(suspend(told).slice(0, 2) as [string, Fields]), { caller: 'reuters' });
    expect(created).toBe(true);
    expect(reply).toEqual({ id: 'idlib', stream: 'zone-idlib', revision: 1, sequence: 6, eventId: event.id });
    expect(event).toEqual({
      sequence: 6,
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      stream: 'zone-idlib',
      revision: 1,
      type: 'ZoneSuspended',
      version: 1,
      occurred: '2017-12',
      recordedAt: '2019-01-01T00:00:00.000Z',
      recordedBy: 'reuters',
      sources: [{ publisher: 'SANA' }],
      accordingTo: ['statement-a'],
      confidence: 'low',
      about: ['statement-a', 'zone-idlib'],
      data: { reason: told.reason },
    });
  });

  test('may begin a day ahead, and not more', async () => {
    const at = await desk();
    expect((await at.when(...suspend({ occurred: '2019-01-02' }))).created).toBe(true);
    expect((await at.when(...suspend({ occurred: '2019-01/2019-12' }))).created).toBe(true);
    expect((await at.when(...suspend({ occurred: '../2030' }))).created).toBe(true);
    for (const occurred of ['2019-01-02T00:01Z', '2019-01-03', '2019-02', '2020/..', '[2019-06,2019-07]'])
      expect(await at.refused(...suspend({ occurred }))).toMatchObject({ code: 'malformed', faults: ['occurred not-ahead'] });
  });

  test('tells of what is planned by another date', async () => {
    const at = await desk();
    const talks: Said = ['talks/report', { id: 'later', title: { en: 'Later' }, when: '2030', occurred: '2018' }];
    expect((await at.when(...talks)).created).toBe(true);
  });
});

describe('a repeat', () => {
  // A thousand real ones take a minute.
  test('with news is one amendment too many where the fact has a thousand', async () => {
    const at = await desk();
    await at.given(suspend(from('SANA')), suspend(from('TASS')));
    const { amendments } = Tail.prototype;
    Tail.prototype.amendments = function (id) {
      return Array.from({ length: 1_000 }, () => amendments.call(this, id)[0]!);
    };
    try {
      expect((await at.refused(...suspend(from('AFP')))).code).toBe('not-amendable');
      expect((await at.when(...suspend(from('TASS')))).created).toBe(false);
    } finally {
      Tail.prototype.amendments = amendments;
    }
    expect((await at.when(...suspend(from('AFP')))).created).toBe(true);
  });

  test('by the same source is not recorded, and answered with the first', async () => {
    const at = await desk();
    const first = await at.when(...suspend({ reason: { en: 'a', ar: 'b' } }));
    const again = await at.when('zones/suspend idlib', { reason: { ar: 'b', en: 'a' }, occurred: '2017-12' }, { caller: 'another' });
    expect(again).toEqual({ ...first, created: false });
    expect(at.head).toBe(first.reply.sequence);
  });

  test('that comes while the first is being written is one fact with it', async () => {
    const at = await desk();
    const answers = await Promise.all([at.when(...suspend()), at.when(...suspend()), at.when(...suspend())]);
    expect(answers.map(({ created }) => created)).toEqual([true, false, false]);
    expect(new Set(answers.map(({ reply }) => reply.eventId)).size).toBe(1);
  });

  test('is answered when the first is durable, and not before', async () => {
    const at = await desk();
    const answers = [at.when(...suspend()), at.when(...suspend())];
    for (const { reply, head } of await Promise.all(answers.map(async (answer) => ({ ...(await answer), head: at.head }))))
      expect(head).toBeGreaterThanOrEqual(reply.sequence);
  });

  test('by a new publisher corroborates the first', async () => {
    const at = await (await desk()).given(['zones/delimit idlib', { extent: { en: 'a' }, by: ['party-iran'], occurred: '2017-09' }]);
    const first = await at.when('zones/agree idlib', { by: ['party-russia'], occurred: '2017-11' });
    const { created, reply, event } = await at.when('zones/agree idlib', { by: ['party-russia'], occurred: '2017-11', ...from('SANA') });
    expect([created, reply.revision, event.type]).toEqual([true, first.reply.revision + 1, 'EventCorroborated']);
    expect(event).toMatchObject({ corroborates: first.event.id, about: first.event.about, data: {}, sources: [{ publisher: 'SANA' }] });
    expect(event.recordedBy).toBe('desk');
  });

  test('by a publisher that has corroborated already is answered with the first', async () => {
    const at = await desk();
    const first = await at.when(...suspend());
    await at.given(suspend(from('SANA')));
    expect(await at.when(...suspend(from('SANA')))).toEqual({ ...first, created: false });
    expect((await at.when(...suspend({ sources: [{ publisher: 'SANA' }, { publisher: 'AFP' }] }))).event.type).toBe('EventCorroborated');
  });

  test('is no news under another publisher that carries the same origin', async () => {
    const at = await (await desk()).given(suspend(from('The Observer', { origin: 'AFP' })));
    const before = at.head;
    await at.given(
      suspend(from('The Times', { origin: 'AFP' })),
      suspend(from('AFP')),
      suspend(from('The Observer', { origin: 'AFP', title: 'A' })),
    );
    expect(at.head).toBe(before);
    await at.given(suspend(from('The Times', { origin: 'Reuters' })));
    expect(at.head).toBe(before + 1);
  });

  test('is news by a new statement that it rests on, once', async () => {
    const at = await desk();
    const first = await at.when(...suspend({ accordingTo: ['statement-a'] }));
    const second = await at.when(...suspend({ accordingTo: ['statement-a', 'statement-b'] }));
    expect(second.event).toMatchObject({
      type: 'EventCorroborated',
      corroborates: first.event.id,
      accordingTo: ['statement-a', 'statement-b'],
    });
    expect(second.event.about).toEqual(['statement-a', 'statement-b', 'zone-idlib']);
    expect(await at.when(...suspend({ accordingTo: ['statement-b'] }))).toEqual({ ...first, created: false });
  });

  test('on another date or with other fields is another fact', async () => {
    const at = await desk();
    const bodies = [{}, { occurred: '2017-11' }, { reason: { en: 'a' } }, { reason: { en: 'b' } }];
    for (const body of bodies) expect((await at.when(...suspend(body))).event.type).toBe('ZoneSuspended');
  });

  test('is another fact once something has changed what the first had set', async () => {
    const at = await (await desk()).given(suspend(), inForce('2018-01'));
    const second = await at.when(...suspend());
    expect([second.created, second.event.type]).toEqual([true, 'ZoneSuspended']);
    expect(await at.when(...suspend())).toEqual({ ...second, created: false });
  });

  test('is no other fact where what came since set the same or something else', async () => {
    const at = await desk();
    const first = await at.when(...suspend());
    await at.given(suspend({ occurred: '2018-01' }), ['zones/delimit idlib', { extent: { en: 'a' }, occurred: '2018-02' }]);
    expect(await at.when(...suspend())).toEqual({ ...first, created: false });
  });

  // The late fact sets the status too, but earlier in the world: what holds is still the suspension.
  test('is no other fact where what came since took its place before it', async () => {
    const at = await desk();
    const first = await at.when(...suspend());
    await at.given(inForce('2017-09'));
    expect(await at.when(...suspend())).toEqual({ ...first, created: false });
  });

  test('of an incident is no second incident, whatever came between', async () => {
    const strike: Said = ['zones/report-incident idlib', { incident: 'strike', text: { en: 'A strike' }, occurred: '2017-12' }];
    const at = await desk();
    const first = await at.when(...strike);
    await at.given(suspend(), inForce('2018-01'), [
      'zones/report-incident idlib',
      { incident: 'clash', text: { en: 'A clash' }, occurred: '2017-12' },
    ]);
    expect(await at.when(...strike)).toEqual({ ...first, created: false });
  });

  test('of a role that has ended since is another fact', async () => {
    const role = { party: 'party-iran', role: 'guarantor', occurred: '2017-05' };
    const at = await (await desk()).given(['zones/name-role idlib', { ...role, status: 'accepted' }], ['zones/end-role idlib', role]);
    expect((await at.when('zones/name-role idlib', { ...role, status: 'accepted' })).event.type).toBe('ZoneRoleNamed');
  });
});

describe('a creation', () => {
  test('that is told again is answered with the first, however its subject has changed', async () => {
    const at = await (await desk()).given(suspend());
    const again = await at.when('zones/report', idlib);
    expect([again.created, again.event.type, again.reply.revision]).toEqual([false, 'ZoneReported', 0]);
    expect((await at.when('zones/report', { ...idlib, ...from('SANA') })).event).toMatchObject({ type: 'EventCorroborated' });
  });

  test.each<[string, Fields]>([
    ['another name', { name: { en: 'Idlib' } }],
    ['another field', { extent: { en: 'a' } }],
    ['another date', { occurred: '2017-05-05' }],
    ['another status', { status: 'agreed' }],
  ])('of a taken id with %s is refused by the name of its subject', async (_, other) => {
    const refusal = await (await desk()).refused('zones/report', { ...idlib, ...other });
    expect([refusal.code, refusal.message]).toEqual(['already-exists', expect.stringContaining('zone-idlib')]);
  });

  test('of the same id in another kind is another subject', async () => {
    expect((await (await desk()).when(...exist('agreement-idlib')[0]!)).reply.stream).toBe('agreement-idlib');
  });
});
