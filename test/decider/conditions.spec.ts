import canonicalize from 'canonicalize';
import { createHash } from 'node:crypto';
import { closeDesks, exist, openDesk, type Fields, type Said } from '../support/desk.js';

afterEach(closeDesks);

const suspend = (more: Fields = {}, how: Said[2] = {}): Said => ['zones/suspend idlib', { occurred: '2017-12', ...more }, how];
const desk = () => openDesk().given(...exist('zone-idlib', 'zone-south', 'statement-a'));
const sana = { sources: [{ publisher: 'SANA' }] };

describe('a key', () => {
  test('gives the first reply again, though the stream has moved on and the revision no longer fits', async () => {
    const at = await desk();
    const first = await at.when(...suspend({}, { key: 'k', ifMatch: 0 }));
    await at.given(['zones/dissolve idlib', { occurred: '2018' }]);
    const before = at.head;
    expect(await at.when(...suspend({}, { key: 'k', ifMatch: 0 }))).toEqual(first);
    expect(first.created).toBe(true);
    expect(at.head).toBe(before);
  });

  test('is kept with its event', async () => {
    const { event } = await (await desk()).when(...suspend({}, { key: 'k' }));
    expect(event.commandKey).toBe('k');
  });

  test('does not tell one order of fields from another', async () => {
    const at = await desk();
    const first = await at.when('zones/suspend idlib', { occurred: '2017-12', reason: { en: 'a', ar: 'b' } }, { key: 'k' });
    expect(await at.when('zones/suspend idlib', { reason: { ar: 'b', en: 'a' }, occurred: '2017-12' }, { key: 'k' })).toEqual(first);
  });

  test.each<[string, Said]>([
    ['date', suspend({ occurred: '2017-11' }, { key: 'k' })],
    ['field', suspend({ reason: { en: 'a' } }, { key: 'k' })],
    ['source', suspend(sana, { key: 'k' })],
    ['statement', suspend({ accordingTo: ['statement-a'] }, { key: 'k' })],
    ['confidence', suspend({ confidence: 'high' }, { key: 'k' })],
    ['subject', ['zones/suspend south', { occurred: '2017-12' }, { key: 'k' }]],
    ['command', ['zones/dissolve idlib', { occurred: '2017-12' }, { key: 'k' }]],
  ])('is refused with another %s', async (_, other) => {
    const at = await (await desk()).given(suspend({}, { key: 'k' }));
    expect((await at.refused(...other)).code).toBe('key-reused');
  });

  test('is its caller’s own', async () => {
    const at = await desk();
    const one = await at.when(...suspend({}, { key: 'k', caller: 'one' }));
    const other = await at.when(...suspend({ reason: { en: 'a' } }, { key: 'k', caller: 'other' }));
    expect([one.event.recordedBy, other.event.recordedBy]).toEqual(['one', 'other']);
    expect((await at.when(...suspend({}, { key: 'k', caller: 'one' }))).reply).toEqual(one.reply);
  });

  test('of a corroboration gives that again', async () => {
    const at = await (await desk()).given(suspend());
    const corroboration = await at.when(...suspend(sana, { key: 'k' }));
    expect(corroboration.event.type).toBe('EventCorroborated');
    expect(await at.when(...suspend(sana, { key: 'k' }))).toEqual(corroboration);
    expect((await at.refused(...suspend({}, { key: 'k' }))).code).toBe('key-reused');
  });

  test('gives the first reply while the first is being written', async () => {
    const at = await desk();
    const [first, second] = await Promise.all([at.when(...suspend({}, { key: 'k' })), at.when(...suspend({}, { key: 'k' }))]);
    expect(second).toEqual(first);
  });

  test('is checked before repeats: a second fact is the first reply', async () => {
    const at = await (await desk()).given(suspend({}, { key: 'k' }), ['zones/enter-into-force idlib', { occurred: '2018' }]);
    expect((await at.when(...suspend({}, { key: 'k' }))).reply.revision).toBe(1);
    expect((await at.when(...suspend({}, { key: 'l' }))).reply.revision).toBe(3);
  });
});

describe('a revision', () => {
  test('lets the command pass that fits it', async () => {
    const at = await desk();
    expect((await at.when(...suspend({}, { ifMatch: 0 }))).reply.revision).toBe(1);
    expect((await at.when('zones/dissolve idlib', { occurred: '2018' }, { ifMatch: 1 })).reply.revision).toBe(2);
  });

  test.each([0, 2, 99])('refuses the command that expects %i where the stream is at 1', async (ifMatch) => {
    const at = await (await desk()).given(suspend());
    const refusal = await at.refused('zones/dissolve idlib', { occurred: '2018' }, { ifMatch });
    expect([refusal.code, refusal.message]).toEqual(['revision-mismatch', expect.stringContaining('zone-idlib')]);
  });

  test('is not asked for of a repeat without news, and is of one with news', async () => {
    const at = await (await desk()).given(suspend(), ['zones/dissolve idlib', { occurred: '2017-12' }], suspend());
    const before = at.head;
    expect((await at.when(...suspend({}, { ifMatch: 0 }))).created).toBe(false);
    expect(at.head).toBe(before);
    expect((await at.refused(...suspend(sana, { ifMatch: 0 }))).code).toBe('revision-mismatch');
  });

  test('refuses a creation of what is not there yet', async () => {
    const [command, body] = exist('zone-new')[0]!;
    expect((await (await desk()).refused(command, body, { ifMatch: 0 })).code).toBe('revision-mismatch');
  });
});

describe('a statement without an id', () => {
  const said: Fields = {
    speaker: { role: { en: 'a diplomat', ar: 'دبلوماسي' } },
    attribution: 'anonymous',
    lang: 'ar',
    text: { en: 'Nothing is agreed.', ar: 'لا شيء متفق عليه.' },
    confidence: 'low',
    occurred: '2017-07-05?',
  };
  const derived = (body: Fields) => `s-${createHash('sha256').update(canonicalize(body)!).digest('hex').slice(0, 32)}`;

  test('has the id that the hash of its canonical body without sources and statements gives', async () => {
    const at = await desk();
    const { reply, event } = await at.when('statements/make', { ...said, accordingTo: ['statement-a'] });
    expect([reply.id, reply.stream]).toEqual([derived(said), `statement-${derived(said)}`]);
    expect(event.data).not.toHaveProperty('id');
  });

  test('is the same statement in another source, and another with another word', async () => {
    const at = await desk();
    const first = await at.when('statements/make', said);
    expect((await at.when('statements/make', said)).created).toBe(false);
    expect((await at.when('statements/make', { ...said, ...sana })).event).toMatchObject({ corroborates: first.event.id });
    const other = await at.when('statements/make', { ...said, text: { en: 'Nothing is agreed' } });
    expect(other.reply.id).toBe(derived({ ...said, text: { en: 'Nothing is agreed' } }));
  });

  test('is another than the same one with an id', async () => {
    const at = await (await desk()).given(['statements/make', said]);
    expect((await at.when('statements/make', { ...said, id: 'told' })).event).toMatchObject({ type: 'StatementMade', revision: 0 });
  });
});
