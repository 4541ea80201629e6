import { Tokens } from '../../src/access/tokens.js';
import { inSeconds, issuerKey, keySet } from './tokens.js';

const MINUTE = 60_000;

describe('a set of keys', () => {
  const [first, second] = [issuerKey('first'), issuerKey('second')];
  const claims = () => ({ sub: 'desk', roles: ['recorder'], exp: inSeconds(300) });
  let keys: Awaited<ReturnType<typeof keySet>>;
  let tokens: Tokens;
  let now: number;
  beforeEach(async () => {
    keys = await keySet([first.jwk]);
    now = 0;
    tokens = await Tokens.of({ secret: undefined, jwks: keys.url, issuer: undefined, audience: undefined }, () => now);
  });
  afterEach(() => keys.stop());

  const outcome = (token: string) =>
    tokens.caller(token).then(
      ({ name }) => name,
      ({ code }: { code: string }) => code,
    );
  /** Until the set has been asked for so often. */
  const asked = async (times: number) => {
    while (keys.served.asked < times) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  test('that is away for a while shuts nobody out whose key is known, and is soon asked for again', async () => {
    expect(await outcome(first.token(claims()))).toBe('desk');
    keys.served.fails = true;
    now += 11 * MINUTE;
    expect(await outcome(first.token(claims()))).toBe('desk');
    await asked(2);
    // What was asked for may still be under way, and is not asked for twice then.
    while (keys.served.asked < 3) {
      now += MINUTE;
      expect(await outcome(first.token(claims()))).toBe('desk');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  test('that is away for longer than an hour vouches for nobody, until it is there again', async () => {
    expect(await outcome(first.token(claims()))).toBe('desk');
    keys.served.fails = true;
    now += 61 * MINUTE;
    expect(await outcome(first.token(claims()))).toBe('keys-unavailable');
    keys.served.fails = false;
    now += 2_000;
    expect(await outcome(first.token(claims()))).toBe('desk');
  });

  test('that can not be had is asked for once a second, however many come with what looks like a token', async () => {
    keys.served.fails = true;
    for (let times = 0; times < 50; times++) expect(await outcome(first.token(claims()))).toBe('keys-unavailable');
    expect(keys.served.asked).toBe(1);
    now += 1_001;
    expect(await outcome(first.token(claims()))).toBe('keys-unavailable');
    expect(keys.served.asked).toBe(2);
  });

  test('that is larger than any is none', async () => {
    keys.served.keys = [first.jwk, { padding: 'x'.repeat(1024 * 1024) }];
    expect(await outcome(first.token(claims()))).toBe('keys-unavailable');
  });

  test('lets in nobody by a name that would pass for another', async () => {
    const named = (sub: string) => outcome(first.token({ ...claims(), sub }));
    for (const sub of ['', ' ', ' desk', 'desk\u00a0', 'admin', 'Admin', 'ａdmin', 'ANONYMOUS', 'command-line', 'a\nb', 'x'.repeat(201)])
      expect([sub, await named(sub)]).toEqual([sub, 'unauthorized']);
    for (const sub of ['Desk 7', 'مراسلة', 'https://login.example|42']) expect([sub, await named(sub)]).toEqual([sub, sub]);
  });

  test('from which a key was taken knows it no more soon after', async () => {
    expect(await outcome(first.token(claims()))).toBe('desk');
    keys.served.keys = [second.jwk];
    now += 11 * MINUTE;
    await outcome(first.token(claims()));
    await asked(2);
    while ((await outcome(first.token(claims()))) === 'desk') await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await outcome(first.token(claims()))).toBe('unauthorized');
    expect(await outcome(second.token(claims()))).toBe('desk');
  });
});
