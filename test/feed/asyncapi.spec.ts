import { Parser } from '@asyncapi/parser';
import { Ajv } from 'ajv';
import { readFileSync } from 'node:fs';
import { CODES } from '../../src/feed/codes.js';
import { AXES, MAX_VALUES } from '../../src/feed/filter.js';
import { MAX_FRAME_EVENTS } from '../../src/feed/frames.js';
import { protocolSchema } from '../../src/feed/protocol.js';
import { KINDS } from '../../src/event/subject.js';
import { EVENT_TYPES } from '../../src/subjects.js';
import { sample } from '../support/sample.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';

type Fields = Record<string, any>; // eslint-disable-line typescript/no-explicit-any -- schemas, read field by field

const definitions = protocolSchema.definitions as Record<string, Fields>;
const ajv = new Ajv({ strict: false, validateFormats: false }).addSchema(protocolSchema, 'protocol');
const fits = (name: string, value: unknown) => ajv.validate(`protocol#/definitions/${name}`, value) || ajv.errorsText();

let app: TestApp;
beforeAll(async () => void (app = await startApp()));
afterAll(() => stopApp(app));

test('the service tells the feed as an AsyncAPI 3.1 document, in which the parser finds nothing amiss', async () => {
  const { status, text, json } = await app.call('GET', '/asyncapi.json', { anonymous: true });
  expect([status, json.asyncapi]).toEqual([200, '3.1.0']);
  const { document, diagnostics } = await new Parser().parse(text);
  expect(diagnostics).toEqual([]);
  expect(
    document!
      .allOperations()
      .all()
      .map((operation) => operation.id())
      .sort(),
  ).toEqual(
    ['deliver', 'refuse', 'stream', 'subscribe', 'unsubscribe'], // prettier-ignore
  );
});

test('the parser does find what is amiss', async () => {
  const { json } = await app.get('/asyncapi.json');
  json.operations.subscribe.action = 'take';
  const { diagnostics } = await new Parser().parse(JSON.stringify(json));
  expect(diagnostics.length).toBeGreaterThan(0);
});

describe('the schema', () => {
  test('has the codes, axes, kinds and bounds that the feed has', () => {
    expect(definitions['Code']!['enum']).toEqual(Object.keys(CODES));
    const axes = definitions['Filter']!['properties'] as Record<string, Fields>;
    expect(Object.keys(axes)).toEqual(AXES);
    for (const { maxItems } of Object.values(axes)) expect(maxItems).toBe(MAX_VALUES);
    expect(axes['kinds']!['items'].enum).toEqual(KINDS);
    expect(definitions['Events']!['properties'].events.maxItems).toBe(MAX_FRAME_EVENTS);
    for (const type of EVENT_TYPES) expect(fits('EventType', type)).toBe(true);
  });

  test('has every code of docs/PROTOCOL.md, with its retry', () => {
    const text = readFileSync(new URL('../../docs/PROTOCOL.md', import.meta.url), 'utf8');
    const told = [...text.matchAll(/^\| `([a-z-]+)` +\| (yes|no) +\|/gm)].map(([, code, retry]) => [code, { retry: retry === 'yes' }]);
    expect(Object.fromEntries(told)).toEqual(CODES);
  });

  test('fits every event of the sample, and no event that lacks something', async () => {
    await app.feed(sample());
    const events = (await app.get('/v1/events?limit=1000')).json.data as Fields[];
    expect(events.length).toBeGreaterThan(200);
    for (const event of events) expect([event['id'], fits('Event', event)]).toEqual([event['id'], true]);
    for (const field of definitions['Event']!['required'] as string[]) {
      const { [field]: _, ...less } = events[0]!;
      expect(fits('Event', less)).toMatch(field);
    }
  });
});
