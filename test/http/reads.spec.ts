import canonicalize from 'canonicalize';
import { once } from 'node:events';
import { get as openRead, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import type { RecordedEvent } from '../../src/event/event.js';
import { bounds } from '../../src/time/occurred.js';
import { sample } from '../support/sample.js';
import { startApp, stopApp, type Answer, type TestApp } from '../support/start-app.js';

type Fields = Record<string, any>; // eslint-disable-line typescript/no-explicit-any -- states are read field by field
const COMMON = 'id stream revision sequence anomalies disputed settled? uncertain retracted because';
/** The fields of each kind's states; those with a question mark may be missing. */
const KINDS: Record<string, [kind: string, fields: string]> = {
  parties: ['party', 'name kind aliases memberOf roles'],
  zones: ['zone', 'name extent? areas geometry? partOf? status agreedBy delimited? roles incidents'],
  agreements: [
    'agreement',
    'title kind parties zones partOf? documents? place? status signatures rejections until? supersededBy? commitments roles',
  ],
  deployments: ['deployment', 'party force zone? task? armament? place? strength? posts basis? when? status agreedBy rejections'],
  statements: ['statement', 'speaker onBehalfOf? attribution lang text quote? at? mentions stances'],
  talks: ['talks', 'title place? when convenor? participants on status outcome? summary? roles'],
};
const sources = [{ publisher: 'Tests' }];

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await app.feed(sample());
});
afterAll(() => stopApp(app));

const ndjson = (path: string) => app.call('GET', path, { headers: { accept: 'application/x-ndjson' } });
const lines = ({ text }: Answer) => text.split('\n').filter(Boolean);
const everything = async () => lines(await ndjson('/v1/events')).map((line) => JSON.parse(line) as RecordedEvent);
const all = async (path: string) => {
  const { json } = await app.get(`${path}${path.includes('?') ? '&' : '?'}limit=1000`);
  const frame = { epoch: expect.any(String), sequence: expect.any(Number), data: expect.any(Array) };
  expect(json).toEqual({ ...frame, ...(json.asOf && { asOf: json.asOf }) });
  return json.data as Fields[];
};
/** The data of all pages, and the sequences that they stand at. */
async function paged(path: string, limit: number, between = async (): Promise<unknown> => undefined) {
  const data: Fields[] = [];
  const sequences = new Set<number>();
  for (let next: string | undefined = ''; next !== undefined; await between()) {
    const after: string = next && `&after=${encodeURIComponent(next)}`;
    const { json }: Answer = await app.get(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}${after}`);
    data.push(...json.data);
    sequences.add(json.sequence);
    expect(json.data.length).toBe(json.next === undefined ? json.data.length : limit);
    next = json.next;
  }
  return { data, sequences: [...sequences] };
}

describe.each(Object.entries(KINDS))('%s', (collection, [kind, fields]) => {
  test('are listed by id, each as its own address shows it', async () => {
    const states = await all(`/v1/${collection}`);
    const events = (await everything()).filter(({ stream }) => stream.startsWith(`${kind}-`));
    expect(states.map(({ stream }) => stream)).toEqual([...new Set(events.map(({ stream }) => stream))].sort());
    const names = `${COMMON} ${fields}`.split(' ');
    for (const state of states) {
      const { status, headers, json } = await app.get(`/v1/${collection}/${state['id']}`);
      expect([status, headers.get('etag'), json.data]).toEqual([200, `"${state['revision']}"`, state]);
      const { revision, sequence } = events.findLast(({ stream }) => stream === state['stream'])!;
      expect(state).toMatchObject({ id: state['stream'].slice(kind.length + 1), revision, sequence, retracted: false });
      expect(names.map((name) => name.replace('?', ''))).toEqual(expect.arrayContaining(Object.keys(state)));
      expect(Object.keys(state)).toEqual(expect.arrayContaining(names.filter((name) => !name.endsWith('?'))));
    }
    const absent = await app.get(`/v1/${collection}/nobody-knows-it`);
    expect([absent.status, absent.json.code]).toEqual([404, 'no-such-subject']);
  });

  test('are filtered by what an event of theirs is about', async () => {
    for (const about of [['zone-idlib'], ['party-russia'], ['talks-astana-5', 'party-aknaf']]) {
      const touching = (await everything()).filter((event) => about.some((name) => event.about.includes(name)));
      const streams = new Set(touching.map(({ stream }) => stream).filter((stream) => stream.startsWith(`${kind}-`)));
      for (const query of [`about=${about.join()}`, about.map((name) => `about=${name}`).join('&')])
        expect((await all(`/v1/${collection}?${query}`)).map(({ stream }) => stream)).toEqual([...streams].sort());
    }
  });
});

describe('pages', () => {
  let round = 0;
  const created = Object.keys(KINDS).map((name) => sample().filter(({ command, id }) => !id && command.startsWith(name))[2]!);
  /** New subjects of every kind, before and behind what is there, and changes of what is there. */
  async function disturb() {
    const told = { occurred: `2021-01-01T00:00:00.${String(++round).padStart(3, '0')}Z`, sources };
    const named = (id: string) => created.map(({ command, body }) => ({ command, body: { ...body, id } }));
    const commit = { ...told, commitment: `new-${round}`, parties: ['party-russia'], text: { en: 'New' } };
    const changes = ['idlib', 'south', 'eastern-ghouta'].flatMap((id) => [
      { command: round % 2 ? 'zones/suspend' : 'zones/agree', id, body: told },
      { command: 'zones/name-role', id, body: { ...told, party: 'party-russia', role: 'monitor', status: 'accepted' } },
    ]);
    const committed = { command: 'agreements/commit', id: 'memorandum-de-escalation-areas', body: commit };
    const replies = await app.feed([...named(`aa-${round}`), ...named(`zz-${round}`), committed, ...changes]);
    expect(replies.filter(({ eventId }) => eventId === undefined)).toEqual([]);
  }

  const collections = Object.keys(KINDS).flatMap((name) => [`/v1/${name}`, `/v1/${name}?about=party-russia`]);
  const states = [
    ...collections,
    '/v1/zones?status=agreed,proposed',
    '/v1/parties?kind=state',
    '/v1/commitments',
    '/v1/commitments?status=open',
  ];
  test.each([...states, '/v1/zones/idlib/timeline', '/v1/events', '/v1/events?about=zone-idlib'])(
    'of %s all stand where the first one stood, whatever is recorded meanwhile',
    async (path) => {
      const before = await everything();
      const whole = (await paged(path, 1_000)).data;
      const { data, sequences } = await paged(path, Math.ceil(whole.length / 3), disturb);
      expect(whole.length).toBeGreaterThan(2);
      expect([sequences, data]).toEqual([[before.length], whole]);
    },
  );

  test('hold from 1 to 1,000', async () => {
    for (const path of ['/v1/parties', '/v1/events', '/v1/commitments', '/v1/zones/idlib/timeline']) {
      for (const limit of ['0', '1001', '-1', '1.5', 'ten', '']) expect((await app.get(`${path}?limit=${limit}`)).status).toBe(400);
      expect((await app.get(`${path}?limit=1`)).json.data).toHaveLength(1);
      expect((await app.get(`${path}?limit=1000`)).status).toBe(200);
    }
    expect((await app.get('/v1/events')).json.data).toHaveLength(100);
  });

  // A cursor is a place among the streams of all kinds, and nothing holds it to those of the list.
  test('of one kind never lead to another, whatever they are said to follow', async () => {
    const { json } = await app.get('/v1/zones?after=a~1000');
    for (const { stream } of json.data ?? []) expect(stream).toMatch(/^zone-/);
  });
});

test('zones.geojson is a bare collection of features, whose geometry is null where nobody has reported one', async () => {
  const geometry = { type: 'Polygon', coordinates: [[[36, 35], [37, 35], [37, 36], [36, 35]]] }; // prettier-ignore
  await app.post('/v1/zones', { id: 'drawn', name: { en: 'Drawn' }, geometry, occurred: '2017-05-04', sources });
  const { json, headers } = await app.get('/v1/zones.geojson');
  expect(headers.get('content-type')).toMatch(/^application\/geo\+json/);
  const { epoch, sequence } = (await app.get('/v1/zones')).json;
  const features = (await all('/v1/zones')).map(({ geometry: drawn = null, ...properties }) => {
    return { type: 'Feature', id: properties['stream'], geometry: drawn, properties };
  });
  expect(json).toEqual({ type: 'FeatureCollection', epoch, sequence, features });
  expect(features.filter(({ geometry: drawn }) => drawn !== null)).toMatchObject([{ id: 'zone-drawn', geometry }]);
  const agreed = (await app.get('/v1/zones.geojson?status=agreed')).json.features as Fields[];
  expect(agreed).toEqual(features.filter(({ properties }) => properties['status'] === 'agreed'));
});

test('a timeline has all that is about its zone, in the order of folding: a late fact takes its place in time', async () => {
  const late = { incident: 'strike', text: { en: 'Told late' }, occurred: '2017-06-01', sources };
  const { eventId } = (await app.post('/v1/zones/idlib/report-incident', late)).json;
  const left = (await everything())
    .filter(({ about, type }) => about.includes('zone-idlib') && !type.startsWith('Event'))
    .map(({ id, occurred }) => ({ id, ...bounds(occurred!)! }));
  const order: string[] = [];
  while (left.length) {
    const next = left.findIndex(({ earliest }) => !left.some(({ latest }) => latest < earliest));
    order.push(left.splice(next, 1)[0]!.id);
  }
  const timeline = (await all('/v1/zones/idlib/timeline')).filter(({ type }) => !type.startsWith('Event')).map(({ id }) => id);
  expect(timeline).toEqual(order);
  expect(timeline.indexOf(eventId)).toBeLessThan(timeline.length - 10);
});

test('commitments are those of all agreements at asOf, and are filtered', async () => {
  const { json } = await app.get('/v1/commitments?limit=1000');
  expect(Date.parse(json.asOf)).toBeGreaterThanOrEqual(Date.parse((await everything()).at(-1)!.recordedAt));
  const agreements = await all('/v1/agreements');
  const commitments = agreements.flatMap(({ stream, commitments: own }) => own.map((one: Fields) => ({ agreement: stream, ...one })));
  const place = ({ agreement, id }: Fields) => `${agreement}/${id}`;
  expect(json.data).toEqual(commitments.toSorted((a: Fields, b: Fields) => (place(a) < place(b) ? -1 : 1)));
  const zones = new Map(agreements.map((agreement) => [agreement['stream'], agreement['zones'] as string[]]));
  const filters: [string, (one: Fields) => boolean][] = [
    ['status=fulfilled&status=breached', ({ status }) => ['fulfilled', 'breached'].includes(status)],
    ['party=party-syrian-opposition', ({ parties }) => parties.includes('party-syrian-opposition')],
    ['zone=zone-south,zone-idlib', ({ agreement }) => ['zone-south', 'zone-idlib'].some((zone) => zones.get(agreement)!.includes(zone))],
    ['agreement=agreement-memorandum-de-escalation-areas', ({ agreement }) => agreement === 'agreement-memorandum-de-escalation-areas'],
    ['zone=zone-south&status=open', ({ agreement, status }) => zones.get(agreement)!.includes('zone-south') && status === 'open'],
  ];
  for (const [query, passes] of filters) {
    const found = json.data.filter(passes);
    expect([0, json.data.length]).not.toContain(found.length);
    expect(await all(`/v1/commitments?${query}`)).toEqual(found);
  }
});

describe('events', () => {
  test('are served as NDJSON, all of them in order, as the canonical bytes that every other read serves', async () => {
    const events = lines(await ndjson('/v1/events'));
    expect(events.map((line) => canonicalize(JSON.parse(line)))).toEqual(events);
    expect((await everything()).map(({ sequence }) => sequence)).toEqual(events.map((_, at) => at + 1));
    const { text } = await app.get('/v1/events?limit=1000');
    expect(text).toContain(`"data":[${events.slice(0, 1_000).join()}]`);
    for (const line of events.filter((_, at) => at % 20 === 0)) {
      const { id, stream, revision } = JSON.parse(line) as RecordedEvent;
      for (const name of [id, `${stream}@${revision}`])
        expect((await app.get(`/v1/events/${name}`)).text).toContain(`"data":{"event":${line},"amendments":[],"holds":{`);
    }
  });

  test('follow a sequence, and end at the head', async () => {
    const { sequence: head } = (await everything()).at(-1)!;
    const sequences = async (query: string) => (await app.get(`/v1/events?${query}`)).json.data.map(({ sequence }: Fields) => sequence);
    expect(await sequences('after=100&limit=3')).toEqual([101, 102, 103]);
    expect(await sequences(`after=${head - 1}`)).toEqual([head]);
    expect((await app.get(`/v1/events?after=${head}`)).json).toEqual({ epoch: expect.any(String), sequence: head, data: [] });
    const beyond = await app.get(`/v1/events?after=${head + 1}`);
    expect([beyond.status, beyond.json.code]).toEqual([400, 'future-position']);
  });

  test('have an address that tells what corroborates them, and what holds now', async () => {
    const told = { id: 'twice-told', name: { en: 'Told' }, occurred: '2017-05-04', confidence: 'low' };
    const said = ['statement-lavrentyev-two-zones'];
    const { eventId } = (await app.post('/v1/zones', { ...told, sources })).json;
    await app.post('/v1/zones', { ...told, sources: [{ publisher: 'Other' }, ...sources] });
    await app.post('/v1/zones', { ...told, sources, accordingTo: said });
    const [event, ...amendments] = lines(await ndjson('/v1/events?about=zone-twice-told')).map((line) => JSON.parse(line) as Fields);
    expect(amendments).toMatchObject([{ corroborates: eventId }, { corroborates: eventId, accordingTo: said }]);
    const both = expect.arrayContaining([...sources, { publisher: 'Other' }]);
    const holds = { occurred: told.occurred, confidence: 'low', data: { name: told.name }, accordingTo: said, sources: both };
    const { data } = (await app.get('/v1/events/zone-twice-told@0')).json;
    expect([data, data.holds.sources.length]).toEqual([{ event, amendments, holds }, 2]);
    for (const name of [eventId.replace(/./g, '0'), 'zone-twice-told@3', 'zone-nowhere@0', 'twice-told'])
      expect((await app.get(`/v1/events/${name}`)).json).toMatchObject({ status: 404, code: 'no-such-event' });
  });

  test('wait for a client that does not read them, while others are served', async () => {
    const large = await startApp();
    try {
      const text40k = { en: 'x'.repeat(40_000) };
      const body = { speaker: {}, attribution: 'document', lang: 'en', text: text40k, occurred: '2017', sources };
      await large.feed(Array.from({ length: 750 }, (_, at) => ({ command: 'statements/make', body: { ...body, id: `s${at}` } })));
      const headers = { accept: 'application/x-ndjson' };
      const connected = once(large.app.getHttpServer(), 'connection');
      const request = openRead(`${large.address}/v1/events`, { agent: false, headers });
      const [[socket], [response]] = (await Promise.all([connected, once(request, 'response')])) as [[Socket], [IncomingMessage]];
      const { text } = await large.call('GET', '/v1/events', { headers });
      // By now an unchecked service would have written it all, into the kernel's few megabytes and its own memory.
      expect(socket.bytesWritten).toBeLessThan(text.length);
      expect((await textOf(response)) === text).toBe(true);
    } finally {
      await stopApp(large);
    }
  });
});

test('whoever waits for what is still to come is told at a stop that it has not come', async () => {
  const other = await startApp();
  const waiting = other.get('/v1/zones?min=1');
  // It waits from when it was let in on.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const stopped = stopApp(other);
  expect(await waiting).toMatchObject({ status: 503, json: { code: 'behind' } });
  await stopped;
});
