import type { RecordedEvent } from '../../src/event/event.js';
import { bounds } from '../../src/time/occurred.js';
import { routesOf } from '../support/routes.js';
import { sample } from '../support/sample.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';

type Fields = Record<string, any>; // eslint-disable-line typescript/no-explicit-any -- a document and states, read field by field

const ROLES = ['name-role', 'contest-role', 'end-role'];
/** The commands of the contract: the one that creates, and those that add. The collections stand in an order in which each finds what it names. */
const COMMANDS: Record<string, [create: string, ...verbs: string[]]> = {
  parties: ['register', 'rename', 'join', 'leave'],
  zones: ['report', 'agree', 'delimit', 'enter-into-force', 'suspend', 'dissolve', 'report-incident', ...ROLES],
  agreements: ['report', 'agree', 'sign', 'reject', 'enter-into-force', 'extend', 'suspend', 'end', 'commit', 'fulfil', 'breach', ...ROLES],
  talks: ['report', 'reschedule', 'open', 'conclude', 'cancel', ...ROLES],
  deployments: ['report', 'agree', 'reject', 'start', 'adjust', 'withdraw'],
  statements: ['make'],
};
/** What is said of an event, each of one that it can be said of after the others. */
const AMENDMENTS: Record<string, string> = {
  correct: 'zone-idlib@0',
  dispute: 'zone-idlib@0',
  corroborate: 'zone-idlib@1',
  retract: 'zone-idlib@2',
};

let app: TestApp;
let document: Fields;
beforeAll(async () => {
  app = await startApp();
  await app.feed(sample());
  document = (await app.call('GET', '/openapi.json', { anonymous: true })).json;
});
afterAll(() => stopApp(app));

const operations = () =>
  Object.entries(document['paths'] as Record<string, Fields>).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation, parameters: (operation.parameters ?? []) as Fields[] })),
  );
/** Everything in the document that is an object. */
function* objectsIn(value: unknown): Generator<Fields> {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) yield value;
  for (const inner of Object.values(value)) yield* objectsIn(inner);
}
const resolve = (ref: string) =>
  ref.split('/').slice(1).reduce<Fields | undefined>((at, name) => at?.[name], document); // prettier-ignore

describe('the document', () => {
  test('has every route of the running service, and no other', () => {
    const written = routesOf(app.app).flatMap(({ method, path: route }) => {
      const path = route.replace(':id', '{id}').replace('*', '{path}');
      if (/^\/(docs|openapi\.json)/.test(path)) return [];
      const collections = { ...COMMANDS, ...(path.includes(':verb') && { events: ['', ...Object.keys(AMENDMENTS)] }) };
      const paths = Object.entries(collections).flatMap(([collection, [, ...verbs]]) =>
        (path.includes(':verb') ? verbs : ['']).map((verb) => path.replace(':collection', collection).replace(':verb', verb)),
      );
      return [...new Set(paths)].map((one) => `${method} ${one}`);
    });
    const documented = operations().map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    expect(documented.sort()).toEqual(written.sort());
  });

  test('is OpenAPI 3.1 without loose ends', () => {
    expect([document['openapi'], document['info'].title]).toEqual([expect.stringMatching(/^3\.1\.\d$/), 'Zonewatch']);
    for (const { $ref, required, properties, type } of objectsIn(document)) {
      if (typeof $ref === 'string') expect([$ref, resolve($ref)]).toEqual([$ref, expect.any(Object)]);
      if (Array.isArray(required)) expect(Object.keys(properties)).toEqual(expect.arrayContaining(required));
      if (typeof type === 'string') expect(type).toMatch(/^(object|array|string|integer|boolean|http)$/);
    }
    const ids = operations().flatMap(({ operation }) => operation['operationId'] ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation, parameters } of operations()) {
      const inPath = parameters.filter((parameter) => parameter['in'] === 'path' && parameter['required']);
      expect([path, inPath.map(({ name }) => `{${name}}`)]).toEqual([path, path.match(/\{\w+\}/g) ?? []]);
      expect(new Set(parameters.map((parameter) => `${parameter['in']} ${parameter['name']}`)).size).toBe(parameters.length);
      const places = expect.stringMatching(/^(path|query|header)$/);
      for (const parameter of parameters) expect(parameter).toMatchObject({ in: places, schema: {} });
      for (const response of Object.values<Fields>(operation['responses'])) expect(typeof response['description']).toBe('string');
    }
  });

  test('is shown at /docs, by a page that needs no other host', async () => {
    const page = await app.call('GET', '/docs', { anonymous: true });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/html/)]);
    const loaded = [...page.text.matchAll(/(?:src|href)\s*=\s*"([^"]*)"/g)].map(([, address]) => new URL(address!, `${app.address}/docs`));
    expect(loaded.length).toBeGreaterThan(3);
    for (const { origin, pathname } of loaded) {
      const { status, text } = await app.call('GET', pathname, { anonymous: true });
      expect([origin, pathname, status]).toEqual([app.address, pathname, 200]);
      if (pathname.endsWith('.css')) expect(text).not.toMatch(/(@import|url\()\s*["']?(https?:)?\/\//);
    }
  });
});

describe('bodies', () => {
  let fresh: TestApp;
  /** Every command with its example, all that create before those that add. */
  let bodies: { command: string; id?: string; path: string; example: Fields; schema: Fields }[];
  beforeAll(async () => {
    fresh = await startApp();
    const party = (id: string) => ({ command: 'parties/register', body: { id, name: { en: id }, kind: 'other', occurred: '2017' } });
    await fresh.feed(['russia', 'iran', 'syria', 'syrian-opposition'].map(party));
    const bodyAt = (path: string) => document['paths'][path].post.requestBody.content['application/json'];
    const body = (collection: string, verb: string, id?: string) => {
      const path = `/v1/${collection}${id ? `/{id}/${verb}` : ''}`;
      const { example, schema } = bodyAt(path);
      const command = { command: `${collection}/${verb}`, ...(id && { id }) };
      return { ...command, path: path.replace('{id}', id ?? ''), example, schema: resolve(schema.$ref)! };
    };
    const creates = Object.entries(COMMANDS).map(([collection, [create]]) => body(collection, create));
    const adds = Object.entries(COMMANDS).flatMap(([collection, [, ...verbs]]) =>
      verbs.map((verb) => body(collection, verb, bodyAt(`/v1/${collection}`).example.id)),
    );
    const amends = Object.entries(AMENDMENTS).map(([verb, id]) => ({ ...body('events', verb, id), path: `/v1/events/${id}/${verb}` }));
    bodies = [...creates, ...adds, ...amends];
  });
  afterAll(() => stopApp(fresh));

  test('have examples that the service takes, once what they name is there', async () => {
    const refused: unknown[] = [];
    for (const { path, example } of bodies) {
      const { status, json } = await fresh.post(path, example);
      if (status !== 201) refused.push([path, json]);
    }
    // Commands come as lines too, and of keys test/access tells.
    const commands = operations().filter(({ method, path }) => method === 'post' && !/^\/v1\/(commands|keys)/.test(path));
    expect([bodies.length, refused]).toEqual([commands.length, []]);
  });

  test('need what they are said to need, and take nothing more', async () => {
    const cases = bodies.flatMap(({ command, id, example, schema }) => {
      const line = (field: string, more: Fields) => ({ field, line: { command, body: { ...example, ...more }, ...(id && { id }) } });
      const lacking = (schema['required'] as string[]).map((field) => line(field, { [field]: undefined }));
      return [...lacking, line('surplus', { surplus: 1 })];
    });
    const replies = await fresh.feed(cases.map(({ line }) => line));
    const faults = (errors: unknown) => (errors as Fields[] | undefined)?.map(({ field }) => field);
    const found = replies.map(({ status, errors }, at) => [cases[at]!.line.command, status, faults(errors)]);
    expect(found).toEqual(cases.map(({ field, line }) => [line.command, 400, [field]]));
    for (const { schema, example } of bodies)
      expect(Object.keys(schema['properties'])).toEqual(expect.arrayContaining(Object.keys(example)));
  });
});

describe('queries', () => {
  const IDS: Record<string, string> = {
    parties: 'russia',
    zones: 'idlib',
    agreements: 'memorandum-de-escalation-areas',
    deployments: 'iranian-observers-idlib',
    statements: 'lavrentyev-two-zones',
    talks: 'astana-5',
    events: 'zone-idlib@0',
  };
  const VALUES = new URLSearchParams(
    'about=zone-idlib&subjects=party-iran&zones=zone-idlib&zone=zone-idlib&parties=party-iran&party=party-iran&agreement=agreement-maps' +
      '&on=zone-idlib&from=2017-01&to=2100-01&asOf=2100&knownAt=2100-01-01T00:00:00Z&atSequence=200&publishedBy=2030&publisher=TASS&limit=5&min=1&status=agreed&occurredFrom=2017-07&occurredTo=2017-07-05T12:00:00%2B03:00&recordedFrom=2017&recordedTo=2100',
  );
  /** The reads of the document, at addresses that exist, with the parameters that they are said to take. */
  const reads = () =>
    operations()
      // The feed never ends; test/feed/stream.spec.ts reads it.
      .filter(({ path, method }) => method === 'get' && path.startsWith('/v1/') && path !== '/v1/feed')
      .map(({ path, parameters }) => ({
        path: path.replace('{id}', IDS[path.split('/')[2]!]!),
        queries: parameters.filter((parameter) => parameter['in'] === 'query'),
      }));

  test('are taken in all that the document names, and refused by the name of each parameter that is wrong or unknown', async () => {
    expect(reads().length).toBeGreaterThan(16);
    for (const { path, queries } of reads()) {
      const needed = queries.filter(({ required }) => required).map(({ name }) => `${name}=${VALUES.get(name)}`);
      const next = (await app.get(`${path}?${['limit=1', ...needed].join('&')}`)).json.next as string | undefined;
      for (const { name, schema } of queries) {
        const value = name === 'after' ? next : (schema.items?.enum?.[0] ?? VALUES.get(name));
        if (value === undefined) continue; // One page has all that there is.
        const others = needed.filter((query) => !query.startsWith(`${name}=`));
        const answer = await app.get(`${path}?${[`${name}=${encodeURIComponent(value)}`, ...others].join('&')}`);
        // Of a subject that nobody is known to have published, there is nothing.
        const status = name === 'publishedBy' && answer.json.code === 'no-such-subject' ? 404 : 200;
        expect([path, name, answer.status]).toEqual([path, name, status]);
      }
      const bad = queries.map(({ name }) => (name === 'publisher' ? 'publisher=' : `${name}=No+such+thing`));
      for (const accept of ['*/*', 'application/x-ndjson']) {
        const { status, json } = await app.call('GET', `${path}?${[...bad, 'colour=red'].join('&')}`, { headers: { accept } });
        const faults = (json.errors as Fields[]).map(({ field }) => field);
        expect([status, json.code, faults.sort()]).toEqual([400, 'bad-query', [...queries.map(({ name }) => name), 'colour'].sort()]);
      }
    }
  });

  test('filter states by every value that the document names', async () => {
    for (const { path, queries } of reads().filter(({ path }) => Object.hasOwn(COMMANDS, path.slice('/v1/'.length)))) {
      const states = (await app.get(`${path}?limit=1000`)).json.data as Fields[];
      for (const { name, schema } of queries.filter((query) => query['schema'].items?.enum)) {
        const found = async (query: string) => (await app.get(`${path}?limit=1000&${query}`)).json.data;
        const values = schema.items.enum as string[];
        for (const value of values) expect(await found(`${name}=${value}`)).toEqual(states.filter((state) => state[name] === value));
        for (const query of [`${name}=${values.join()}`, values.map((value) => `${name}=${value}`).join('&')])
          expect(await found(query)).toEqual(states);
      }
    }
  });

  type Passes = (event: RecordedEvent, all: RecordedEvent[]) => boolean;
  const about = (event: RecordedEvent, ...names: string[]) => names.some((name) => event.about.includes(name));
  const said = ({ data }: RecordedEvent, ...values: string[]) => values.includes(data['attribution'] as string);
  /** What tells no date is found by none. */
  const told = (occurred: string | undefined) => (occurred === undefined ? { earliest: Infinity, latest: -Infinity } : bounds(occurred)!);
  const typed: Passes = ({ type }) => ['ZoneAgreed', 'TalksReported'].includes(type);
  const [soon, late] = [Date.parse('2017-07-09T09:00:00Z'), bounds('2017-07')!.latest];
  test.each<[string, Passes]>([
    ['type=ZoneAgreed,TalksReported', typed],
    ['types=ZoneAgreed&types=TalksReported', typed],
    ['kind=zone', ({ stream }) => stream.startsWith('zone-')],
    ['kinds=party,talks', ({ stream }) => /^(party|talks)-/.test(stream)],
    ['about=zone-idlib,talks-astana-5', (event) => about(event, 'zone-idlib', 'talks-astana-5')],
    ['subjects=zone-idlib&subjects=talks-astana-5', (event) => about(event, 'zone-idlib', 'talks-astana-5')],
    ['zones=zone-idlib,zone-south&parties=party-iran', (event) => about(event, 'zone-idlib', 'zone-south') && about(event, 'party-iran')],
    ['publisher=TRT%20World,nu.nl', ({ sources }) => sources.some(({ publisher }) => ['TRT World', 'nu.nl'].includes(publisher))],
    ['attribution=anonymous,document', (event) => said(event, 'anonymous', 'document')],
    ['kind=statement&attribution=on-record&zones=zone-idlib', (event) => said(event, 'on-record') && about(event, 'zone-idlib')],
    ['confidence=low,medium', ({ confidence }) => confidence === 'low' || confidence === 'medium'],
    ['occurredFrom=2017-09-14', ({ occurred }) => told(occurred).latest >= Date.parse('2017-09-14')],
    ['occurredTo=2017-07', ({ occurred }) => told(occurred).earliest <= late],
    ['occurredFrom=2017-07-09T12:00:00%2B03:00', ({ occurred }) => told(occurred).latest >= soon],
    ['occurredTo=2017-07-09T11:59:59%2B03:00', ({ occurred }) => told(occurred).earliest < soon],
    ['recordedFrom=@99', ({ recordedAt }, all) => recordedAt >= all[99]!.recordedAt],
    ['recordedTo=@99', ({ recordedAt }, all) => recordedAt <= all[99]!.recordedAt],
  ])('find the events that the document says: %s', async (query, passes) => {
    const all = (await app.get('/v1/events?limit=1000')).json.data as RecordedEvent[];
    const path = `/v1/events?${query.replace('@99', all[99]!.recordedAt)}`;
    const wanted = all.filter((event) => passes(event, all));
    expect([0, all.length]).not.toContain(wanted.length);
    expect((await app.get(`${path}&limit=1000`)).json.data).toEqual(wanted);
    const { text } = await app.call('GET', path, { headers: { accept: 'application/x-ndjson' } });
    expect(text).toBe(wanted.map((event) => `${JSON.stringify(event)}\n`).join(''));
  });
});
