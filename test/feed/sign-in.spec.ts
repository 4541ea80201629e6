import { io, type Socket } from 'socket.io-client';
import { KEY, startApp, stopApp, type TestApp } from '../support/start-app.js';

describe('the handshake of the feed', () => {
  let app: TestApp;
  beforeAll(async () => void (app = await startApp()));
  afterAll(() => stopApp(app));

  const outcome = async (options: Parameters<typeof io>[1]) => {
    const socket: Socket = io(`${app.address}/feed`, { transports: ['websocket'], reconnection: false, forceNew: true, ...options });
    const told = await new Promise<unknown>((resolve) => {
      socket.on('connect', () => resolve('in'));
      socket.on('connect_error', (error) => resolve((error as { data?: { code?: string } }).data?.code ?? error.message));
    });
    socket.disconnect();
    return told;
  };

  test.each([
    ['an object that is no text', { toString: 1, valueOf: 1 }],
    ['a list', [KEY]],
    ['a number', 1],
    ['null', null],
    ['a wrong key', 'another-key-altogether'],
    ['an empty text', ''],
    ['a megabyte', 'x'.repeat(50_000)],
  ])('refuses %s as a token, and the service goes on', async (_, token) => {
    expect(await outcome({ auth: { token } })).toBe('forbidden');
    expect((await app.get('/health/live')).status).toBe(200);
  });

  test('lets in the key, and on this machine who has none', async () => {
    expect(await outcome({ auth: { token: KEY } })).toBe('in');
    expect(await outcome({})).toBe('in');
  });

  test('refuses sockets that a page of another site opens', async () => {
    expect(await outcome({ extraHeaders: { origin: 'https://elsewhere.example' } })).not.toBe('in');
    expect(await outcome({ extraHeaders: { origin: app.address } })).toBe('in');
  });
});
