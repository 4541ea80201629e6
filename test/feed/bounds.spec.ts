import { io } from 'socket.io-client';
import { readFilter } from '../../src/feed/filter.js';
import { Groups, type Broadcast, type Member } from '../../src/feed/groups.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  const party = (at: number) => ({
    command: 'parties/register',
    body: { id: `p-${at}`, name: { en: 'x' }, kind: 'other', occurred: '2017' },
  });
  await app.feed(Array.from({ length: 20 }, (_, at) => party(at)));
});
afterAll(() => stopApp(app));

const dial = (namespace: string) => io(app.address + namespace, { forceNew: true, reconnection: false, transports: ['websocket'] });

test('a socket that connects beside the feed, where nobody signs in, is refused', async () => {
  const socket = dial('/');
  const outcome = await new Promise((resolve) =>
    socket.once('connect', () => resolve('in')).once('connect_error', () => resolve('refused')),
  );
  socket.disconnect();
  expect(outcome).toBe('refused');
});

test('a socket that acknowledges nothing is owed four pages, however many subscriptions it has', async () => {
  const socket = dial('/feed');
  const pages: string[] = [];
  const acks: (() => void)[] = [];
  socket.on('events', ({ subscription }: { subscription: string }, ack: () => void) => acks.push(ack) && pages.push(subscription));
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  for (let at = 0; at < 10; at++) {
    const filter = { subjects: ['party-p-1', `party-other-${at}`] };
    expect(await socket.emitWithAck('subscribe', { after: 0, filter })).toMatchObject({ ok: true });
  }
  const asked = async () => {
    for (let round = 0; round < 10; round++) {
      await socket.emitWithAck('unsubscribe', null);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return pages.length;
  };
  expect(await asked()).toBe(4);
  while (pages.length < 10) {
    acks.splice(0).forEach((ack) => ack());
    await asked();
  }
  socket.disconnect();
  expect(new Set(pages).size).toBe(10);
});

test('a slow member that is back at the head at once is dropped once in a round, and the round ends', () => {
  const nothing = () => {};
  const broadcast: Broadcast = { join: nothing, leave: nothing, events: nothing, progress: nothing, idle: nothing };
  const groups = new Groups(broadcast);
  const member = (position: number, slow: boolean) => {
    let fell = 0;
    const own: Member & { fell(): number } = {
      filter: readFilter({ zones: ['zone-a'] }),
      position,
      isSlow: () => slow && fell < 1_000,
      fallBehind: () => {
        fell++;
        groups.leave(own);
        groups.join(own);
      },
      sendEvents: nothing,
      sendProgress: nothing,
      fell: () => fell,
    };
    groups.join(own);
    return own;
  };
  member(1, false);
  const slow = member(2, true);
  groups.tellProgress(2);
  expect(slow.fell()).toBe(1);
});
