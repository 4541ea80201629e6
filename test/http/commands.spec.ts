import { jest } from '@jest/globals';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { KEY, startApp, stopApp, type Answer, type TestApp } from '../support/start-app.js';

type Fields = Record<string, unknown>;

const NDJSON = { 'content-type': 'application/x-ndjson' };
const MAX_BODY = 49_152;
const sources = [{ publisher: 'TASS', url: 'https://tass.com/politics/944911' }];
const party = (id: string, more: Fields = {}) => ({ id, name: { en: id }, kind: 'other', occurred: '2017-07-05', ...more });
const zone = (id: string, more: Fields = {}) => ({ id, name: { en: id }, occurred: '2017-05-04', sources, ...more });
const suspension = (more: Fields = {}) => ({ occurred: '2017-12', sources, ...more });
const register = (id: string, more: Fields = {}) => ({ command: 'parties/register', body: party(id, more) });

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await app.feed([register('russia'), { command: 'zones/report', body: zone('idlib') }]);
});
afterAll(() => stopApp(app));

const head = async () => (await app.get('/health/ready')).json.sequence as number;

/** Holds an answer to be a problem document with this status, code and, where given, these fields at fault. Gives its text. */
function refused({ status, headers, json, text }: Answer, expected: number, code: string, fields?: string[]): string {
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(json).toMatchObject({ type: expect.any(String), title: expect.any(String), detail: expect.any(String), status, code });
  expect([status, (json.errors as Fields[] | undefined)?.map(({ field }) => field).sort()]).toEqual([expected, fields]);
  for (const error of json.errors ?? []) expect(error).toMatchObject({ rule: expect.any(String), message: expect.any(String) });
  return text;
}

describe('a command', () => {
  test('answers 201 with the place of its event, and 200 with the same when it is repeated', async () => {
    const [create, suspend] = [() => app.post('/v1/zones', zone('places')), () => app.post('/v1/zones/places/suspend', suspension())];
    const [first, again] = [await create(), await create()];
    const eventId = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    const place = { id: 'places', stream: 'zone-places', revision: 0, sequence: await head(), eventId };
    expect([first.status, first.json, again.status, again.json]).toEqual([201, place, 200, first.json]);
    const [next, repeat] = [await suspend(), await suspend()];
    expect([next.status, next.json]).toEqual([201, { ...place, revision: 1, sequence: place.sequence + 1 }]);
    expect([repeat.status, repeat.json, await head()]).toEqual([200, next.json, place.sequence + 1]);
  });

  test('that is repeated with a new source is recorded as a corroboration, once', async () => {
    const first = await app.post('/v1/zones', zone('corroborated'));
    const other = { sources: [{ publisher: 'Tasnim' }] };
    const second = await app.post('/v1/zones', zone('corroborated', other));
    expect([second.status, second.json.revision]).toEqual([201, 1]);
    const { event } = (await app.get(`/v1/events/${second.json.eventId}`)).json.data;
    expect(event).toMatchObject({ type: 'EventCorroborated', corroborates: first.json.eventId, ...other });
    const third = await app.post('/v1/zones', zone('corroborated', other));
    expect([third.status, third.json]).toEqual([200, first.json]);
  });

  test('is shown by every read once its reply is there', async () => {
    await app.post('/v1/zones', zone('shown'));
    const states = ['/v1/zones/shown', '/v1/zones?limit=1000', '/v1/zones?about=zone-shown', '/v1/zones.geojson'];
    const events = ['/v1/zones/shown/timeline', '/v1/events?limit=1000', '/v1/events?about=zone-shown', '/v1/events/zone-shown@'];
    for (let revision = 1; revision <= 10; revision++) {
      const incident = { incident: 'strike', text: { en: `Strike ${revision}` }, occurred: '2017-06', sources };
      const { sequence, eventId } = (await app.post('/v1/zones/shown/report-incident', incident)).json;
      const read = async (path: string) => (await app.get(path.endsWith('@') ? path + revision : path)).text;
      for (const text of await Promise.all(states.map(read)))
        expect(text).toContain(`"stream":"zone-shown","revision":${revision},"sequence":${sequence},`);
      for (const text of await Promise.all([...events, `/v1/events/${eventId}`].map(read))) expect(text).toContain(`"id":"${eventId}"`);
    }
  });

  test('with If-Match is taken at that revision only, which a state tells as its ETag', async () => {
    await app.post('/v1/zones', zone('matched'));
    const etag = (await app.get('/v1/zones/matched')).headers.get('etag')!;
    const send = (verb: string, ifMatch: string) => app.post(`/v1/zones/matched/${verb}`, suspension(), { 'if-match': ifMatch });
    const taken = await send('suspend', etag);
    expect([etag, taken.status]).toEqual(['"0"', 201]);
    refused(await send('dissolve', etag), 412, 'revision-mismatch');
    refused(await send('dissolve', 'zero'), 400, 'malformed', ['If-Match']);
    const repeat = await send('suspend', etag);
    expect([repeat.status, repeat.json, (await send('dissolve', '"1"')).status]).toEqual([200, taken.json, 201]);
  });

  test('with an Idempotency-Key gets its first reply again, before any other check, and 422 with another body', async () => {
    const send = (path: string, body: Fields, headers: Record<string, string> = {}) =>
      app.post(path, body, { 'idempotency-key': 'key/1', ...headers });
    await app.post('/v1/zones', zone('keyed'));
    const first = await send('/v1/zones/keyed/suspend', suspension());
    await app.post('/v1/zones/keyed/enter-into-force', { occurred: '2018', sources });
    const before = await head();
    const again = await send('/v1/zones/keyed/suspend', suspension(), { 'if-match': '"0"' });
    expect([first.status, again.status, again.json]).toEqual([201, 201, first.json]);
    refused(await send('/v1/zones/keyed/suspend', suspension({ occurred: '2018-01' })), 422, 'key-reused');
    refused(await send('/v1/zones/idlib/suspend', suspension()), 422, 'key-reused');
    refused(await send('/v1/zones/keyed/dissolve', suspension()), 422, 'key-reused');
    refused(await send('/v1/zones', zone('long-key'), { 'idempotency-key': 'k'.repeat(256) }), 400, 'malformed', ['Idempotency-Key']);
    expect(await head()).toBe(before);
  });

  test('on a subject that does not exist is 404 with its name; one that refers to such is 422 with each name', async () => {
    expect(refused(await app.post('/v1/zones/nowhere/suspend', suspension()), 404, 'no-such-subject')).toContain('zone-nowhere');
    const body = { by: ['party-russia', 'party-x'], basis: 'agreement-y', occurred: '2017', sources, accordingTo: ['statement-z'] };
    const answer = await app.post('/v1/zones/idlib/agree', body);
    const text = refused(answer, 422, 'unknown-reference', ['accordingTo[0]', 'basis', 'by[1]']);
    for (const name of ['party-x', 'agreement-y', 'statement-z']) expect(text).toContain(name);
  });

  test('that creates what exists with other fields is 409', async () => {
    expect(refused(await app.post('/v1/zones', zone('idlib', { name: { en: 'Other' } })), 409, 'already-exists')).toContain('zone-idlib');
  });

  test('to an unknown collection or verb is 404', async () => {
    for (const path of ['/v1/armies', '/v1/zone', '/v1/zones/idlib']) refused(await app.post(path, suspension()), 404, 'not-found');
    for (const path of ['/v1/zones/idlib/explode', '/v1/zones/idlib/toString', '/v1/armies/idlib/report', '/v1/statements/s/make-up'])
      refused(await app.post(path, suspension()), 404, 'no-such-command');
  });

  test('is taken with 49,152 bytes and is 413 with one more, or where its event would be more than 65,535', async () => {
    const pad = MAX_BODY - JSON.stringify(party('large', { name: { en: '' } })).length;
    const padded = (id: string, more: number) => party(id, { name: { en: 'x'.repeat(pad + more) } });
    expect((await app.post('/v1/parties', padded('large', 0))).status).toBe(201);
    refused(await app.post('/v1/parties', padded('large', 1)), 413, 'too-large');
    const ids = Array.from({ length: 600 }, (_, at) => `${'p'.repeat(56)}-${at}`);
    await app.feed(ids.map((id) => register(id)));
    // Each name stands in the body once and in the event twice.
    const mentions = ids.map((id) => `party-${id}`);
    const said = { speaker: {}, attribution: 'document', lang: 'en', text: { en: 'All of them' }, mentions, occurred: '2017', sources };
    refused(await app.post('/v1/statements', said), 413, 'too-large');
  });

  const typed = (path: string, type: string) =>
    app.call('POST', path, { body: JSON.stringify(party('typed')), headers: { 'content-type': type } });
  test('that is not sent as JSON is 415, and so are several that are not sent as NDJSON', async () => {
    for (const type of ['text/plain', 'multipart/form-data', '']) refused(await typed('/v1/parties', type), 415, 'unsupported-media-type');
    for (const type of ['application/json', 'text/plain', '']) refused(await typed('/v1/commands', type), 415, 'unsupported-media-type');
  });
  // The request itself is looked through as if it were the body: seconds of a blocked service, and a reply that tells its insides.
  test('that is sent as NDJSON to the route of a single one is 415', async () => {
    refused(await typed('/v1/parties', 'application/x-ndjson'), 415, 'unsupported-media-type');
  });

  test('with a bad body is 400 with every field at fault', async () => {
    const body = { id: 'A b', name: 'A', kind: 'army', rank: 1, aliases: [{ en: 'A' }, { en: '' }] };
    refused(await app.post('/v1/parties', body), 400, 'malformed', ['aliases', 'id', 'kind', 'name', 'occurred', 'rank']);
  });
});

describe('a read with min', () => {
  const paths = ['', '/idlib', '.geojson', '/idlib/timeline'].map((rest) => `/v1/zones${rest}`);
  test('waits for the command that makes that sequence', async () => {
    const awaited = (await head()) + 1;
    const waiting: Promise<Answer>[] = [];
    for (const path of [...paths, '/v1/commitments', '/v1/events', '/v1/events/zone-idlib@0']) {
      const arrived = once(app.app.getHttpServer(), 'request');
      waiting.push(app.get(`${path}?min=${awaited}`));
      await arrived;
    }
    expect((await app.post('/v1/zones/idlib/suspend', suspension())).json.sequence).toBe(awaited);
    for (const { status, json } of await Promise.all(waiting)) expect([status, json.sequence]).toEqual([200, awaited]);
  });

  test('is 503 where it does not come within 10 seconds', async () => {
    const { reader } = app.record;
    const wait = reader.reached.bind(reader);
    const reached = jest.spyOn(reader, 'reached').mockImplementation((sequence, patience) => wait(sequence, patience / 1_000));
    const behind = await app.get('/v1/zones?min=1000000');
    refused(behind, 503, 'behind');
    expect(reached).toHaveBeenCalledWith(1_000_000, 10_000);
    reached.mockRestore();
    expect(behind.headers.get('retry-after')).toMatch(/^\d+$/);
  });
});

describe('a stream of commands', () => {
  /** A request that stays open for more lines, and its replies as they come. */
  function open() {
    const headers = { authorization: `Bearer ${KEY}`, ...NDJSON };
    const sent = request(`${app.address}/v1/commands`, { method: 'POST', agent: false, headers });
    const lines = once(sent, 'response').then(([input]) => createInterface({ input: input as IncomingMessage })[Symbol.asyncIterator]());
    const reply = async () => {
      const { value, done } = await (await lines).next();
      return done ? undefined : (JSON.parse(value) as Fields);
    };
    return { sent, reply };
  }

  test('answers each line while the body is still coming in, and takes a last line without a newline', async () => {
    const { sent, reply } = open();
    for (const line of [1, 2, 3]) {
      sent.write(`${JSON.stringify(register(`live-${line}`))}${line === 2 ? '\r\n' : '\n'}`);
      expect(await reply()).toEqual({ line, ...(await app.post('/v1/parties', party(`live-${line}`))).json });
    }
    sent.write('{"command":\n');
    expect(await reply()).toMatchObject({ line: 4, status: 400, code: 'malformed' });
    sent.end(JSON.stringify(register('live-5')));
    expect([await reply(), await reply()]).toEqual([expect.objectContaining({ line: 5, id: 'live-5', revision: 0 }), undefined]);
  });

  test('answers in order, each reply with its line, and goes on behind a bad one', async () => {
    const body = suspension();
    const long = (length: number) => register('long', { name: { en: 'x'.repeat(length) } });
    const bad: [unknown, number, string][] = [
      [[], 400, 'malformed'],
      [{ command: 'zones/suspend', body }, 400, 'malformed'],
      [{ ...register('keyless'), idempotencyKey: 'a b' }, 400, 'malformed'],
      [{ command: 'zones/explode', id: 'idlib', body }, 404, 'no-such-command'],
      [{ command: 'zones/suspend', id: 'nowhere', body }, 404, 'no-such-subject'],
      [register('russia', { kind: 'state' }), 409, 'already-exists'],
      [long(MAX_BODY), 413, 'too-large'],
      [long(3 * MAX_BODY), 413, 'too-large'],
    ];
    const replies = await app.feed(bad.flatMap(([line], at) => [line, register(`behind-${at}`)]));
    const expected = bad.flatMap(([, status, code], at) => [
      { line: 2 * at + 1, status, code, title: expect.any(String) },
      { line: 2 * at + 2, id: `behind-${at}`, revision: 0 },
    ]);
    expect(replies).toMatchObject(expected);
  });

  test('may have 5,000 lines', async () => {
    const before = await head();
    const replies = await app.feed(Array.from({ length: 5_000 }, (_, at) => register(`many-${at}`)));
    const places = replies.map(({ line, id, sequence }) => [line, id, sequence]);
    expect(places).toEqual(replies.map((_, at) => [at + 1, `many-${at}`, before + at + 1]));
    expect(await head()).toBe(before + 5_000);
  });

  test('that breaks off keeps what was whole, and writes nothing of the line that was not', async () => {
    const { sent, reply } = open();
    const arrived = once(app.app.getHttpServer(), 'request');
    sent.write(`${JSON.stringify(register('whole'))}\n`);
    const [served] = (await arrived) as [IncomingMessage];
    const { sequence } = (await reply())!;
    // All of it but for its newline: only the end of the body would make it whole.
    sent.write(JSON.stringify(register('cut-off')));
    await once(served, 'data');
    const closed = new Promise((resolve) => served.once('close', resolve));
    sent.destroy();
    await closed;
    expect((await app.post('/v1/parties', party('after'))).json.sequence).toBe(Number(sequence) + 1);
    refused(await app.get('/v1/parties/cut-off'), 404, 'no-such-subject');
  });

  test('takes a repeat within itself for what it is, with a key and without', async () => {
    const keyed = { ...register('twice-keyed'), idempotencyKey: 'key/2' };
    const lines = [register('twice'), register('twice'), keyed, keyed, { ...register('other'), idempotencyKey: 'key/2' }];
    const [first, second, third, fourth, fifth] = await app.feed(lines);
    expect(second).toEqual({ ...first, line: 2 });
    expect(fourth).toEqual({ ...third, line: 4 });
    expect(fifth).toMatchObject({ line: 5, status: 422, code: 'key-reused' });
    expect([third!['sequence'], await head()]).toEqual([Number(first!['sequence']) + 1, third!['sequence']]);
  });
});
