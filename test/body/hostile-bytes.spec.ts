import type { Json } from '../../src/event/event.js';
import { KEY, startApp, stopApp, type TestApp } from '../support/start-app.js';
import { furnish, occurred, refused, sources, type Problem } from './refusing.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await furnish(app);
});
afterAll(() => stopApp(app));
afterEach(async () => expect((await app.get('/health/live')).status).toBe(200));

const MAX = 49_152;
const headers = { 'content-type': 'application/json' };
const zone = { id: 'new', name: { en: 'a' }, occurred, sources };
const textOf = (more: string) => `${JSON.stringify(zone).slice(0, -1)},${more}}`;
const send = (body: string | Uint8Array) => refused(app, app.call('POST', '/v1/zones', { body, headers }));
const malformed = (...faults: string[]): Problem => ({ status: 400, code: 'malformed', faults });
const tooLarge: Problem = { status: 413, code: 'too-large', faults: [] };

describe('a body that is no command', () => {
  test.each(['[]', '[{}]', '"zone"', '5', 'true', 'null'])('is refused: %s', async (text) => {
    expect(await send(text)).toEqual(malformed(' object'));
  });

  test.each(['', ' ', '{', '{"id":"a",}', "{'id':'a'}", '{}{}', 'NaN', 'undefined', '{"a":01}', '{"a":"\t"}', '{"a":"\\x"}', '//'])(
    'is refused as no JSON: %j',
    async (text) => expect(await send(text)).toEqual(malformed(' json')),
  );

  test('is refused where there is none', async () => {
    expect(await refused(app, app.call('POST', '/v1/zones'))).toEqual(malformed(' object'));
    expect(await refused(app, app.call('POST', '/v1/zones/idlib/suspend', { headers }))).toEqual(malformed(' json'));
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml', 'nothing'])(
    'is refused as %s',
    async (type) => {
      const told = await refused(app, app.call('POST', '/v1/zones', { body: JSON.stringify(zone), headers: { 'content-type': type } }));
      expect([told.status, told.code]).toEqual([415, 'unsupported-media-type']);
    },
  );
});

describe('a body of bytes that are no text', () => {
  const [before, behind] = JSON.stringify({ ...zone, name: { en: '@' } }).split('@') as [string, string];

  test.each([
    ['a byte that UTF-8 never has', [0xff]],
    ['a continuation without a beginning', [0x80]],
    ['a character that breaks off', [0xd8]],
    ['a character that is longer than it need be', [0xc0, 0xaf]],
    ['a surrogate in three bytes', [0xed, 0xa0, 0x80]],
    ['a character beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
  ])('is refused for %s', async (_, bytes) => {
    expect(await send(Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(behind)]))).toEqual(malformed(' json'));
  });

  test('is refused in UTF-16', async () => expect(await send(Buffer.from(JSON.stringify(zone), 'utf16le'))).toEqual(malformed(' json')));

  test.each([
    ['a value', '"extent":{"en":"\\ud800"}', 'extent.en unicode'],
    ['a value in the wrong order', '"extent":{"en":"\\ude00\\ud83d"}', 'extent.en unicode'],
    ['a name', '"extent":{"\\udc00":"a"}', 'extent unicode'],
    ['a name of a field', '"\\ud800":1', ' unicode'],
    ['a source', '"sources":[{"publisher":"a\\udfff"}]', 'sources[0].publisher unicode'],
  ])('is refused for a lone surrogate in %s', async (_, more, fault) => expect(await send(textOf(more))).toEqual(malformed(fault)));

  test('is taken with a surrogate pair', async () => {
    const body = textOf('"extent":{"en":"\\ud83d\\ude00"}').replace('"new"', '"pair"');
    expect((await app.call('POST', '/v1/zones', { body, headers })).status).toBe(201);
  });
});

describe('a number that not every reader reads alike', () => {
  const documents = (number: string) => {
    const body = { id: 'new', title: { en: 'a' }, kind: 'map', occurred, sources };
    return app.call('POST', '/v1/agreements', { body: `${JSON.stringify(body).slice(0, -1)},"documents":${number}}`, headers });
  };

  test.each(['9007199254740993', '9007199254740992', '-9007199254740993', '1e400', '-1e400', '1e16', '123456789012345678901234567890'])(
    'is refused: %s',
    async (number) => expect(await refused(app, documents(number))).toEqual(malformed('documents safe-number')),
  );

  test('is refused wherever it stands', async () => {
    expect(await send(textOf('"geometry":{"type":"Polygon","coordinates":[[[1e400,0]]]}'))).toEqual(
      malformed('geometry.coordinates[0][0][0] safe-number'),
    );
  });

  test.each(['-1', '1.5', '1e-1'])('is refused where it is no whole number: %s', async (number) =>
    expect(await refused(app, documents(number))).toEqual(malformed('documents whole')),
  );

  test('is taken up to 2^53 - 1', async () => expect((await documents('9007199254740991')).status).toBe(201));
});

describe('a body that is too much', () => {
  const padded = (bytes: number, id: string) => JSON.stringify({ ...zone, id }).padEnd(bytes);

  test('is taken with 49,152 bytes and refused with one more', async () => {
    expect((await app.call('POST', '/v1/zones', { body: padded(MAX, 'full'), headers })).status).toBe(201);
    expect(await send(padded(MAX + 1, 'over'))).toEqual(tooLarge);
  });

  test('is refused with a megabyte', async () => expect(await send(padded(1_000_000, 'over'))).toEqual(tooLarge));

  test('is refused where it comes in pieces of which nobody has told the sum', async () => {
    const before = app.record.reader.head;
    async function* pieces() {
      for (let at = 0; at < 100; at++) yield Buffer.alloc(1_000, ' ');
    }
    const request = { method: 'POST', body: pieces(), duplex: 'half' as const, headers: { ...headers, authorization: `Bearer ${KEY}` } };
    const response = await fetch(`${app.address}/v1/zones`, request);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([413, 'too-large']);
    expect(app.record.reader.head).toBe(before);
  });

  test('is refused where it counts more bytes than characters', async () => {
    expect(await send(JSON.stringify({ ...zone, name: { ar: 'إ'.repeat(25_000) } }))).toEqual(tooLarge);
  });

  test('is refused where its event would be larger than one may be', async () => {
    // A statement's mentions stand in its event twice: among its fields and in what it is about.
    const ids = Array.from({ length: 600 }, (_, at) => `${'a'.repeat(56)}-${at}`);
    const made = await app.feed(
      ids.map((id) => ({ command: 'parties/register', body: { id, name: { en: 'a' }, kind: 'other', occurred } })),
    );
    expect(made.every((reply) => 'eventId' in reply)).toBe(true);
    const body = {
      speaker: {},
      attribution: 'document',
      lang: 'en',
      text: { en: 'a' },
      mentions: ids.map((id) => `party-${id}`),
      occurred,
      sources,
    };
    expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(MAX);
    expect(await refused(app, app.post('/v1/statements', body))).toEqual(tooLarge);
  });

  test.each([
    ['lists', '['.repeat(20_000) + ']'.repeat(20_000)],
    ['objects', '{"a":'.repeat(7_000) + '1' + '}'.repeat(7_000)],
    ['lists that never end', '['.repeat(40_000)],
  ])('is refused for %s in each other', async (_, deep) => {
    expect((await send(deep)).status).toBe(400);
    expect((await send(textOf(`"extent":${deep}`))).code).toBe('malformed');
  });

  test('is refused where one list holds more than a thousand', async () => {
    const by = Array.from({ length: 1_001 }, (_, at) => `party-p${at}`);
    expect(await refused(app, app.post('/v1/zones/idlib/agree', { by, occurred, sources }))).toEqual(malformed('by reference'));
  });

  // Of a body that came as a stream, the stream's own members are read as the body's: the reply is 56 MB of the service's inside.
  test('is refused as lines where one command is asked for', async () => {
    const answer = await app.call('POST', '/v1/zones', { body: JSON.stringify(zone), headers: { 'content-type': 'application/x-ndjson' } });
    expect([answer.status, answer.json.code, answer.text.length < 10_000]).toEqual([415, 'unsupported-media-type', true]);
  });
});

describe('a geometry', () => {
  const ring = [
    [36, 35],
    [37, 35],
    [37, 36],
    [36, 35],
  ];
  const polygon = (coordinates: Json) => ({ type: 'Polygon', coordinates });
  const geometries: [string, Json][] = [
    ['a point', { type: 'Point', coordinates: [36, 35] }],
    ['a feature', { type: 'Feature', geometry: polygon([ring]), properties: {} }],
    ['a collection', { type: 'GeometryCollection', geometries: [polygon([ring])] }],
    ['a type in small letters', { type: 'polygon', coordinates: [ring] }],
    ['no coordinates', { type: 'Polygon' }],
    ['no rings', polygon([])],
    ['a ring without positions', polygon([[]])],
    ['a ring of three positions', polygon([ring.slice(0, 3)])],
    ['a ring that is open', polygon([[...ring.slice(0, 3), [36, 34]]])],
    ['a second ring that is open', polygon([ring, [...ring.slice(0, 3), [36, 34]]])],
    ['a longitude of 181', polygon([[[181, 35], ...ring.slice(1, 3), [181, 35]]])],
    ['a latitude of -91', polygon([[[36, -91], ...ring.slice(1, 3), [36, -91]]])],
    ['a position of one number', polygon([[[36], ...ring.slice(1, 3), [36]]])],
    ['a position of four numbers', polygon([[[36, 35, 0, 0], ...ring.slice(1, 3), [36, 35, 0, 0]]])],
    ['texts for numbers', polygon([[['36', '35'], ...ring.slice(1, 3), ['36', '35']]])],
    ['nothing for an altitude', polygon([[[36, 35, null], ...ring.slice(1, 3), [36, 35, null]]])],
    ['a polygon where there are several', { type: 'MultiPolygon', coordinates: [ring] }],
    ['several polygons where there is one', polygon([[ring]])],
    ['a list of geometries', [polygon([ring])]],
    ['another frame of reference', { ...polygon([ring]), crs: { type: 'name', properties: { name: 'EPSG:3857' } } }],
    ['the name of what every object has', { ...polygon([ring]), toString: 1 }],
  ];

  test.each(geometries)('is refused as %s', async (_, geometry) => {
    expect(await refused(app, app.post('/v1/zones', { ...zone, geometry }))).toEqual(malformed('geometry geometry'));
  });

  test('is taken as polygons with holes and altitudes', async () => {
    const high = [[36, 35, 5], ...ring.slice(1, 3), [36, 35, 5]];
    for (const [at, geometry] of [polygon([high, ring]), { type: 'MultiPolygon', coordinates: [[ring], [ring, high]] }].entries())
      expect((await app.post('/v1/zones', { ...zone, id: `drawn-${at}`, geometry })).status).toBe(201);
  });
});

describe('a condition', () => {
  test.each([
    ['idempotency-key', 'two words', 'Idempotency-Key key'],
    ['idempotency-key', 'x'.repeat(256), 'Idempotency-Key key'],
    ['idempotency-key', '\u00e9', 'Idempotency-Key key'],
    ['if-match', '0', 'If-Match revision'],
    ['if-match', '"-1"', 'If-Match revision'],
    ['if-match', '*', 'If-Match revision'],
    ['if-match', 'W/"0"', 'If-Match revision'],
    ['if-match', '"9007199254740993"', 'If-Match revision'],
  ])('is refused: %s of %s', async (name, value, fault) => {
    const answer = app.post('/v1/zones/idlib/suspend', { occurred, sources }, { [name]: value });
    expect(await refused(app, answer)).toEqual(malformed(fault));
  });
});
