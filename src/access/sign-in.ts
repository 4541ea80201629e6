import { AdminKey } from './admin-key.js';
import type { ApiKeys } from './api-keys.js';
import { ADMIN, type Caller } from './caller.js';
import { ENDED, SignInRefused } from './sign-in-refused.js';
import { Tokens } from './tokens.js';

/** The one place that tells who is at a door, be it HTTP, a stream or a socket. */
export class SignIn {
  private readonly anonymous: Caller;

  constructor(
    private readonly adminKey: AdminKey,
    private readonly keys: ApiKeys,
    /** Undefined where no tokens are taken. */
    private readonly tokens: Tokens | undefined,
    /** Whether everybody may read. */
    private readonly publicRead: boolean,
  ) {
    this.anonymous = { name: 'anonymous', account: 'anonymous', roles: new Set(publicRead ? ['subscriber' as const] : []) };
  }

  /** Who comes with a credential, or without one. Throws `SignInRefused` where it is a wrong one: nobody means to come in as nobody then. */
  async caller(credential: string | undefined): Promise<Caller> {
    if (credential === undefined) return this.anonymous;
    const caller = await this.known(credential);
    return this.publicRead ? { ...caller, roles: new Set([...caller.roles, 'subscriber']) } : caller;
  }

  private async known(credential: string): Promise<Caller> {
    if (this.adminKey.matches(credential)) return ADMIN;
    if (this.tokens && Tokens.looksLike(credential)) return this.tokens.caller(credential);
    const found = this.keys.caller(credential);
    if (typeof found === 'string') throw new SignInRefused(found, ENDED[found]);
    if (!found) throw new SignInRefused('unauthorized', 'the key is not one of this service');
    return found;
  }
}
