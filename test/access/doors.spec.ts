import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { io } from 'socket.io-client';
import { KEY, startApp, stopApp, type TestApp } from '../support/start-app.js';

const SITE = 'https://newsroom.example';
const OTHER = 'https://elsewhere.example';

let app: TestApp;
let open: TestApp;
beforeAll(async () => {
  [app, open] = await Promise.all([
    startApp({ patience: { head: 800, body: 1_500, refused: 1_500, stream: 1_500 } }),
    startApp({ env: { ZONEWATCH_SITES: `${SITE}, https://second.example` } }),
  ]);
});
afterAll(() => Promise.all([stopApp(app), stopApp(open)]));

/** What browsers are told by an answer, whatever it is. */
const SHUT = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

const asks = (service: TestApp, path: string, options: RequestInit = {}) =>
  fetch(service.address + path, { ...options, redirect: 'manual' });
const corsOf = ({ headers }: Response) => [...headers].filter(([name]) => name.startsWith('access-control-'));

test('every answer tells browsers to take it for what it is, and to let no page frame it', async () => {
  for (const path of [
    '/v1/zones',
    '/v1/nothing/at/all/here',
    '/docs',
    '/openapi.json',
    '/log/checkpoint',
    '/health/live',
    '/v1/zones?x=1',
    '/%zz',
    '/socket.io/?EIO=4&transport=polling',
    '/socket.io/?EIO=4&transport=polling&sid=nope',
  ]) {
    const response = await asks(app, path);
    await response.body?.cancel();
    expect([path, Object.fromEntries(response.headers)]).toEqual([path, expect.objectContaining(SHUT)]);
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(response.headers.get('x-powered-by')).toBeNull();
  }
  const stream = await asks(app, '/v1/feed');
  expect(Object.fromEntries(stream.headers)).toMatchObject(SHUT);
  await stream.body!.cancel();
});

test.each(['/docs', '/docs/'])('the page %s runs and shows nothing but what is ours, as its policy has it', async (path) => {
  const page = await asks(app, path);
  const html = await page.text();
  const policy = Object.fromEntries(
    page.headers
      .get('content-security-policy')!
      .split(';')
      .map((part) => [part.trim().split(' ')[0], part.trim().split(' ').slice(1)]),
  );
  expect([policy['default-src'], policy['script-src'], policy['base-uri']]).toEqual([["'none'"], ["'self'"], ["'none'"]]);
  // No script stands in the page, in whatever way a browser would run one.
  const scripts = [...html.matchAll(/<script\b([^>]*)>([^]*?)<\/script>/gi)].map(([, attributes, text]) => [attributes, text!.trim()]);
  expect(scripts.map(([, text]) => text)).toEqual(scripts.map(() => ''));
  expect(html).not.toMatch(/<[^>]*\s(on\w+\s*=|(href|src|action)\s*=\s*["']?\s*(javascript|data):)/i);
  const tags = [...html.matchAll(/<(script|link)\b[^>]*?\s(?:src|href)\s*=\s*"([^"]*)"/gi)];
  expect(tags.filter(([, tag]) => tag === 'script').length).toBe(scripts.length);
  expect(scripts.length).toBeGreaterThan(2);
  for (const [, tag, address] of tags) {
    const { origin, href } = new URL(address!, app.address + path);
    const loaded = await asks(app, href.slice(app.address.length));
    await loaded.body!.cancel();
    const type = tag === 'script' ? /javascript/ : /css|image/;
    expect([address, origin, loaded.status, loaded.headers.get('content-type')]).toEqual([
      address,
      app.address,
      200,
      expect.stringMatching(type),
    ]);
  }
});

describe('pages of other sites', () => {
  const preflight = {
    method: 'OPTIONS',
    headers: { origin: SITE, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
  };

  test('are shut out', async () => {
    for (const path of ['/v1/zones', '/v1/feed']) {
      const response = await asks(app, path, { headers: { origin: SITE } });
      expect(corsOf(response)).toEqual([]);
      await response.body!.cancel();
    }
    expect(corsOf(await asks(app, '/v1/parties', preflight))).toEqual([]);
  });

  test('are let in where the operator names them, and no others', async () => {
    for (const path of ['/v1/zones', '/v1/feed', '/v1/nothing']) {
      const response = await asks(open, path, { headers: { origin: SITE } });
      expect([path, response.headers.get('access-control-allow-origin'), response.headers.get('access-control-allow-credentials')]).toEqual(
        [path, SITE, null],
      );
      await response.body!.cancel();
    }
    const answer = await asks(open, '/v1/parties', preflight);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-origin': SITE,
      'access-control-allow-headers': expect.stringContaining('authorization'),
    });
    for (const origin of [OTHER, 'null', 'https://newsroom.example.evil.example', 'http://newsroom.example']) {
      const response = await asks(open, '/v1/zones', { headers: { origin } });
      expect([origin, response.headers.get('access-control-allow-origin')]).toEqual([origin, null]);
    }
  });

  test('open no socket, but for those that are named', async () => {
    const opened = async (service: TestApp, origin: string | undefined) => {
      const socket = io(`${service.address}/feed`, {
        transports: ['websocket'],
        forceNew: true,
        reconnection: false,
        ...(origin !== undefined && { extraHeaders: { origin } }),
      });
      const isOpen = await Promise.race([
        once(socket as never, 'connect').then(() => true),
        once(socket as never, 'connect_error').then(() => false),
      ]);
      socket.disconnect();
      return isOpen;
    };
    expect([await opened(app, undefined), await opened(app, app.address), await opened(app, SITE), await opened(app, 'null')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([await opened(open, SITE), await opened(open, OTHER)]).toEqual([true, false]);
  });
});

test('no cache that serves others may keep what one caller may read', async () => {
  for (const path of ['/v1/zones', '/v1/events', '/v1/diary', '/v1/keys']) {
    const { headers } = await app.get(path);
    expect([path, headers.get('cache-control')]).toEqual([path, 'private, no-cache']);
  }
});

describe('whoever speaks another way', () => {
  /** All that comes back for some bytes. */
  const said = (text: string) => {
    const socket = connect(Number(new URL(app.address).port), '127.0.0.1').on('error', () => {});
    let back = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (back += piece));
    socket.write(text);
    return new Promise<string>((resolve) => socket.once('close', () => resolve(back)));
  };
  const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n';

  test('and would go on in HTTP/2 is answered in this one', async () => {
    expect(await said(`GET /health/live HTTP/1.1\r\nHost: x\r\n${H2C}\r\n`)).toMatch(/^HTTP\/1\.1 200 [^]*{"status":"ok"}$/);
    expect(await said(`GET /v1/nothing/here/at/all HTTP/1.1\r\nHost: x\r\n${H2C}\r\n`)).toMatch(/^HTTP\/1\.1 404 [^]*"code":"not-found"/);
    const post = `POST /v1/zones HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n${H2C}\r\n{}`;
    expect(await said(post)).toMatch(/^HTTP\/1\.1 400 [^]*"detail":"a request with a body can not be upgraded/);
    const socket = 'GET /feed HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    expect(await said(socket)).toMatch(/^HTTP\/1\.1 404 /);
    // By one of those who answer, and not by both.
    const poll = await said(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n${H2C}\r\n`);
    expect(poll.match(/HTTP\/1\.1 /g)).toEqual(['HTTP/1.1 ']);
  });

  test('than HTTP is told so in a problem', async () => {
    for (const text of ['what?\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', '\x16\x03\x01\x02\x00\r\n\r\n'])
      expect(await said(text)).toMatch(/^HTTP\/1\.1 400 [^]*problem\+json[^]*"code":"malformed","detail":"this is no HTTP request"/);
    const long = `GET / HTTP/1.1\r\nHost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await said(long)).toMatch(/^HTTP\/1\.1 431 [^]*16,384 bytes/);
  });

  test('and asks for the head of the stream alone gets it, and holds nothing', async () => {
    for (let times = 0; times < 3; times++) {
      const response = await asks(app, '/v1/feed', { method: 'HEAD' });
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    }
    const metrics = (await app.get('/metrics')).text;
    expect(metrics).toContain('zonewatch_feed_connections{transport="sse"} 0');
  });
});

describe('whoever is slow', () => {
  /** Sends bytes as they are, and gathers what comes back until the end. */
  const raw = () => {
    const { port } = new URL(app.address);
    const socket: Socket = connect(Number(port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    socket.on('error', () => {});
    return { socket, ended: once(socket, 'close').then(() => text) };
  };
  const head = (path: string, more: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${KEY}\r\n${more}\r\n`;

  test('with the head of a request is cut off', async () => {
    const { socket, ended } = raw();
    socket.write('GET /v1/zones HTTP/1.1\r\nhost: x\r\n');
    expect(await ended).toMatch(/^HTTP\/1\.1 408 /);
  }, 20_000);

  test('with a body is cut off, told why, and records nothing', async () => {
    const { socket, ended } = raw();
    socket.write(head('/v1/parties', 'content-type: application/json\r\ncontent-length: 200\r\n') + '{"id":');
    const dripping = setInterval(() => socket.write(' '), 500);
    const text = await ended;
    clearInterval(dripping);
    expect(text).toMatch(/^HTTP\/1\.1 408 [^]*"code":"too-slow"/);
    expect((await app.get('/v1/parties')).json.data).toEqual([]);
  }, 30_000);

  test('to stop sending what was refused is cut off', async () => {
    const { socket, ended } = raw();
    socket.write(
      `POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n`,
    );
    const dripping = setInterval(() => socket.write('1\r\n \r\n'), 500);
    const text = await ended;
    clearInterval(dripping);
    expect(text).toMatch(/^HTTP\/1\.1 401 /);
  }, 30_000);

  test('to send a body to wherever is cut off too', async () => {
    const paths = ['/%zz', '/socket.io/?EIO=4&transport=polling&sid=nope', '/of/no/route', '/docs'];
    const cut = async (path: string) => {
      const { socket, ended } = raw();
      socket.write(`${head(path, 'content-type: application/json\r\ncontent-length: 200\r\n')}{"id":`);
      const dripping = setInterval(() => socket.write(' '), 500);
      const text = await ended;
      clearInterval(dripping);
      return text;
    };
    expect(await Promise.all(paths.map(cut))).toEqual(paths.map(() => expect.stringMatching(/^HTTP\/1\.1 4/)));
  }, 30_000);

  test('to say the next command is cut off, with what was replied to before', async () => {
    const { socket, ended } = raw();
    const line = JSON.stringify({ command: 'parties/register', body: { id: 'first', name: { en: 'x' }, kind: 'other', occurred: '2017' } });
    socket.write(head('/v1/commands', 'content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n'));
    socket.write(`${(line.length + 1).toString(16)}\r\n${line}\n\r\n`);
    expect(await ended).toMatch(/^HTTP\/1\.1 200 [^]*"stream":"party-first"/);
  }, 30_000);

  test('to say the first is told how long it may say nothing', async () => {
    const { socket, ended } = raw();
    socket.write(head('/v1/commands', 'content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n'));
    expect(await ended).toMatch(/^HTTP\/1\.1 (200 |408 [^]*a stream of commands may say nothing for 1\.5 s)/);
  }, 30_000);
});
