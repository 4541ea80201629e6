import { connect, type Socket } from 'node:net';
import { sample } from '../support/sample.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ env: { ZONEWATCH_CONNECTIONS_PER_ADDRESS: '10' }, patience: { idle: 1_500 } });
  await app.feed(sample());
});
afterAll(() => stopApp(app));

const open = () => connect(Number(new URL(app.address).port), '127.0.0.1').on('error', () => {});
const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;
/** When a connection ends, with an error or without. */
const ending = (socket: Socket) => new Promise<'ended'>((resolve) => socket.once('close', () => resolve('ended')));
/** Everything that a connection is sent, as it comes. */
const reading = (socket: Socket) => {
  const heard = { text: '', ended: ending(socket) };
  socket.setEncoding('utf8').on('data', (piece: string) => (heard.text += piece));
  return heard;
};
const answers = ({ text }: { text: string }) => text.split('HTTP/1.1 200 ').length - 1;

test('whoever sends many requests at once has them answered in order, and keeps nobody else waiting for all of them', async () => {
  const socket = open();
  const heard = reading(socket);
  const sent = 80;
  // Each of them takes its time.
  socket.write(Array.from({ length: sent }, (_, at) => get(`/v1/changes?from=0&to=${100 + at}`)).join(''));
  while (answers(heard) === 0) await new Promise(setImmediate);
  await app.get('/health/live');
  expect(answers(heard)).toBeLessThan(sent);
  while (answers(heard) < sent) await new Promise((resolve) => setTimeout(resolve, 20));
  const ends = [...heard.text.matchAll(/"to":(\d+)/g)].map(([, to]) => Number(to));
  expect(ends).toEqual([...ends].sort((a, b) => a - b));
  socket.destroy();
});

test('whoever sends more of them than anybody would is cut off', async () => {
  const socket = open();
  const heard = reading(socket);
  socket.write(get('/v1/changes?from=0').repeat(500));
  await heard.ended;
  expect(answers(heard)).toBeLessThan(500);
});

test('whoever takes no answer is cut off', async () => {
  const socket = open().pause();
  const closed = ending(socket);
  socket.write(get('/v1/events?limit=1000').repeat(60));
  // It notices once it writes again.
  const writing = setInterval(() => socket.write(get('/health/live')), 500);
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  socket.resume();
  await closed;
  clearInterval(writing);
}, 30_000);

test('one address has so many connections and no more', async () => {
  const sockets = Array.from({ length: 1_100 }, open);
  const isOpen = async (socket: Socket) => {
    socket.write(get('/health/live'));
    return (await Promise.race([new Promise((resolve) => socket.once('data', resolve)), ending(socket)])) !== 'ended';
  };
  const opened = (await Promise.all(sockets.map(isOpen))).filter(Boolean).length;
  expect(opened).toBeGreaterThan(900);
  expect(opened).toBeLessThanOrEqual(1_010);
  for (const socket of sockets) socket.destroy();
}, 30_000);
