import { startApp, stopApp, type TestApp } from '../support/start-app.js';
import { SECRET, inSeconds, token } from './tokens.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ env: { ZONEWATCH_COMMANDS_A_MINUTE: '3', ZONEWATCH_JWT_SECRET: SECRET } });
});
afterAll(() => stopApp(app));

const line = (id: string) =>
  JSON.stringify({ command: 'parties/register', body: { id, name: { en: id }, kind: 'other', occurred: '2017' } });
/** Sends so many commands in one request. What came of each: its status, or 201. */
const send = async (credential: string, name: string, count: number) => {
  const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/x-ndjson' };
  const body = Array.from({ length: count }, (_, at) => line(`${name}-${at}`)).join('\n');
  const text = await (await fetch(`${app.address}/v1/commands`, { method: 'POST', headers, body })).text();
  return text
    .trim()
    .split('\n')
    .map((reply) => JSON.parse(reply) as { status?: number; code?: string; retryAfter?: number; line: number });
};
const key = async (name: string, role = 'recorder') =>
  ((await app.post('/v1/keys', { name, roles: [role] })).json.data as { key: string }).key;

test('each line of a batch counts, and one that is refused for it says when to go on', async () => {
  const replies = await send(await key('desk'), 'batch', 5);
  expect(replies.map(({ status = 201 }) => status)).toEqual([201, 201, 201, 429, 429]);
  expect(replies[3]).toMatchObject({ line: 4, code: 'too-many-commands', retryAfter: expect.any(Number) });
  expect(replies[3]!.retryAfter).toBeGreaterThan(0);
  expect(replies[3]!.retryAfter).toBeLessThanOrEqual(20);
  expect((await app.get('/v1/parties?limit=100')).json.data).toHaveLength(3);
});

test('each key counts by itself, also where two have one name', async () => {
  const [one, other] = [await key('pair'), await key('pair')];
  expect((await send(one, 'one', 3)).every(({ status }) => status === undefined)).toBe(true);
  expect((await send(other, 'other', 4)).map(({ status = 201 }) => status)).toEqual([201, 201, 201, 429]);
});

test('all tokens of one name count together, and apart from a key of that name', async () => {
  const claims = { sub: 'both', roles: ['recorder'] };
  const fresh = (seconds: number) => token({ ...claims, exp: inSeconds(seconds) });
  expect((await send(fresh(60), 'token', 2)).map(({ status = 201 }) => status)).toEqual([201, 201]);
  expect((await send(fresh(90), 'again', 2)).map(({ status = 201 }) => status)).toEqual([201, 429]);
  expect((await send(await key('both'), 'key', 1)).map(({ status = 201 }) => status)).toEqual([201]);
});

test('nothing slows an admin', async () => {
  expect((await send(await key('chief', 'admin'), 'chief', 20)).every(({ status }) => status === undefined)).toBe(true);
});
