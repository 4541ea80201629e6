import { SignInRefused, type SignInCode } from '../access/sign-in-refused.js';
import type { Unforeseen } from '../logger.js';

/** Why the feed refuses or closes, and whether trying again can help. The one list; docs/PROTOCOL.md says it in words. */
export const CODES = {
  'bad-request': { retry: false },
  'bad-filter': { retry: false },
  'duplicate-subscription': { retry: false },
  'too-many-subscriptions': { retry: true },
  'too-many-connections': { retry: true },
  'future-position': { retry: true },
  'other-record': { retry: false },
  'consumer-too-slow': { retry: true },
  'token-expired': { retry: true },
  revoked: { retry: false },
  forbidden: { retry: false },
  'shutting-down': { retry: true },
  internal: { retry: true },
} as const;

export type FeedCode = keyof typeof CODES;

export interface FeedError {
  code: FeedCode;
  message: string;
  retry: boolean;
}

export class FeedRefusal extends Error {
  constructor(
    readonly code: FeedCode,
    message: string,
  ) {
    super(message);
  }
}

/** What the feed says of a credential that lets nobody in. */
const SIGN_IN: Record<SignInCode, FeedCode> = {
  unauthorized: 'forbidden',
  'token-expired': 'token-expired',
  revoked: 'revoked',
  'keys-unavailable': 'internal',
};

/** What a client is told about an error. */
export function feedError(error: unknown, unforeseen: Unforeseen): FeedError {
  if (error instanceof SignInRefused) return told(SIGN_IN[error.code], error.message);
  if (error instanceof FeedRefusal) return told(error.code, error.message);
  unforeseen.tell(error);
  return told('internal', 'something went wrong here');
}

export function told(code: FeedCode, message: string): FeedError {
  return { code, message, retry: CODES[code].retry };
}
