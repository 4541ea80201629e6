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
    expect(await outcome(first.token(claims()))).toBe('desk');
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
