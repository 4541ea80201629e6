export const ROLES = ['recorder', 'subscriber', 'auditor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Why a credential lets nobody in, or no longer. */
export type Ended = 'token-expired' | 'revoked';

/** Who is at the door. `name` becomes an event's `recordedBy`. */
export interface Caller {
  name: string;
  /** What is counted against them: one key, or all the tokens of one name. */
  account: string;
  roles: ReadonlySet<Role>;
  /** Why the credential is good no more, told at any time; undefined while it is. What never ends has none. */
  ended?: () => Ended | undefined;
}

/** What a role brings with it. */
const INCLUDES: Record<Role, readonly Role[]> = {
  recorder: ['recorder'],
  subscriber: ['subscriber'],
  auditor: ['auditor', 'subscriber'],
  admin: ROLES,
};

/** Names that stand for somebody else than a key or a token could. */
export const RESERVED_NAMES: readonly string[] = ['admin', 'anonymous', 'command-line'];

/** Whether a name would pass for one of those: letters that look alike are the same to who reads the record. */
export function isReserved(name: string): boolean {
  return RESERVED_NAMES.includes(name.normalize('NFKC').trim().toLowerCase());
}

export const ADMIN: Caller = { name: 'admin', account: 'admin', roles: new Set(ROLES) };

/** All that whoever has these roles may do. */
export function withIncluded(roles: Iterable<Role>): Set<Role> {
  return new Set([...roles].flatMap((role) => INCLUDES[role]));
}

export function isRole(value: unknown): value is Role {
  return (ROLES as readonly unknown[]).includes(value);
}
