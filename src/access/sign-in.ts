import { Inject, Injectable } from '@nestjs/common';
import { AdminKey } from './admin-key.js';

export type Role = 'recorder' | 'subscriber' | 'auditor' | 'admin';

/** Who is at the door. `name` becomes an event's `recordedBy`. */
export interface Caller {
  name: string;
  roles: readonly Role[];
}

const ADMIN: Caller = { name: 'admin', roles: ['admin', 'recorder', 'subscriber', 'auditor'] };
/** Whoever reads on this machine: reads and the feed are open there. */
const LOCAL_READER: Caller = { name: 'anonymous', roles: ['subscriber'] };
const NOBODY: Caller = { name: 'anonymous', roles: [] };

/** The one place that tells who is at a door, be it HTTP or a socket. */
@Injectable()
export class SignIn {
  constructor(@Inject(AdminKey) private readonly adminKey: AdminKey) {}

  /** The caller of a credential and an address; undefined where the credential is a wrong one. */
  caller(token: string | undefined, address: string | undefined): Caller | undefined {
    if (token !== undefined) return this.adminKey.matches(token) ? ADMIN : undefined;
    return isLoopback(address) ? LOCAL_READER : NOBODY;
  }
}

function isLoopback(address = ''): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}
