import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import { RESERVED_NAMES, isReserved, isRole, withIncluded, type Caller } from './caller.js';
import { SignInRefused } from './sign-in-refused.js';

/** Who may sign tokens. One of `secret` and `jwks` at least. */
export interface TokenSettings {
  /** For HS256, and for nothing else. */
  secret: string | undefined;
  /** Where a JSON Web Key Set is found, whose keys sign with what they were made for. */
  jwks: string | undefined;
  issuer: string | undefined;
  audience: string | undefined;
}

/** How far the clocks of those who sign may be from ours, in seconds. */
const SKEW = 5;
/** How long the keys of a set are good, and how soon they are asked for again where a token names another, in milliseconds. */
const KEYS_AGE = 600_000;
const KEYS_COOLDOWN = 1_000;
const KEYS_PATIENCE = 5_000;
/** For how long they go on being good where they can't be had again: a sign-in that is away for a while shuts nobody out who is known. */
const KEYS_STALE = 3_600_000;
/** How soon that is tried again. */
const KEYS_RETRY = 30_000;
const MAX_SET_BYTES = 1024 * 1024;

const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

/** What a name must be to stand in the record for ever: it is read by people, and bounded. */
const NAME = /^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u;

/**
 * Signs callers in by JSON Web Tokens. The algorithm is pinned by what the key is, never by what the token says of itself: a shared secret
 * checks HS256 alone, and the keys of a set check no HMAC, so that nobody signs with a public key as if it were a secret.
 */
export class Tokens {
  private constructor(
    private readonly jose: typeof import('jose'),
    private readonly secret: Uint8Array | undefined,
    private readonly keys: JWTVerifyGetKey | undefined,
    private readonly claims: JWTVerifyOptions,
  ) {}

  /** The library is loaded only where tokens are taken. */
  static async of({ secret, jwks, issuer, audience }: TokenSettings, clock = () => performance.now()): Promise<Tokens> {
    const jose = await import('jose');
    return new Tokens(
      jose,
      secret === undefined ? undefined : new TextEncoder().encode(secret),
      jwks === undefined ? undefined : keysAt(jwks, jose, clock),
      { clockTolerance: SKEW, ...(issuer !== undefined && { issuer }), ...(audience !== undefined && { audience }) },
    );
  }

  /** Whether a credential has the form of a token, so that it is none of the keys. */
  static looksLike(credential: string): boolean {
    return /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*$/.test(credential);
  }

  /** The caller that a token names. Throws `SignInRefused`. */
  async caller(token: string): Promise<Caller> {
    const { sub, roles, exp } = await this.verified(token);
    if (typeof sub !== 'string' || !NAME.test(sub) || sub.trim() !== sub || isReserved(sub))
      throw new SignInRefused(
        'unauthorized',
        `the token must have a sub of 1 to 200 characters, without spaces around it, and none of ${RESERVED_NAMES.join(', ')}`,
      );
    if (!Array.isArray(roles)) throw new SignInRefused('unauthorized', 'the token must have roles: a list of names');
    const who = { name: sub, account: `token ${sub}`, roles: withIncluded(roles.filter(isRole)) };
    if (exp === undefined) return who;
    // Let in within the tolerance, it has what is left of that; else it ends when it says.
    const ends = (exp * 1_000 > Date.now() ? exp : exp + SKEW) * 1_000;
    return { ...who, ended: () => (Date.now() >= ends ? 'token-expired' : undefined) };
  }

  private async verified(token: string): Promise<JWTPayload> {
    const { jwtVerify, errors } = this.jose;
    try {
      const isShared = this.jose.decodeProtectedHeader(token).alg === 'HS256';
      if (isShared && this.secret) return (await jwtVerify(token, this.secret, { ...this.claims, algorithms: ['HS256'] })).payload;
      if (!isShared && this.keys) return (await jwtVerify(token, this.keys, { ...this.claims, algorithms: ASYMMETRIC })).payload;
    } catch (error) {
      if (error instanceof SignInRefused) throw error;
      if (error instanceof errors.JWTExpired) throw new SignInRefused('token-expired', 'the token has expired');
      if (error instanceof errors.JWTClaimValidationFailed)
        throw new SignInRefused('unauthorized', `the claim ${error.claim} of the token does not hold here`);
    }
    throw new SignInRefused('unauthorized', 'the token is not one of this service');
  }
}

/** What a token may be refused for; anything else that goes wrong with a set of keys is the set's own fault. */
const TOKEN_FAULTS = new Set(['ERR_JWKS_NO_MATCHING_KEY', 'ERR_JWKS_MULTIPLE_MATCHING_KEYS', 'ERR_JOSE_NOT_SUPPORTED']);

function keysAt(address: string, { createRemoteJWKSet, customFetch }: typeof import('jose'), clock: () => number): JWTVerifyGetKey {
  // How old they get is looked after here: the library would let nobody in while it can't have them again.
  const keys = createRemoteJWKSet(new URL(address), {
    cacheMaxAge: Infinity,
    cooldownDuration: KEYS_COOLDOWN,
    timeoutDuration: KEYS_PATIENCE,
    [customFetch]: fetchBounded,
  });
  let [loaded, next] = [-Infinity, -Infinity];
  const load = async (retry: number) => {
    next = clock() + retry;
    await keys.reload();
    loaded = clock();
    next = loaded + KEYS_AGE;
  };
  const refresh = async () => {
    const now = clock();
    if (now - loaded <= KEYS_STALE) {
      if (now > next) load(KEYS_RETRY).catch(() => {});
      return;
    }
    // Strangers may come with what looks like a token as often as they like.
    if (now < next && !keys.reloading) throw new Error('they could not be had just now');
    await load(KEYS_COOLDOWN);
  };
  return async (header, token) => {
    try {
      await refresh();
      return await keys(header, token);
    } catch (error) {
      if (TOKEN_FAULTS.has((error as { code?: string }).code ?? '')) throw error;
      throw new SignInRefused('keys-unavailable', 'the keys that tokens are checked with could not be had', { cause: error });
    }
  };
}

/** Fetches what is not larger than any set of keys. */
async function fetchBounded(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > MAX_SET_BYTES) throw new Error(`a set of keys has at most ${MAX_SET_BYTES} bytes`);
    pieces.push(piece);
  }
  return new Response(Buffer.concat(pieces), response);
}
