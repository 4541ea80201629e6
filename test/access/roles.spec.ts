import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { routesOf } from '../support/routes.js';
import { KEY, startApp, stopApp, type TestApp } from '../support/start-app.js';
import { SECRET, inSeconds, issuerKey, keySet, token } from './tokens.js';

/** Which role each route needs, or `nothing`. A route that is not here fails the test: it was added without a thought of who may use it. */
const NEEDS: Record<string, string> = {
  'GET /health/live': 'nothing',
  'GET /health/ready': 'nothing',
  'GET /docs': 'nothing',
  'GET /docs/': 'nothing',
  'GET /docs/*': 'nothing',
  'GET /docs/LICENSE': 'nothing',
  'GET /docs/index.html': 'nothing',
  'GET /docs/swagger-ui-init.js': 'nothing',
  'GET /docs/docs/swagger-ui-init.js': 'nothing',
  'GET /openapi.json': 'nothing',
  'GET /asyncapi.json': 'nothing',
  'GET /metrics': 'subscriber',
  'GET /log/checkpoint': 'nothing',
  'GET /log/vkey': 'nothing',
  'GET /log/consistency': 'nothing',
  'GET /log/tile/*': 'nothing',
  'GET /log/tile/entries/*': 'auditor',
  'GET /v1/:collection': 'subscriber',
  'GET /v1/:collection/:id': 'subscriber',
  'GET /v1/changes': 'subscriber',
  'GET /v1/commitments': 'subscriber',
  'GET /v1/diary': 'subscriber',
  'GET /v1/events': 'subscriber',
  'GET /v1/events/:id': 'subscriber',
  'GET /v1/events/:id/proof': 'subscriber',
  'GET /v1/feed': 'subscriber',
  'GET /v1/positions': 'subscriber',
  'GET /v1/zones.geojson': 'subscriber',
  'GET /v1/zones/:id/timeline': 'subscriber',
  'POST /v1/:collection': 'recorder',
  'POST /v1/:collection/:id/:verb': 'recorder',
  'POST /v1/commands': 'recorder',
  'GET /v1/keys': 'admin',
  'POST /v1/keys': 'admin',
  'POST /v1/keys/:id/expire': 'admin',
  'DELETE /v1/keys/:id': 'admin',
};
/** What each message of the feed needs. */
const MESSAGES = { subscribe: 'subscriber', unsubscribe: 'subscriber' };

/** What each role may do besides its own. */
const MAY: Record<string, string[]> = {
  recorder: ['recorder'],
  subscriber: ['subscriber'],
  auditor: ['auditor', 'subscriber'],
  admin: ['recorder', 'subscriber', 'auditor', 'admin'],
};

/** Credentials of one role each, and those that let nobody in, with what a socket is told of them. */
const good = new Map<string, { credential: string; role: string }>();
const bad = new Map<string, { credential: string | undefined; code: string }>();

let app: TestApp;
/** Where everybody may read. */
let open: TestApp;
let keys: Awaited<ReturnType<typeof keySet>>;
beforeAll(async () => {
  const issuer = issuerKey('one', 'RS256');
  keys = await keySet([issuer.jwk]);
  const folder = mkdtempSync(join(tmpdir(), 'zonewatch-test-'));
  app = await startApp({ folder, env: { ZONEWATCH_PUBLIC_READ: '', ZONEWATCH_JWT_SECRET: SECRET, ZONEWATCH_JWKS_URL: keys.url } });
  const make = async (role: string, expires?: string) =>
    (await app.post('/v1/keys', { name: `a-${role}`, roles: [role], ...(expires && { expires }) })).json.data as {
      id: string;
      key: string;
    };
  for (const role of Object.keys(MAY)) {
    const claims = { sub: `a-${role}`, roles: [role], exp: inSeconds(300) };
    good.set(`a key of a ${role}`, { role, credential: (await make(role)).key });
    good.set(`a token of a ${role} by the secret`, { role, credential: token(claims) });
    good.set(`a token of a ${role} by a key of the set`, { role, credential: issuer.token(claims) });
  }
  good.set('the admin key', { role: 'admin', credential: KEY });
  const all = { sub: 'desk', roles: Object.keys(MAY), exp: inSeconds(300) };
  const wrong = (what: string, credential: string | undefined, code = 'forbidden') => bad.set(what, { credential, code });
  wrong('none', undefined);
  wrong('a wrong key', 'zw_0123456789ab_0123456789012345678901234567890123456789012');
  wrong('an empty one', '');
  wrong('an expired key', (await make('admin', '2020-01-01T00:00:00Z')).key, 'token-expired');
  const revoked = await make('admin');
  await app.call('DELETE', `/v1/keys/${revoked.id}`);
  wrong('a revoked key', revoked.key, 'revoked');
  wrong('an expired token', token({ ...all, exp: inSeconds(-60) }), 'token-expired');
  wrong('a token signed with none', token(all, { header: { alg: 'none' } }));
  wrong(
    'a token signed with the public key as a secret',
    token(all, { header: { alg: 'HS256', kid: 'one' }, key: issuer.publicKey.export({ format: 'pem', type: 'spki' }) }),
  );
  wrong('a token by another secret', token(all, { key: 'another-secret-of-32-characters!' }));
  open = await startApp({ env: { ZONEWATCH_PUBLIC_READ: 'true' } });
});
afterAll(async () => {
  await Promise.all([stopApp(app), stopApp(open)]);
  await keys.stop();
});

const routes = () => routesOf(app.app).map(({ method, path }) => `${method} ${path}`);

/** What comes of a request on a route: 401, 403, that the service failed, or that it was let in, whatever it then was told. */
async function outcome(route: string, credential: string | undefined, { address: at } = app): Promise<string> {
  const [method, path] = route.split(' ') as [string, string];
  const body = method === 'POST' ? { body: path === '/v1/commands' ? '' : '{}' } : {};
  const type = path === '/v1/commands' ? 'application/x-ndjson' : 'application/json';
  const headers = {
    ...(credential !== undefined && { authorization: `Bearer ${credential}` }),
    ...(method === 'POST' && { 'content-type': type }),
  };
  const address = path.replace(':collection', 'zones').replace(':id', 'x').replace(':verb', 'suspend').replace('*', '0/000.p/1');
  const { status, body: answer } = await fetch(at + address, { method, headers, ...body });
  await answer?.cancel();
  return status === 401 || status === 403 || status >= 500 ? String(status) : 'let in';
}

const expected = (needs: string, role: string | undefined) =>
  needs === 'nothing' || (role !== undefined && MAY[role]!.includes(needs)) ? 'let in' : role === undefined ? '401' : '403';

test('every route and message has its rule, and every rule its route or message', async () => {
  expect([...new Set(routes())].sort()).toEqual(Object.keys(NEEDS).sort());
  const { operations } = (await app.get('/asyncapi.json')).json as { operations: Record<string, { action: string }> };
  const messages = Object.entries(operations).flatMap(([name, { action }]) => (action === 'receive' ? [name] : []));
  expect(messages.sort()).toEqual(Object.keys(MESSAGES).sort());
});

describe.each(Object.entries(NEEDS))('%s needs %s', (route, needs) => {
  test('lets in whoever has that role, and nobody else', async () => {
    for (const [what, { role, credential }] of good)
      expect([what, await outcome(route, credential)]).toEqual([what, expected(needs, role)]);
    for (const [what, { credential }] of bad) expect([what, await outcome(route, credential)]).toEqual([what, expected(needs, undefined)]);
  });

  test('where reads are open to all, lets in whoever brings nothing if it is a read, and is shut to them if not', async () => {
    const isOpen = needs === 'nothing' || needs === 'subscriber';
    expect(await outcome(route, undefined, open)).toBe(isOpen ? 'let in' : '401');
    // Whoever brings a credential means to be known by it.
    expect(await outcome(route, 'a-wrong-one', open)).toBe(needs === 'nothing' ? 'let in' : '401');
  });
});

test('the document says of each operation whether it asks for a credential', async () => {
  const { paths } = (await app.get('/openapi.json')).json as { paths: Record<string, Record<string, Operation>> };
  const operations = Object.entries(paths).flatMap(
    ([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path.replace('{id}', ':id').replace('{path}', '*')}`, operation })), // prettier-ignore
  );
  for (const { route, operation } of operations) {
    const asks = (await outcome(route, undefined)) === '401';
    const told = ['401', '403'].map((status) => status in operation.responses);
    expect([route, operation.security ?? 'as all', ...told]).toEqual([route, asks ? 'as all' : [], asks, asks]);
  }
});

test('a route that says nothing of who may use it is shut, to the admin too', async () => {
  const { AccessGuard } = await import('../../src/access/guard.js');
  const { SignIn } = await import('../../src/access/sign-in.js');
  const guard = new AccessGuard({ getAllAndOverride: () => undefined } as never, app.app.get(SignIn));
  const request = { headers: { authorization: `Bearer ${KEY}` } };
  const context = { getType: () => 'http', getHandler: () => {}, getClass: () => {}, switchToHttp: () => ({ getRequest: () => request }) };
  await expect(guard.canActivate(context as never)).rejects.toMatchObject({ code: 'forbidden' });
});

interface Operation {
  security?: readonly object[];
  responses: Record<string, unknown>;
}

describe.each(Object.entries(MESSAGES))('the message %s needs %s', (message, needs) => {
  /** Whether a socket with a credential has its message answered, or the code with which it is refused. */
  const answered = async (credential: string | undefined, { address } = app) => {
    const auth = credential === undefined ? {} : { auth: { token: credential } };
    const socket = io(`${address}/feed`, { transports: ['websocket'], forceNew: true, reconnection: false, ...auth });
    try {
      return await new Promise<string>((resolve) => {
        socket.once('connect_error', (error) => resolve((error as Error & { data?: { code: string } }).data?.code ?? error.message));
        // Sent before it is known whether the socket is let in.
        socket.emit(message, { after: 'now' }, () => resolve('answered'));
      });
    } finally {
      socket.disconnect();
    }
  };

  test('is answered to whoever has that role, and nobody else', async () => {
    for (const [what, { role, credential }] of good)
      expect([what, await answered(credential)]).toEqual([what, MAY[role]!.includes(needs) ? 'answered' : 'forbidden']);
    for (const [what, { credential, code }] of bad) expect([what, await answered(credential)]).toEqual([what, code]);
  });

  test('is answered to everybody who brings nothing where reads are open', async () => {
    expect(await answered(undefined, open)).toBe('answered');
    expect(await answered('a-wrong-one', open)).toBe('forbidden');
  });
});
