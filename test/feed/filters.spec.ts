import { io, type Socket } from 'socket.io-client';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';

type Fields = Record<string, unknown>;
interface Frame {
  name: string;
  subscription: string;
  from: number;
  to: number;
  events?: { sequence: number; type: string; stream: string; about: string[] }[];
}

const sources = [{ publisher: 'TASS' }];
const zone = (id: string) => ({ command: 'zones/report', body: { id, name: { en: id }, occurred: '2017-05-04', sources } });
const party = (id: string) => ({ command: 'parties/register', body: { id, name: { en: id }, kind: 'state', occurred: '2017' } });
const agree = (id: string, by: string) => ({ command: 'zones/agree', id, body: { by: [`party-${by}`], occurred: '2017-07', sources } });

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ feedLimits: { progressEvery: 100, subscriptions: 3, subscribesAtOnce: 8, subscribesASecond: 1 } });
  await app.feed([party('russia'), party('iran'), zone('a'), zone('b'), agree('a', 'russia'), agree('b', 'iran')]);
});
afterAll(() => stopApp(app));

const sockets: Socket[] = [];
afterEach(() => sockets.splice(0).forEach((socket) => socket.disconnect()));

/** A socket with all that it is sent; it acknowledges pages at once. */
async function listener() {
  const socket = io(`${app.address}/feed`, { forceNew: true, reconnection: false, transports: ['websocket'] });
  sockets.push(socket);
  const seen: Frame[] = [];
  let wake = () => {};
  socket.onAny((name: string, frame: Frame, ack?: () => void) => {
    seen.push({ ...frame, name });
    ack?.();
    wake();
  });
  await new Promise((resolve) => socket.once('connect', () => resolve(undefined)));
  const subscribe = async (filter: Fields, after: number | string = 0) =>
    (await socket.emitWithAck('subscribe', { after, filter })) as Fields & { subscription: string; error?: { code: string } };
  const until = async (met: (frame: Frame) => boolean) => {
    while (!seen.some(met)) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { socket, seen, subscribe, until };
}
const headOf = async () => (await app.get('/health/ready')).json.sequence as number;
const everything = async () => (await app.get('/v1/events?limit=1000')).json.data as NonNullable<Frame['events']>;

/** The events of a subscription's frames, each of which must begin where the one before ended. */
function eventsOf(seen: readonly Frame[], subscription: string, after: number): number[] {
  let at = after;
  return seen
    .filter((frame) => frame.subscription === subscription)
    .flatMap(({ name, from, to, events = [] }) => {
      expect([name, name === 'live' ? to : from]).toEqual([name, at]);
      at = to;
      return events.map(({ sequence }) => sequence);
    });
}

type Event = Awaited<ReturnType<typeof everything>>[number];
const about =
  (...streams: string[]) =>
  (event: Event) =>
    streams.some((stream) => event.about.includes(stream));

test.each<[string, Fields, (event: Event) => boolean]>([
  ['a zone', { zones: ['zone-a'] }, about('zone-a')],
  ['any of two parties', { parties: ['party-iran', 'party-russia'] }, about('party-iran', 'party-russia')],
  [
    'a zone and a party',
    { zones: ['zone-a', 'zone-b'], parties: ['party-iran'] },
    (e) => about('zone-a', 'zone-b')(e) && about('party-iran')(e),
  ],
  ['kinds', { kinds: ['party'] }, ({ stream }) => stream.startsWith('party-')],
  ['types', { types: ['ZoneAgreed', 'EventCorrected'] }, ({ type }) => ['ZoneAgreed', 'EventCorrected'].includes(type)],
  ['a subject of some types', { subjects: ['zone-b'], types: ['ZoneReported'] }, (e) => about('zone-b')(e) && e.type === 'ZoneReported'],
])('a filter by %s lets through, behind the head and live, what the record says that it matches', async (_, filter, passes) => {
  const { seen, subscribe, until } = await listener();
  const { subscription } = await subscribe(filter);
  await until(({ name }) => name === 'live');
  await app.feed([agree('a', 'iran'), agree('b', 'russia'), agree('b', 'iran'), zone(`other-${await headOf()}`)]);
  const incident = { incident: 'clash', text: { en: `${Math.random()}` }, occurred: '2017-08', sources };
  const { eventId } = (await app.post('/v1/zones/a/report-incident', incident)).json;
  const reason = { en: 'It was another zone’s.' };
  await app.post(`/v1/events/${eventId}/correct`, { changes: { text: { en: 'x' } }, reason });
  const head = await headOf();
  await until(({ to }) => to === head);
  const all = await everything();
  expect(eventsOf(seen, subscription, 0)).toEqual(all.filter(passes).map(({ sequence }) => sequence));
});

test('a fact that is corrected to another party is heard by the subscribers of both, and by no one else', async () => {
  const named = { party: 'party-russia', role: 'host', status: 'accepted', occurred: '2017-07', sources };
  const { eventId } = (await app.post('/v1/zones/a/name-role', named)).json;
  const after = await headOf();
  const { seen, subscribe, until } = await listener();
  const filters = [{ parties: ['party-russia'] }, { parties: ['party-iran'] }, { zones: ['zone-b'] }];
  const ids = await Promise.all(filters.map(async (filter) => (await subscribe(filter, after)).subscription));
  await app.post(`/v1/events/${eventId}/correct`, { changes: { party: 'party-iran' }, reason: { en: 'It was Iran.' } });
  const head = await headOf();
  for (const id of ids) await until(({ subscription, to }) => subscription === id && to === head);
  expect(ids.map((id) => eventsOf(seen, id, after))).toEqual([[head], [head], []]);
});

test('one filter has one name, however it is written', async () => {
  const [one, other] = [await listener(), await listener()];
  const first = await one.subscribe({ zones: ['zone-b', 'zone-a', 'zone-a'], kinds: ['zone'] });
  const second = await other.subscribe({ kinds: ['zone'], zones: ['zone-a', 'zone-b'] });
  expect(first.subscription).toBe(second.subscription);
  expect((await one.subscribe({ zones: ['zone-a', 'zone-b'], kinds: ['zone'] })).error?.code).toBe('duplicate-subscription');
});

test('an idle subscriber is told how far the record is', async () => {
  const after = await headOf();
  const { seen, subscribe, until } = await listener();
  const { subscription } = await subscribe({ zones: ['zone-nobody'] }, after);
  await until(({ name }) => name === 'live');
  await app.feed([zone(`passed-over-${after}`)]);
  await until(({ name, to }) => name === 'progress' && to === after + 1);
  expect(eventsOf(seen, subscription, after)).toEqual([]);
});

test('more subscriptions than a socket may have are refused, and those that it has go on', async () => {
  const { seen, subscribe, until } = await listener();
  const after = await headOf();
  for (const id of ['a', 'b', 'c']) expect((await subscribe({ zones: [`zone-${id}`] }, after))['ok']).toBe(true);
  expect((await subscribe({ zones: ['zone-d'] }, after)).error).toMatchObject({ code: 'too-many-subscriptions', retry: true });
  await app.feed([agree('a', 'iran')]);
  const incident = { incident: 'clash', text: { en: `${after}` }, occurred: '2017-08', sources };
  await app.post('/v1/zones/a/report-incident', incident);
  await until(({ events = [] }) => events.some(({ sequence }) => sequence > after));
  expect(seen.length).toBeGreaterThan(3);
});

test('a socket that subscribes too often is refused', async () => {
  const { socket, subscribe } = await listener();
  const codes: unknown[] = [];
  for (let round = 0; round < 12; round++) {
    const { subscription, error } = await subscribe({ zones: ['zone-a'] }, 'now');
    codes.push(error?.code ?? 'ok');
    if (!error) await socket.emitWithAck('unsubscribe', { subscription });
  }
  expect(codes.filter((code) => code === 'ok').length).toBeLessThan(12);
  expect(new Set(codes)).toEqual(new Set(['ok', 'too-many-subscriptions']));
});
