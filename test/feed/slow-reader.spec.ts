import { io } from 'socket.io-client';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';

const sources = [{ publisher: 'TASS' }];

interface Frame {
  from: number;
  to: number;
  events: { sequence: number }[];
}

describe('a live subscriber that stops reading', () => {
  let app: TestApp;
  beforeAll(async () => void (app = await startApp()));
  afterAll(() => stopApp(app));

  test('goes back to paging, and in the end has every event once and in order', async () => {
    await app.post('/v1/zones', { id: 'idlib', name: { en: 'Idlib' }, occurred: '2017-05-04', sources });
    const socket = io(`${app.address}/feed`, { transports: ['websocket'], reconnection: false, forceNew: true });
    const got: number[] = [];
    let position = 0;
    let lives = 0;
    let pages = 0;
    let noticed = () => {};
    socket.on('events', (frame: Frame, next?: () => void) => {
      expect(frame.from).toBe(position);
      position = frame.to;
      got.push(...frame.events.map(({ sequence }) => sequence));
      if (next) pages++;
      next?.();
      noticed();
    });
    socket.on('live', ({ to }: { to: number }) => {
      expect(to).toBe(position);
      lives++;
      noticed();
    });
    const until = async (reached: () => boolean) => {
      while (!reached()) await new Promise<void>((resolve) => (noticed = resolve));
    };
    await new Promise<void>((resolve) => socket.on('connect', resolve));
    await socket.emitWithAck('subscribe', { after: 'start' });
    await until(() => lives === 1);
    const before = pages;

    const { ws } = socket.io.engine.transport as unknown as { ws: { _socket: { pause(): void; resume(): void } } };
    ws._socket.pause();
    const text = 'x'.repeat(20_000);
    const lines = (round: number) =>
      Array.from({ length: 50 }, (_, at) => ({
        command: 'zones/report-incident',
        id: 'idlib',
        body: { incident: 'clash', text: { en: `${round}-${at} ${text}` }, occurred: '2017-12', sources },
      }));
    for (let round = 0; round < 24; round++) await app.feed(lines(round));
    ws._socket.resume();

    await until(() => got.length === 1 + 24 * 50 && lives === 2);
    expect(got).toEqual(Array.from({ length: 1 + 24 * 50 }, (_, at) => at + 1));
    expect(pages).toBeGreaterThan(before);
    socket.disconnect();
  });
});
