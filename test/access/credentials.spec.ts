import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { ApiKeys } from '../../src/access/api-keys.js';
import { follow } from '../../src/client/index.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';
import { growTo } from '../proof/grown.js';
import { pollFeed } from './polling.js';
import { SECRET, deadAddress, inSeconds, issuerKey, keySet, token } from './tokens.js';

const PARTY = { id: 'russia', name: { en: 'Russia' }, kind: 'state', occurred: '2017' };
const desk = { sub: 'desk', roles: ['recorder'] };
const reader = { sub: 'reader', roles: ['subscriber'] };

let app: TestApp;
let close: () => Promise<void> = async () => {};
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect();
  await stopApp(app);
  await close();
  close = async () => {};
});

const start = async (env: Record<string, string> = {}) => (app = await startApp({ env: { ZONEWATCH_PUBLIC_READ: '', ...env } }));

const ask = async (credential: string | undefined, method = 'GET', path = '/v1/zones', body?: object) => {
  const headers = {
    ...(credential !== undefined && { authorization: `Bearer ${credential}` }),
    ...(body && { 'content-type': 'application/json' }),
  };
  const {
    status,
    json,
    headers: told,
  } = await app.call(method, path, { anonymous: true, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status, code: json?.code as string | undefined, json, told };
};
const record = (credential: string) => ask(credential, 'POST', '/v1/parties', PARTY);
const make = async (body: object) => (await app.post('/v1/keys', body)).json.data as { id: string; key: string; name: string };

/** A socket with a credential: what it is refused with, or nothing, and what it is closed with and when. */
const connect = async (credential: unknown) => {
  const socket = io(`${app.address}/feed`, { transports: ['websocket'], forceNew: true, reconnection: false, auth: { token: credential } });
  sockets.push(socket);
  const closed = new Promise<{ code: string; retry: boolean }>((resolve) => socket.once('closed', resolve));
  const gone = new Promise<number>((resolve) => socket.once('disconnect', () => resolve(Date.now())));
  const refused = await new Promise<{ code: string; retry: boolean } | undefined>((resolve) => {
    socket.once('connect', () => resolve(undefined));
    socket.once('connect_error', (error) => resolve((error as Error & { data: { code: string; retry: boolean } }).data));
  });
  return { refused, closed, gone };
};

/** What ends with a credential does so within a second; twice that where the machine has other things to do. In milliseconds. */
const SOON = 2_000;

/** Opens what a credential can hold open. `ended` tells how each of them has ended, and when. */
const hold = async (credential: string) => {
  const socket = async () => {
    const { closed, gone } = await connect(credential);
    return async () => ({ what: 'websocket', code: (await closed).code, at: await gone });
  };
  const polling = async () => {
    const { said } = await pollFeed(app.address, credential);
    return async () => ({ what: 'polling', code: /\["closed",\{"code":"([a-z-]+)"/.exec((await said).join())?.[1], at: Date.now() });
  };
  const stream = async () => {
    const response = await fetch(`${app.address}/v1/feed`, { headers: { authorization: `Bearer ${credential}` } });
    // It ends as one that is through: what is broken off has no text.
    return async () => ({ what: 'stream', code: (await response.text()) && undefined, at: Date.now() });
  };
  const open = await Promise.all([socket(), polling(), stream()]);
  return { ended: Promise.all(open.map((end) => end())) };
};

/** Holds all that was open to have ended with a code, and soon behind an instant. */
const expectEnds = async ({ ended }: Awaited<ReturnType<typeof hold>>, code: string, since: number) => {
  const ends = await ended;
  expect(ends.map((end) => [end.what, end.code])).toEqual([
    ['websocket', code],
    ['polling', code],
    ['stream', undefined],
  ]);
  for (const { what, at } of ends) expect([what, at >= since, at < since + SOON]).toEqual([what, true, true]);
};

describe('without a credential', () => {
  test('nothing is open but what is open to all', async () => {
    await start();
    expect(await ask(undefined)).toMatchObject({ status: 401, code: 'unauthorized' });
    expect((await ask(undefined)).told.get('www-authenticate')).toBe('Bearer');
    expect((await ask(undefined, 'GET', '/v1/feed')).status).toBe(401);
    expect((await connect(undefined)).refused).toMatchObject({ code: 'forbidden', retry: false });
    expect((await ask(undefined, 'GET', '/health/live')).status).toBe(200);
  });

  test('reads and the feed are open on purpose, and writes are not', async () => {
    await start({ ZONEWATCH_PUBLIC_READ: 'true' });
    expect((await ask(undefined)).status).toBe(200);
    expect((await connect(undefined)).refused).toBeUndefined();
    expect((await ask(undefined, 'POST', '/v1/parties', PARTY)).status).toBe(401);
    expect((await ask(undefined, 'GET', '/log/tile/entries/000')).status).toBe(401);
    // Whoever brings a credential means to be known by it.
    expect((await ask('a-wrong-one')).status).toBe(401);
    expect((await connect('a-wrong-one')).refused).toMatchObject({ code: 'forbidden' });
    const { key } = await make({ name: 'desk', roles: ['recorder'] });
    expect((await ask(key)).status).toBe(200);
  });
});

describe('an API key', () => {
  test('is told once, kept hashed, and signs what it records', async () => {
    await start();
    const { key, ...made } = await make({ name: 'desk', roles: ['recorder'] });
    expect(key).toMatch(/^zw_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    expect(made).toMatchObject({ name: 'desk', roles: ['recorder'], madeBy: 'admin' });
    expect(JSON.stringify((await app.get('/v1/keys')).json.data)).toBe(JSON.stringify([made]));
    const files = readdirSync(app.folder).filter((name) => name.startsWith('access.db'));
    for (const name of files) {
      expect(readFileSync(join(app.folder, name)).includes(key.slice('zw_0123456789ab_'.length))).toBe(false);
      expect([name, statSync(join(app.folder, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    const { json } = await record(key);
    expect((await app.get(`/v1/events/${json.eventId}`)).json.data.event.recordedBy).toBe('desk');
  });

  test('that is nearly one of this service is none', async () => {
    await start();
    const { key } = await make({ name: 'desk', roles: ['recorder'] });
    const [, id, secret] = key.split('_', 3) as [string, string, string];
    const last = key.endsWith('A') ? 'B' : 'A';
    for (const wrong of [
      `zw_${id}_`,
      `zw_${'0'.repeat(12)}_${secret}`,
      key.slice(0, -1) + last,
      key.toUpperCase(),
      `${key}x`,
      id,
      '',
      'x'.repeat(5_000),
    ])
      expect([wrong.slice(0, 60), (await record(wrong)).status]).toEqual([wrong.slice(0, 60), 401]);
  });

  test('ends when it was made to, and within a second of that what it holds open', async () => {
    await start();
    const expires = Date.now() + 1_500;
    const { key } = await make({ name: 'reader', roles: ['subscriber'], expires: new Date(expires).toISOString() });
    await expectEnds(await hold(key), 'token-expired', expires);
    expect(await ask(key)).toMatchObject({ status: 401, code: 'token-expired' });
    expect((await connect(key)).refused).toMatchObject({ code: 'token-expired', retry: true });
  });

  test('ends sooner where its end is moved, and later', async () => {
    await start();
    const [late, soon] = [Date.now() + 3_600_000, Date.now()].map((time) => new Date(time).toISOString());
    const { key, id } = await make({ name: 'reader', roles: ['subscriber'], expires: late! });
    const held = await hold(key);
    const since = Date.now();
    expect((await app.post(`/v1/keys/${id}/expire`, { expires: soon })).json.data).toMatchObject({ id, expires: soon });
    await expectEnds(held, 'token-expired', since);
    expect((await app.post(`/v1/keys/${id}/expire`, { expires: late })).json.data).toMatchObject({ id, expires: late });
    expect((await ask(key)).status).toBe(200);
  });

  test('that is revoked gets no more of the events that are being sent to it', async () => {
    await start();
    growTo(app.record, 20_000);
    const { key, id } = await make({ name: 'reader', roles: ['subscriber'] });
    const headers = { authorization: `Bearer ${key}`, accept: 'application/x-ndjson' };
    const stream = await fetch(`${app.address}/v1/events`, { headers });
    await app.call('DELETE', `/v1/keys/${id}`);
    await passed(500);
    await expect(stream.text()).rejects.toThrow('terminated');
  });

  test('that is revoked is not told what it was waiting for', async () => {
    await start();
    const { key, id } = await make({ name: 'reader', roles: ['subscriber'] });
    const waiting = ['/v1/events?min=1', '/v1/parties?min=1', '/v1/changes?from=0&min=1'].map((path) => ask(key, 'GET', path));
    await passed(200);
    await app.call('DELETE', `/v1/keys/${id}`);
    await app.post('/v1/parties', PARTY);
    expect((await Promise.all(waiting)).map(({ status, code }) => [status, code])).toEqual(waiting.map(() => [401, 'revoked']));
  });

  test('that is revoked lets nobody in, and what it holds open ends within a second', async () => {
    await start();
    const { key, id } = await make({ name: 'reader', roles: ['subscriber'] });
    const held = await hold(key);
    const { closed } = await connect(key);
    const since = Date.now();
    expect((await app.call('DELETE', `/v1/keys/${id}`)).json.data).toMatchObject({ id, revoked: expect.any(String) });
    expect(await ask(key)).toMatchObject({ status: 401, code: 'revoked' });
    await expectEnds(held, 'revoked', since);
    expect(await closed).toMatchObject({ code: 'revoked', retry: false });
    expect((await connect(key)).refused).toMatchObject({ code: 'revoked', retry: false });
    // For good: its end can't be moved behind that.
    await app.post(`/v1/keys/${id}/expire`, { expires: '2100-01-01T00:00:00Z' });
    expect(await ask(key)).toMatchObject({ status: 401, code: 'revoked' });
  });

  test('that another process revokes is revoked here, within a second', async () => {
    await start();
    const { key, id } = await make({ name: 'reader', roles: ['subscriber'] });
    const held = await hold(key);
    const elsewhere = ApiKeys.open(app.folder);
    const since = Date.now();
    elsewhere.revoke(id);
    elsewhere.close();
    await expectEnds(held, 'revoked', since);
    expect(await ask(key)).toMatchObject({ status: 401, code: 'revoked' });
  });

  test('that ends while commands stream in takes the rest of them no more', async () => {
    await start();
    const { key, id } = await make({ name: 'desk', roles: ['recorder'] });
    let more: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (more = controller) });
    const send = (party: string) =>
      more.enqueue(Buffer.from(`${JSON.stringify({ command: 'parties/register', body: { ...PARTY, id: party } })}\n`));
    send('russia');
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' };
    const response = await fetch(`${app.address}/v1/commands`, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
    const replies = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect(JSON.parse((await replies.read()).value!)).toMatchObject({ line: 1, id: 'russia' });
    await app.call('DELETE', `/v1/keys/${id}`);
    send('iran');
    expect(JSON.parse((await replies.read()).value!)).toMatchObject({ line: 2, status: 401, code: 'revoked' });
    more!.close();
    expect((await app.get('/v1/parties')).json.data).toHaveLength(1);
  });

  test('is refused with the field and the rule that it breaks, and made of nothing half', async () => {
    await start();
    const good = { name: 'desk', roles: ['recorder'] };
    const bad: [object, string][] = [
      [{ ...good, name: 'admin' }, 'name reserved'],
      [{ ...good, name: 'Two Words' }, 'name slug'],
      [{ ...good, name: 5 }, 'name slug'],
      [{ ...good, roles: [] }, 'roles one-of'],
      [{ ...good, roles: ['king'] }, 'roles one-of'],
      [{ ...good, roles: 'admin' }, 'roles one-of'],
      [{ ...good, expires: 'tomorrow' }, 'expires instant'],
      [{ ...good, expires: '2027-02-30T00:00:00Z' }, 'expires instant'],
      [{ ...good, secret: 'mine' }, 'secret unknown-field'],
      [[], ' object'],
    ];
    for (const [body, fault] of bad) {
      const { status, json } = await app.post('/v1/keys', body);
      expect([status, json.errors.map(({ field, rule }: { field: string; rule: string }) => `${field} ${rule}`)]).toEqual([400, [fault]]);
    }
    expect((await app.get('/v1/keys')).json.data).toEqual([]);
    expect((await app.call('DELETE', '/v1/keys/nobody')).status).toBe(404);
    expect((await app.post('/v1/keys/nobody/expire', { expires: '2027-01-01T00:00:00Z' })).status).toBe(404);
  });

  test('may send so many commands a minute, and is told when to go on', async () => {
    await start({ ZONEWATCH_COMMANDS_A_MINUTE: '2' });
    const { key } = await make({ name: 'desk', roles: ['recorder'] });
    for (const status of [201, 200]) expect((await record(key)).status).toBe(status);
    const { status, code, json, told } = await record(key);
    expect([status, code]).toEqual([429, 'too-many-commands']);
    expect(json.detail).toMatch(/2 commands a minute/);
    expect(Number(told.get('retry-after'))).toBeGreaterThan(0);
    expect(json.retryAfter).toBe(Number(told.get('retry-after')));
    for (let more = 0; more < 5; more++) expect((await app.post('/v1/parties', PARTY)).status).toBe(200);
  });
});

describe('a token', () => {
  const good = () => ({ ...desk, exp: inSeconds(60) });

  test('of the shared secret signs what is recorded with it', async () => {
    await start({ ZONEWATCH_JWT_SECRET: SECRET });
    const { status, json } = await record(token(good()));
    expect(status).toBe(201);
    expect((await app.get(`/v1/events/${json.eventId}`)).json.data.event.recordedBy).toBe('desk');
    expect((await ask(token(good()))).status).toBe(403);
    expect((await ask(token({ ...good(), roles: ['auditor', 'something-else'] }))).status).toBe(200);
  });

  test('lets nobody in where it is wrong in any way', async () => {
    const known = issuerKey('one', 'RS256');
    const keys = await keySet([known.jwk]);
    close = keys.stop;
    await start({
      ZONEWATCH_JWT_SECRET: SECRET,
      ZONEWATCH_JWKS_URL: keys.url,
      ZONEWATCH_JWT_ISSUER: 'desk.example',
      ZONEWATCH_JWT_AUDIENCE: 'zonewatch',
    });
    const claims = { ...good(), iss: 'desk.example', aud: 'zonewatch' };
    for (const right of [token(claims), known.token(claims)]) expect((await record(right)).status).toBeLessThan(300);
    const pem = known.publicKey.export({ format: 'pem', type: 'spki' });
    const [head, said, signature] = token(claims).split('.') as [string, string, string];
    const wrong: Record<string, string> = {
      'without a signature': token(claims, { header: { alg: 'none' } }),
      'without a signature, in capitals': token(claims, { header: { alg: 'NONE' } }),
      'by the public key as a secret': token(claims, { header: { alg: 'HS256', kid: 'one' }, key: pem }),
      'by the public key as DER as a secret': token(claims, {
        header: { alg: 'HS256' },
        key: known.publicKey.export({ format: 'der', type: 'spki' }),
      }),
      'by another secret': token(claims, { key: 'another-secret-of-32-characters!' }),
      'by the secret with another algorithm': token(claims, { header: { alg: 'HS512' } }),
      'by another key of that name': issuerKey('one', 'RS256').token(claims),
      'by a key that nobody knows': issuerKey('two').token(claims),
      'with its own key in the header': token(claims, { header: { alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } }, key: '\0\0\0' }),
      'with what must be understood and is not': token(claims, { header: { alg: 'HS256', crit: ['b64'], b64: false } }),
      'with its claims changed': [head, Buffer.from(JSON.stringify({ ...claims, roles: ['admin'] })).toString('base64url'), signature].join(
        '.',
      ),
      'with its signature cut': [head, said, signature.slice(0, -4)].join('.'),
      expired: token({ ...claims, exp: inSeconds(-60) }),
      'not good yet': token({ ...claims, nbf: inSeconds(60) }),
      'of another issuer': token({ ...claims, iss: 'other.example' }),
      'for another audience': token({ ...claims, aud: 'other' }),
      'without an issuer': token({ ...claims, iss: undefined }),
      'of nobody': token({ ...claims, sub: undefined }),
      'of the admin': token({ ...claims, sub: 'admin' }),
      'of a name with a line end': token({ ...claims, sub: 'a\nb' }),
      'with roles as a text': token({ ...claims, roles: 'admin' }),
      'with an expiry that is none': token({ ...claims, exp: 'never' }),
      'of nothing': '..',
      'of no JSON': `${head}.bm90IGpzb24.${signature}`,
    };
    for (const [what, wrongOne] of Object.entries(wrong)) {
      const { status, json } = await record(wrongOne);
      expect([what, status, JSON.stringify(json).includes(wrongOne)]).toEqual([what, 401, false]);
      const { refused } = await connect(wrongOne);
      expect([what, refused?.code]).toEqual([what, what === 'expired' ? 'token-expired' : 'forbidden']);
    }
  });

  test('keeps what it holds open until it expires, and for no second longer', async () => {
    await start({ ZONEWATCH_JWT_SECRET: SECRET });
    const exp = inSeconds(3);
    await expectEnds(await hold(token({ ...reader, exp })), 'token-expired', exp * 1_000);
  });

  test('may be fetched anew by the client, which misses nothing over it', async () => {
    await start({ ZONEWATCH_JWT_SECRET: SECRET });
    let fetched = 0;
    const renewed = () => {
      fetched += 1;
      return token({ ...reader, exp: inSeconds(fetched < 3 ? 1 : 60) });
    };
    const seen: number[] = [];
    const codes: string[] = [];
    const following = follow({
      url: app.address,
      token: renewed,
      onEvents: (events) => void seen.push(...events.map(({ sequence }) => sequence)),
      onClosed: ({ code }) => void codes.push(code),
    });
    let sent = 0;
    while (fetched < 3) {
      await app.post('/v1/parties', { ...PARTY, id: `party-${sent++}` });
      await passed(100);
    }
    while (seen.length < sent) await passed(20);
    await following.close();
    expect(seen).toEqual(Array.from({ length: sent }, (_, at) => at + 1));
    expect(new Set(codes)).toEqual(new Set(['token-expired']));
  });

  test('is checked by the keys of a set, which are fetched once and again when a new one signs', async () => {
    const [first, second] = [issuerKey('first'), issuerKey('second')];
    const keys = await keySet([first.jwk]);
    close = keys.stop;
    await start({ ZONEWATCH_JWKS_URL: keys.url });
    for (let times = 0; times < 3; times++) expect((await record(first.token(good()))).status).toBeLessThan(300);
    expect(keys.served.asked).toBe(1);
    keys.served.keys = [second.jwk];
    await passed(1_100);
    expect((await record(second.token(good()))).status).toBe(200);
    expect((await record(first.token(good()))).status).toBe(401);
    expect(keys.served.asked).toBe(2);
  });

  test('is told that it can not be checked now where the set of keys is away, and the rest works on', async () => {
    await start({ ZONEWATCH_JWKS_URL: await deadAddress() });
    const { status, code, told } = await record(issuerKey('one').token(good()));
    expect([status, code, told.get('retry-after')]).toEqual([503, 'keys-unavailable', '1']);
    expect((await connect(issuerKey('one').token(good()))).refused).toMatchObject({ code: 'internal', retry: true });
    expect((await app.post('/v1/parties', PARTY)).status).toBe(201);
  });

  test('is none of a service that takes none', async () => {
    await start();
    expect((await record(token(good()))).status).toBe(401);
  });
});

test('keys outlive the service, and another file in their place is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zonewatch-test-'));
  app = await startApp({ folder, env: { ZONEWATCH_PUBLIC_READ: '' } });
  const { key } = await make({ name: 'desk', roles: ['recorder', 'subscriber'] });
  await app.close();
  app = await startApp({ folder, env: { ZONEWATCH_PUBLIC_READ: '' } });
  expect((await ask(key)).status).toBe(200);
  await app.close();
  for (const end of ['', '-wal', '-shm']) rmSync(join(folder, `access.db${end}`), { force: true });
  const { copyFileSync } = await import('node:fs');
  copyFileSync(join(folder, 'record.db'), join(folder, 'access.db'));
  await expect(startApp({ folder })).rejects.toThrow(/access\.db is a database of another program/);
  rmSync(join(folder, 'access.db'));
  app = await startApp({ folder });
});
