import type { Ended } from './caller.js';

/** Why a credential lets nobody in. `keys-unavailable`: nobody can tell now, and trying again can help. */
export type SignInCode = 'unauthorized' | Ended | 'keys-unavailable';

export class SignInRefused extends Error {
  constructor(
    readonly code: SignInCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export const ENDED: Record<Ended, string> = {
  'token-expired': 'the credential has expired',
  revoked: 'the key was revoked',
};
