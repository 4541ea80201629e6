import Ajv2020 from 'ajv/dist/2020.js';
import { ROLES } from '../../src/access/caller.js';
import { Dice } from '../record/random-command.js';
import { sample } from '../support/sample.js';
import { KEY, startApp, stopApp, type TestApp } from '../support/start-app.js';
import { alarmOf } from './alarm.js';
import { GROWTH, heap } from './heap.js';
import { valueOf, type Schema } from './value.js';

/** How many requests are made up, and from which number on they follow. `FUZZ_MINUTES` goes on for as long. */
const REQUESTS = 1_500;
const MINUTES = Number(process.env['FUZZ_MINUTES'] ?? 0);
const SEED = Number(process.env['FUZZ_SEED'] ?? 2017);
/** How many are under way at once. */
const LANES = 8;
/** How many blocks of a stream of server-sent events are judged. */
const BLOCKS = 5;

interface Operation {
  method: string;
  path: string;
  parameters: Schema[];
  body: { type: string; schema: Schema; example?: unknown } | undefined;
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

let app: TestApp;
let alarm: ReturnType<typeof alarmOf>;
let document: Schema;
let operations: Operation[];
/** A key of each role. */
let keys: string[];
const ajv = new Ajv2020.default({ strict: false, validateFormats: false });
beforeAll(async () => {
  // How many commands a caller may send is not what is looked at here.
  app = await startApp({ env: { ZONEWATCH_PUBLIC_READ: '', ZONEWATCH_COMMANDS_A_MINUTE: '1000000' } });
  await app.feed(sample());
  alarm = alarmOf(app);
  document = (await app.get('/openapi.json')).json as Schema;
  ajv.addSchema(document, 'openapi');
  ajv.addSchema((await app.get('/asyncapi.json')).json as Schema, 'asyncapi');
  const made = await Promise.all(ROLES.map((role) => app.post('/v1/keys', { name: `a-${role}`, roles: [role] })));
  keys = made.map(({ json }) => json.data.key as string);
  operations = Object.entries(document['paths'] as Record<string, Schema>).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { parameters = [], requestBody, responses }]) => {
      const [type, content] =
        Object.entries((requestBody?.content ?? {}) as Record<string, { schema: Schema; example?: unknown }>)[0] ?? [];
      return {
        method: method.toUpperCase(),
        path,
        parameters,
        body: content && { type: type!, ...content },
        responses,
      } as Operation;
    }),
  );
});
afterAll(() => stopApp(app));

const lookUp = (ref: string) => ref.split('/').slice(1).reduce<Schema | undefined>((at, name) => at?.[name] as Schema | undefined, document); // prettier-ignore

/** What the sample has of each collection. */
const KNOWN: Record<string, string> = {
  parties: 'russia',
  zones: 'idlib',
  agreements: 'memorandum-de-escalation-areas',
  talks: 'astana-5',
  deployments: 'iranian-observers-idlib',
  statements: 'lavrentyev-two-zones',
  events: 'zone-idlib@0',
};

/** A request of an operation, or near it. */
function request({ method, path, parameters, body }: Operation, dice: Dice) {
  // Half of them are as the document has them, so that it is not only refusals that are tried.
  const isPlain = dice.chance(50);
  const odd = (percent: number) => !isPlain && dice.chance(percent);
  const value = (schema: Schema | undefined) => valueOf(schema, dice, lookUp);
  const text = (schema: Schema | undefined) => {
    const made = value(schema);
    return typeof made === 'string' ? made : Array.isArray(made) ? made.join(',') : JSON.stringify(made);
  };
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  let address = path;
  for (const { name, in: place, schema, example, required } of parameters) {
    if (place === 'path')
      address = address.replace(
        `{${name}}`,
        encoded(odd(40) ? text(schema) : (KNOWN[path.split('/')[2]!] ?? String(example ?? '0/000.p/1'))),
      );
    // What is to come is waited for, which is not what is looked at here.
    else if (place === 'query' && name !== 'min' && (required || odd(30))) query.append(name, isPlain ? String(example) : text(schema));
    else if (place === 'header' && odd(30))
      headers[name] = text(schema)
        .replace(/[^\x20-\x7e]/g, '?')
        .slice(0, 1_000);
  }
  if (odd(5)) query.append(dice.pick(['', 'x', '__proto__', 'limit', 'after']), 'x');
  const credential = () => (odd(3) ? dice.pick(['', 'x', 'a.b.c', 'zw_0123456789ab_']) : dice.chance(60) ? KEY : dice.pick(keys));
  if (!odd(5)) headers['authorization'] = `Bearer ${credential()}`;
  if (odd(10)) headers['accept'] = dice.pick(['application/x-ndjson', '*/*', 'text/html', 'x']);
  if (path === '/v1/feed') headers['accept'] = 'text/event-stream';
  // By itself a stream begins at the head, where nothing is told.
  if (path === '/v1/feed' && isPlain) query.set('after', 'start');
  if (body) headers['content-type'] = !odd(4) ? body.type : dice.pick(['text/plain', 'application/json; charset=latin1', 'x']);
  const line = () =>
    isPlain && body!.example
      ? JSON.stringify(body!.example)
      : !odd(10)
        ? JSON.stringify(value(body!.schema))
        : dice.pick(['', '{', '[]', '\0', 'null', '{"a":1}{']);
  const sent = body && (body.type.includes('ndjson') ? Array.from({ length: 3 }, line).join('\n') : line());
  return { method, address: `${address}${query.size ? `?${query.toString()}` : ''}`, headers, body: sent };
}

function encoded(text: string): string {
  // `.` and `..` are taken out of addresses before they are sent.
  return encodeURIComponent(Buffer.from(text).toString()).replace(/^\.+$/, 'x') || 'x';
}

/** What is wrong with an answer, or nothing. */
async function faultOf({ responses, path }: Operation, response: Response): Promise<string | undefined> {
  const { status, headers } = response;
  const isStream = status === 200 && path === '/v1/feed';
  const blocks = isStream ? await blocksOf(response) : [];
  const text = isStream ? '' : await response.text();
  if (status >= 500) return `it is ${status}: ${text}`;
  const type = headers.get('content-type')?.split(';')[0] ?? '';
  const content = responses[String(status)]?.content?.[type];
  if (!content) return `${status} as ${type} is not documented: ${text.slice(0, 200)}`;
  if (headers.get('x-content-type-options') !== 'nosniff') return 'it lacks the headers of every answer';
  if (/\n\s+at |node_modules|\.ts:\d/.test(text)) return `it tells of the inside: ${text}`;
  if (isStream) return blocksFault(blocks);
  if (!type.endsWith('json')) return undefined;
  const values = type === 'application/x-ndjson' ? text.split('\n').filter(Boolean) : [text];
  for (const value of values)
    if (!ajv.validate(inDocument(content.schema), JSON.parse(value)))
      return `its body does not fit: ${ajv.errorsText()}: ${value.slice(0, 300)}`;
  return undefined;
}

/** The first blocks of a stream; fewer where it is at the head before. */
async function blocksOf({ body }: Response): Promise<string[]> {
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const whole = () => text.split('\n\n').slice(0, -1);
  while (whole().length < BLOCKS && !whole().at(-1)?.startsWith('event: progress')) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return whole().slice(0, BLOCKS);
}

/** What is wrong with the first blocks of a stream, or nothing. */
function blocksFault([retry, ...blocks]: string[]): string | undefined {
  if (!/^retry: \d+$/.test(retry ?? '')) return `a stream does not begin with ${retry}`;
  if (blocks.length === 0) return 'a stream ends before it tells anything';
  for (const block of blocks) {
    const [, event, epoch, sequence, data] = /^event: (\w+)\nid: ([0-9a-f-]{36}):(\d+)\ndata: ([^\n]+)$/.exec(block) ?? [];
    if (data === undefined) return `this is no block: ${block.slice(0, 300)}`;
    const said = JSON.parse(data) as { type?: string; sequence?: number; to?: number };
    const schema = event === 'progress' ? 'StreamProgress' : 'Event';
    if (!ajv.validate(`asyncapi#/components/schemas/${schema}`, said)) return `${schema}: ${ajv.errorsText()}: ${block.slice(0, 300)}`;
    const isOfIt = event === 'progress' ? said.to === Number(sequence) : said.type === event && said.sequence === Number(sequence);
    if (!isOfIt || epoch !== app.record.reader.epoch) return `its id or its name is not of what it says: ${block.slice(0, 300)}`;
  }
  return undefined;
}

/** A part of the document as a schema that finds what it refers to. */
const parts = new Map<Schema, Schema>();
function inDocument(schema: Schema): Schema {
  let part = parts.get(schema);
  if (!part) parts.set(schema, (part = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"openapi#/components')) as Schema));
  return part;
}

test(
  'whatever is sent, as the document has it or near it, is answered as the document has it',
  async () => {
    const ends = performance.now() + MINUTES * 60_000;
    const faults: unknown[] = [];
    const seen = new Map<string, number>();
    let forbidden = 0;
    let streamed = 0;
    let made = 0;
    let early = Infinity;
    const lane = async () => {
      while ((made < REQUESTS || performance.now() < ends) && faults.length < 5) {
        const seed = SEED + made++;
        const dice = new Dice(seed);
        const operation = operations[seed % operations.length]!;
        const { address, ...sent } = request(operation, dice);
        const response = await fetch(app.address + address, sent as RequestInit);
        seen.set(
          `${operation.method} ${operation.path}`,
          Math.max(seen.get(`${operation.method} ${operation.path}`) ?? 0, response.ok ? 1 : 0),
        );
        if (response.status === 403) forbidden += 1;
        if (response.ok && operation.path === '/v1/feed') streamed += 1;
        const fault = await faultOf(operation, response);
        if (fault) faults.push({ seed, fault, method: sent.method, address, body: sent.body?.slice(0, 500) });
        if (seed - SEED === Math.floor(REQUESTS / 3)) early = heap();
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    expect(faults).toEqual([]);
    expect(alarm.heard).toEqual([]);
    expect(heap() - early).toBeLessThan(GROWTH);
    // There were those who may not, and streams that told something.
    expect([forbidden > REQUESTS / 50, streamed > 0]).toEqual([true, true]);
    // Some find nothing here that they could be true of.
    const refused = [...seen].filter(([, came]) => came === 0);
    expect([seen.size, refused.length]).toEqual([operations.length, expect.any(Number)]);
    expect(refused.length).toBeLessThan(operations.length / 6);
    expect((await app.get('/health/ready')).status).toBe(200);
  },
  (MINUTES + 2) * 60_000,
);
