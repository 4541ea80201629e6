import { get as open, type IncomingMessage } from 'node:http';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';

interface Sent {
  event: string;
  id: string;
  data: string;
}

const sources = [{ publisher: 'TASS' }];
const zone = (id: string) => ({ command: 'zones/report', body: { id, name: { en: id }, occurred: '2017-05-04', sources } });
const many = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => zone(`${prefix}-${at}`));

let app: TestApp;
let epoch: string;
beforeAll(async () => {
  app = await startApp({ feedLimits: { progressEvery: 100, streamAge: 2_000, connections: 4 } });
  await app.feed(many('first', 2_500));
  ({ epoch } = (await app.get('/v1/zones?limit=1')).json);
});
afterAll(() => stopApp(app));

const streams: IncomingMessage[] = [];
afterEach(() => streams.splice(0).forEach((stream) => stream.destroy()));

/** A stream as it comes in, event by event. */
async function listen(query: string, headers: Record<string, string> = {}) {
  const response = await new Promise<IncomingMessage>((resolve) => open(`${app.address}/v1/feed?${query}`, { headers }, resolve));
  streams.push(response);
  const seen: Sent[] = [];
  let text = '';
  let retry: string | undefined;
  let wake = () => {};
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s, 2)));
      if (fields['retry']) retry = fields['retry'];
      else seen.push(fields as unknown as Sent);
    }
    wake();
  });
  const until = async (id: number) => {
    while (Number(seen.at(-1)?.id.split(':')[1] ?? -1) < id) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { response, seen, until, retry: () => retry };
}
const eventsOf = (seen: readonly Sent[]) => seen.filter(({ event }) => event !== 'progress');
const served = async (query: string) => {
  const { text } = await app.call('GET', `/v1/events?${query}`, { headers: { accept: 'application/x-ndjson' } });
  return text.split('\n').filter(Boolean);
};

test('a stream sends every event as it was recorded, with its type and its place, and goes on at the head', async () => {
  const { response, seen, until, retry } = await listen('after=start');
  await until(2_500);
  await app.feed([zone('live')]);
  await until(2_501);
  expect(response.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
  expect(Number(retry())).toBeGreaterThanOrEqual(1_000);
  expect(eventsOf(seen).map(({ data }) => data)).toEqual(await served('after=0'));
  expect(eventsOf(seen).map(({ id, event }) => `${id} ${event}`)).toEqual(eventsOf(seen).map((_, at) => `${epoch}:${at + 1} ZoneReported`));
});

test.each(['2400', 'the epoch'])('a stream goes on behind the last id: %s', async (form) => {
  const head = (await app.get('/health/ready')).json.sequence as number;
  const id = form === '2400' ? form : `${epoch}:2400`;
  // What the reader's own header says goes before what the address says.
  const { seen, until } = await listen('after=start', { 'last-event-id': id });
  await until(head);
  expect(eventsOf(seen).map(({ data }) => data)).toEqual(await served('after=2400'));
});

test('a filtered stream sends what matches, and tells how far it is', async () => {
  const head = (await app.get('/health/ready')).json.sequence as number;
  const { seen, until } = await listen('after=start&zones=zone-first-7,zone-first-9&types=ZoneReported');
  await until(head);
  expect(eventsOf(seen).map(({ data }) => data)).toEqual(await served('after=0&zones=zone-first-7,zone-first-9'));
  await app.feed([zone('passed-over')]);
  await until(head + 1);
  expect(seen.at(-1)).toEqual({ event: 'progress', id: `${epoch}:${head + 1}`, data: JSON.stringify({ to: head + 1 }) });
});

test('a stream ends when it is old, for its reader to come back', async () => {
  const { response, until } = await listen('after=now');
  await until(0);
  await new Promise((resolve) => response.on('end', resolve));
});

test.each([
  ['after=yesterday', 400, 'bad-query'],
  ['after=1000000', 400, 'future-position'],
  ['zones=idlib', 400, 'bad-query'],
  ['colour=red', 400, 'bad-query'],
  ['after=00000000-0000-0000-0000-000000000000:5', 410, 'other-record'],
])('a stream with %s is refused: %d %s', async (query, status, code) => {
  const answer = await app.get(`/v1/feed?${query}`);
  expect([answer.status, answer.json.code]).toEqual([status, code]);
});

test('one reader more than are let in is refused, and told when to come again', async () => {
  const readers = await Promise.all(Array.from({ length: 4 }, () => listen('after=now')));
  await Promise.all(readers.map(({ until }) => until(0)));
  const { status, json, headers } = await app.get('/v1/feed');
  expect([status, json.code, headers.get('retry-after')]).toEqual([503, 'too-many-connections', '1']);
  readers[0]!.response.destroy();
  const comeBack = async (): Promise<number> => {
    const { response } = await listen('after=now');
    return response.statusCode === 503 ? comeBack() : response.statusCode!;
  };
  expect(await comeBack()).toBe(200);
});
