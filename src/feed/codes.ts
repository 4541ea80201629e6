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

/** What a client is told about an error. */
export function feedError(error: unknown, unforeseen: Unforeseen): FeedError {
  if (error instanceof FeedRefusal) return { code: error.code, message: error.message, retry: CODES[error.code].retry };
  unforeseen.tell(error);
  return { code: 'internal', message: 'something went wrong here', ...CODES.internal };
}
