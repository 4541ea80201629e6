import type { Json } from '../../src/event/event.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';
import { furnish, occurred, refused, sources, type Problem } from './refusing.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await furnish(app);
});
afterAll(() => stopApp(app));
afterEach(async () => expect((await app.get('/health/live')).status).toBe(200));

type Body = Record<string, Json>;

const zone: Body = { id: 'new', name: { en: 'a' }, occurred, sources };
const deployment: Body = { id: 'new', party: 'party-russia', force: 'police', occurred, sources };
const agreement: Body = { id: 'new', title: { en: 'a' }, kind: 'map', occurred, sources };
const statement: Body = { speaker: {}, attribution: 'on-record', lang: 'en', text: { en: 'a' }, occurred, sources };
const BODIES: Record<string, Body> = { zones: zone, deployments: deployment, agreements: agreement, statements: statement };

const post = (collection: string, body: unknown) => refused(app, app.post(`/v1/${collection}`, body));
const malformed = (...faults: string[]): Problem => ({ status: 400, code: 'malformed', faults });

const TYPES: [rule: string, collection: string, field: string, fits: Json[]][] = [
  ['slug', 'zones', 'id', []],
  ['localized', 'zones', 'name', []],
  ['localized', 'zones', 'extent', []],
  ['object', 'zones', 'areas', []],
  ['geometry', 'zones', 'geometry', []],
  ['reference', 'zones', 'partOf', []],
  ['one-of', 'zones', 'status', []],
  ['edtf', 'zones', 'occurred', []],
  ['object', 'zones', 'sources', []],
  ['reference', 'zones', 'accordingTo', []],
  ['one-of', 'zones', 'confidence', []],
  ['whole', 'agreements', 'documents', [5]],
  ['quantity', 'deployments', 'strength', [5]],
  ['language', 'statements', 'lang', []],
  ['object', 'statements', 'speaker', [{}]],
  ['object', 'statements', 'stances', []],
];

describe('a field of the wrong type', () => {
  const wrong: Json[] = [
    null,
    5,
    -1,
    1.5,
    true,
    '',
    ' ',
    'no such thing!',
    [],
    {},
    [null],
    [[]],
    [5],
    { en: 5 },
    { en: '' },
    { x: { y: [] } },
  ];

  test.each(TYPES)('is refused by the rule %s on %s.%s', async (rule, collection, field, fits) => {
    const misfits = wrong.filter((value) => !fits.some((fit) => JSON.stringify(fit) === JSON.stringify(value)));
    for (const value of misfits) {
      const { faults, ...told } = await post(collection, { ...BODIES[collection], [field]: value });
      expect({ value, ...told, rule: faults.some((fault) => fault === `${field} ${rule}` || fault.startsWith(`${field}.`)) }).toEqual({
        value,
        status: 400,
        code: 'malformed',
        rule: true,
      });
    }
  });

  test.each<[string, Json, string]>([
    ['publisher', 5, 'line'],
    ['publisher', ' ', 'line'],
    ['publisher', 'x'.repeat(2_001), 'line'],
    ['origin', null, 'line'],
    ['title', {}, 'line'],
    ['url', 'ftp://example.org', 'url'],
    ['url', 'javascript:alert(1)', 'url'],
    ['url', 'example.org', 'url'],
    ['archivedUrl', 'https://', 'url'],
    ['published', '2017-13', 'edtf'],
    ['published', '2017-07-05T12:00:00', 'edtf'],
    ['sha256', 'A'.repeat(64), 'sha256'],
    ['sha256', 'a'.repeat(63), 'sha256'],
    ['lang', 'en_US', 'language'],
    ['toString', 'x', 'unknown-field'],
    ['hasOwnProperty', 'x', 'unknown-field'],
  ])('is refused in a source: %s of %j by the rule %s', async (field, value, rule) => {
    const source = { publisher: 'TASS', [field]: value };
    expect(await post('zones', { ...zone, sources: [{ publisher: 'AFP' }, source] })).toEqual(malformed(`sources[1].${field} ${rule}`));
  });

  test('is told together with every other', async () => {
    const body = { id: 'A', name: 'x', status: 'gone', occurred: 'then', sources: [{}], confidence: 1, more: 1 };
    const { faults } = await post('zones', body);
    const expected = ['id slug', 'name localized', 'status one-of', 'occurred edtf', 'sources[0].publisher line', 'confidence one-of'];
    expect(faults.sort()).toEqual([...expected, 'more unknown-field'].sort());
  });

  test.each<[Json, boolean]>([
    [{ about: 5 }, true],
    [{ min: 5, max: 5 }, true],
    [{ about: -5 }, false],
    [{ about: '5' }, false],
    [{ min: 6, max: 5 }, false],
    [{ min: 5 }, false],
    [{ about: 5, min: 5, max: 5 }, false],
  ])('is %j for a strength: %s', async (strength, fits) => {
    // The second field keeps what fits from being written.
    const { faults } = await post('deployments', { ...deployment, strength, more: 1 });
    expect(faults.includes('strength quantity')).toBe(!fits);
  });

  test.each<[string, Json]>([
    ['a tag that is none', { en_US: 'a' }],
    ['a name of every object that is no tag', { en: 'a', hasOwnProperty: 'b' }],
    ['a list of texts', ['a']],
    ['a text in a text', { en: { en: 'a' } }],
  ])('is refused as a text: %s', async (_, name) => expect(await post('zones', { ...zone, name })).toEqual(malformed('name localized')));

  test('is refused in a list that says the same twice', async () => {
    const by = ['party-russia', 'party-russia'];
    expect(await refused(app, app.post('/v1/zones/idlib/agree', { by, occurred, sources }))).toEqual(malformed('by reference'));
    expect(await post('zones', { ...zone, sources: [...sources, ...sources] })).toEqual(malformed('sources object'));
  });

  test('is refused where a command needs one of several fields', async () => {
    expect(await refused(app, app.post('/v1/zones/idlib/delimit', { occurred, sources }))).toEqual(malformed('extent at-least-one'));
    expect(await refused(app, app.post('/v1/deployments/police/adjust', { occurred, sources }))).toEqual(
      malformed('strength at-least-one'),
    );
  });
});

describe('a field that no body has', () => {
  const names = [
    'more',
    'toString',
    'valueOf',
    'hasOwnProperty',
    '__proto__',
    'constructor',
    'prototype',
    '__defineGetter__',
    'recordedAt',
    '',
  ];

  test.each(names)('is refused by its name: %s', async (name) => {
    const more = JSON.parse(`{${JSON.stringify(name)}: {"polluted": 1}}`) as Body;
    const last = (problem: Problem) => problem.faults.map((fault) => fault.split(/[. ]/).slice(-2).join(' '));
    for (const body of [
      { ...zone, ...own(more) },
      { ...zone, sources: [{ ...sources[0], ...own(more) }] },
      { ...zone, areas: [{ name: { en: 'a' }, ...own(more) }] },
    ])
      expect(last(await post('zones', body))).toEqual([`${name} unknown-field`]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

/** Spreading would set the prototype where a name is `__proto__`. */
function own(more: Body): Body {
  const copy = Object.create(null) as Body;
  for (const name of Object.keys(more)) Object.defineProperty(copy, name, { value: more[name], enumerable: true });
  return copy;
}

describe('a speaker who is protected', () => {
  const protect = (speaker: Json, more: Body = {}) => post('statements', { ...statement, attribution: 'anonymous', speaker, ...more });

  test.each<Json>([{ name: { en: 'A Name' } }, { party: 'party-iran' }, { name: { en: 'A Name' }, role: { en: 'diplomat' } }])(
    'is never recorded: %j',
    async (speaker) => {
      expect(await protect(speaker)).toEqual(malformed('speaker anonymous'));
      expect((await protect(speaker, { id: 'x', more: 1 })).faults).toContain('speaker anonymous');
    },
  );

  test('is not recorded either where the name is no name', async () => {
    expect((await protect({ name: null })).faults).toContain('speaker anonymous');
    expect((await protect({ party: 'party-nobody' })).faults).toContain('speaker anonymous');
  });

  test('is not told back', async () => {
    const body = { ...statement, attribution: 'anonymous', speaker: { name: { en: 'Zyx' } } };
    expect((await app.post('/v1/statements', body)).text).not.toContain('Zyx');
  });

  test('may have a role', async () => {
    const body = { ...statement, attribution: 'anonymous', speaker: { role: { en: 'a diplomat' } }, onBehalfOf: 'party-iran' };
    expect((await app.post('/v1/statements', body)).status).toBe(201);
  });
});

describe('a slug or a date', () => {
  test.each(['Idlib', '-a', 'a-', 'a--b', 'a b', 'a_b', 'إدلب', 'a/b', '../a', 'a\n', 'a\0', 'é', 'a'.repeat(65)])(
    'is refused: %j',
    async (id) => {
      expect(await post('zones', { ...zone, id })).toEqual(malformed('id slug'));
      const path = `/v1/zones/${encodeURIComponent(id)}/suspend`;
      expect(await refused(app, app.post(path, { occurred, sources }))).toEqual(malformed('id slug'));
    },
  );

  test.each(['2017-02-29', '2017-13', '2017-07-05T12:00:00', '2017-07-05/2017-07-04', '20170705', 'yesterday', 'x'.repeat(10_000)])(
    'is refused: %s',
    async (date) => {
      expect(await post('zones', { ...zone, occurred: date })).toEqual(malformed('occurred edtf'));
      const talks = { id: 'new', title: { en: 'a' }, when: date, occurred, sources };
      expect(await post('talks', talks)).toEqual(malformed('when edtf'));
    },
  );

  test('is refused where it begins more than a day ahead', async () => {
    expect(await post('zones', { ...zone, occurred: '9999-12-31' })).toEqual(malformed('occurred not-ahead'));
  });
});
