import { checkKey } from '../decider/command-key.js';
import { malformed } from '../decider/refusal.js';

/** The conditions that a command's headers set. */
export function conditionsOf(headers: Record<string, string | string[] | undefined>): { key?: string; ifMatch?: number } {
  const ifMatch = headers['if-match'];
  const key = headers['idempotency-key'];
  return {
    ...(key !== undefined && { key: checkKey(String(key), 'Idempotency-Key') }),
    ...(ifMatch !== undefined && { ifMatch: revision(String(ifMatch)) }),
  };
}

function revision(text: string): number {
  const match = /^"(\d{1,15})"$/.exec(text);
  if (match) return Number(match[1]);
  throw malformed('If-Match', 'revision', 'If-Match must be a revision in quotes: "3"');
}
