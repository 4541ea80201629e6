import { CHECKS } from '../../src/conformance/checks.js';
import { conformance, type ConformanceOptions } from '../../src/conformance/run.js';
import { sample } from '../support/sample.js';
import { KEY, startApp, stopApp, type TestApp } from '../support/start-app.js';
import { relayTo, type Fault, type Message } from './relay.js';

/** Against a server that keeps its word nothing is waited for in vain, however busy the machine is. */
const PATIENT = { answer: 5_000, frame: 5_000, progress: 5_000, closed: 10_000, quiet: 100 };
const HASTY = { answer: 500, frame: 600, progress: 900, closed: 1_200, quiet: 100 };
const party = (at: number) => ({
  command: 'parties/register',
  body: { id: `more-${at}`, name: { en: 'x' }, kind: 'other', occurred: '2017' },
});

const apps: TestApp[] = [];
afterAll(() => Promise.all(apps.map(stopApp)));
async function serving(lines: unknown[]): Promise<TestApp> {
  const app = await startApp({ feedLimits: { patience: 600, progressEvery: 250 } });
  apps.push(app);
  await app.feed(lines);
  return app;
}
function run(url: string, options: Partial<ConformanceOptions> = {}) {
  return conformance({ url, token: KEY, append: true, waits: PATIENT, ...options });
}

// The sample fits on one page: behind it come some more.
const many = Array.from({ length: 800 }, (_, at) => party(at));

test('our service keeps to the whole of the protocol', async () => {
  const { address } = await serving([...sample(), ...many]);
  const results = await run(address);
  expect(results.filter(({ outcome }) => outcome !== 'holds')).toEqual([]);
  expect(results.length).toBe(CHECKS.length);
});

/** Events as a server has them that changes them. */
const inPages = (change: (events: Message[]) => Message[]) => (): Fault => ({
  told: (name, frame, isPage) => (name === 'events' && isPage ? { ...frame, events: change(frame.events) } : frame),
});
const inLive = (change: (frame: Message) => Message) => (): Fault => ({
  told: (name, frame, isPage) => (name === 'events' && !isPage ? change(frame) : frame),
});
const refusedAs = (code: string, change: object) => (): Fault => ({
  answered: (answer) => (answer.error?.code === code ? { ok: false, error: { ...answer.error, ...change } } : answer),
});
const subscribing = (change: (asked: Message) => Message) => (): Fault => ({
  asked: (name, asked) =>
    name === 'subscribe' && asked && typeof asked === 'object' && !Array.isArray(asked) ? change({ ...asked }) : (asked ?? null),
});
const without = (field: string, from: Message) => Object.fromEntries(Object.entries(from).filter(([name]) => name !== field));

/** Nothing is told of the head to a subscriber that had pages. */
function silentAtHead(): Fault {
  const paged = new Set<string>();
  return {
    told: (name, frame, isPage) => {
      if (isPage) paged.add(frame.subscription);
      return name === 'live' && paged.has(frame.subscription) ? undefined : frame;
    },
  };
}

/** The beginnings of the names of some quick checks, which hold but where a fault names them. */
const QUICK = [
  'a wrong key',
  'what is no subscribe',
  'a subscription is the same',
  'a position beyond the head is refused as',
  'the epoch of another record',
  'an axis has at most',
  'a filter by types',
  'from the start',
  'after now',
  'live frames',
];

/** What a server can do wrong, and the beginnings of the names of the checks that see it. */
const FAULTS: Record<string, [fault: () => Fault, ...checks: string[]]> = {
  'lets a wrong key in': [() => ({ key: () => undefined }), 'a wrong key'],
  'drops an event from its pages': [
    inPages((events) => events.filter(({ sequence }) => sequence !== 5)),
    'from the start',
    'a filter by types',
  ],
  'doubles an event': [
    inPages((events) => events.flatMap((event) => (event.sequence === 5 ? [event, event] : [event]))),
    'from the start',
    'a filter by types',
    'a page is followed',
  ],
  'alters an event': [
    inPages((events) => events.map((event) => (event.sequence === 5 ? { ...event, occurred: '2018' } : event))),
    'from the start',
    'a filter by types',
    'the subscriptions of a socket',
  ],
  'sends the events of a page the wrong way round': [
    inPages((events) => events.toReversed()),
    'from the start',
    'a filter by types',
    'after a break',
  ],
  'begins live frames elsewhere': [
    inLive((frame) => ({ ...frame, from: frame.from - 1 })),
    'live frames',
    'whoever joins',
    'a filter passes live',
  ],
  'drops live frames': [inLive(() => undefined), 'live frames'],
  'alters live events': [
    inLive((frame) => ({ ...frame, events: frame.events.map((event: object) => ({ ...event, occurred: '2018' })) })),
    'live frames',
    'whoever joins',
    'a filter passes live',
  ],
  'sends an event that is none': [
    inLive((frame) => ({ ...frame, events: frame.events.map((event: Message) => without('about', event)) })),
    'live frames',
  ],
  'asks to have live frames acknowledged': [() => ({ asksAlways: true }), 'live frames'],
  'never says live behind pages': [() => silentAtHead(), 'from the start', 'a filter by types'],
  'tells no progress': [() => ({ told: (name, frame) => (name === 'progress' ? undefined : frame) }), 'what a filter passes over'],
  'sends the next page unasked': [() => ({ eagerAfter: 30 }), 'a page is followed'],
  'closes nothing': [() => ({ told: (name, frame) => (name === 'closed' ? undefined : frame) }), 'a page that is not acknowledged'],
  'closes for another reason': [
    () => ({ told: (name, frame) => (name === 'closed' ? { ...frame, code: 'internal' } : frame) }),
    'a page that is not acknowledged',
  ],
  'acknowledges no bad-request': [
    () => ({ answered: (answer) => (answer.error?.code === 'bad-request' ? undefined : answer) }),
    'what is no subscribe',
    'what is no unsubscribe',
  ],
  'has another code for another record': [refusedAs('other-record', { code: 'bad-request' }), 'the epoch of another record'],
  'has another code for a position beyond the head': [
    refusedAs('future-position', { code: 'internal' }),
    'a position beyond the head is refused as',
  ],
  'tells to try a bad filter again': [refusedAs('bad-filter', { retry: true }), 'an axis or a value', 'an axis has at most'],
  'tells not to try too many subscriptions again': [refusedAs('too-many-subscriptions', { retry: false }), 'subscription 51'],
  'does not name what it refuses': [refusedAs('bad-filter', { message: 'no' }), 'an axis or a value', 'an axis has at most'],
  'refuses no duplicate as one': [refusedAs('duplicate-subscription', { code: 'bad-request' }), 'a second subscription'],
  'takes any epoch': [subscribing((asked) => without('epoch', asked)), 'the epoch of another record', 'what is no subscribe'],
  'begins at the start, always': [
    subscribing((asked) => (Number.isInteger(asked.after) && asked.after >= 0 ? { ...asked, after: 'start' } : asked)),
    'a position beyond the head is refused as',
    'after a sequence',
    'after a break',
  ],
  'has filters that are too wide': [
    subscribing((asked) => (asked.filter?.types ? { ...asked, filter: without('types', asked.filter) } : asked)),
    'a filter by types',
    'a filter with several axes',
  ],
  'looks at the first value only': [
    subscribing((asked) =>
      asked.filter?.kinds ? { ...asked, filter: { ...asked.filter, kinds: asked.filter.kinds.slice(0, 1) } } : asked,
    ),
    'a subscription is the same',
    'a filter by kinds',
  ],
  'tells an older head': [
    () => ({ answered: (answer, _, asked) => (answer.ok && asked.epoch ? { ...answer, head: answer.head - 1 } : answer) }),
    'a subscribe is acknowledged',
    'the epoch of another record',
  ],
  'goes on after an unsubscribe': [
    () => ({ asked: (name, asked) => (name === 'unsubscribe' && asked?.subscription?.length > 20 ? undefined : (asked ?? null)) }),
    'unsubscribe ends a subscription in the middle',
    'unsubscribe ends a subscription at the head',
  ],
  'names a filter as it is written': [() => renamed(), 'a subscription is the same'],
  'has streams of another record': [
    () => ({ sent: (block) => block.replace(/^id: ........-/m, 'id: 00000000-') }),
    'a stream tells',
    'Last-Event-ID',
  ],
  'alters the events of streams': [
    () => ({ sent: (block) => block.replace('"version":', '"more":1,"version":') }),
    'a stream tells',
    'Last-Event-ID',
    'the axes are query parameters',
  ],
  'never tells a stream that it is at the head': [
    () => ({ sent: (block) => (block.startsWith('event: progress') ? undefined : block) }),
    'a stream tells',
    'Last-Event-ID',
  ],
  'does not tell a stream when to come back': [
    () => ({ sent: (block) => (block.startsWith('retry') ? undefined : block) }),
    'a stream tells',
  ],
  'does not look at Last-Event-ID': [
    () => ({ request: (headers) => delete headers['last-event-id'] }),
    'Last-Event-ID',
    "another record's id",
    'a position beyond the head is refused with',
  ],
  'has another status for another record': [() => ({ status: (status) => (status === 410 ? 404 : status) }), "another record's id"],
};

/** Two filters that say the same have two names. */
function renamed(): Fault {
  const names = new Map<string, string>();
  return {
    answered: (answer, name, asked) => {
      if (!answer.ok) return answer;
      if (name === 'unsubscribe') return { ...answer, subscription: asked.subscription };
      names.set(answer.subscription, `${answer.subscription}-${JSON.stringify(asked.filter ?? {})}`);
      return { ...answer, subscription: names.get(answer.subscription) };
    },
    asked: (_, asked) => {
      const own = [...names].find(([, told]) => told === asked?.subscription)?.[0];
      return own ? { subscription: own } : (asked ?? null);
    },
    told: (_, frame) => ({ ...frame, subscription: names.get(frame.subscription) }),
  };
}

describe('finds what a server does wrong', () => {
  const nameOf = (beginning: string) => {
    const [found, ...more] = CHECKS.filter(({ name }) => name.startsWith(beginning));
    if (!found || more.length) throw new Error(`${more.length ? 'several checks begin' : 'no check begins'} with: ${beginning}`);
    return found.name;
  };
  const named = new Set([...QUICK, ...Object.values(FAULTS).flatMap(([, ...checks]) => checks)]);
  let app: TestApp;
  beforeAll(async () => (app = await serving(sample())));

  /** The names of those of some checks that a fault makes fail. */
  async function failing(fault: () => Fault, among: Iterable<string>, waits = HASTY): Promise<string[]> {
    const relay = await relayTo(app.address, fault);
    const results = await run(relay.url, { only: [...among].map(nameOf), waits });
    await relay.close();
    return results.filter(({ outcome }) => outcome !== 'holds').map(({ name }) => name);
  }

  test('and nothing where it does nothing wrong', async () => expect(await failing(() => ({}), named, PATIENT)).toEqual([]));

  test.each(Object.entries(FAULTS))('one that %s', async (_, [fault, ...checks]) => {
    const failed = await failing(fault, new Set([...QUICK, ...checks]));
    expect(failed.toSorted()).toEqual(checks.map(nameOf).toSorted());
  });
});

test('what only shows while something is recorded is skipped where nothing may be, and the record is left as it is', async () => {
  const { address, record } = await serving([party(1)]);
  const results = await run(address, { append: false });
  const skipped = results.filter(({ outcome }) => outcome === 'skipped');
  expect(skipped.map(({ name }) => name)).toEqual(expect.arrayContaining(CHECKS.filter(({ needs }) => needs).map(({ name }) => name)));
  expect(skipped.every(({ why }) => why)).toBe(true);
  expect(results.filter(({ outcome }) => outcome === 'fails')).toEqual([]);
  expect(record.reader.head).toBe(1);
});

test('an empty record shows what can be seen of one', async () => {
  const { address } = await serving([]);
  const results = await run(address, { append: false });
  expect(results.filter(({ outcome }) => outcome === 'fails')).toEqual([]);
});
