import type { FieldError } from '../body/json.js';
import { Refusal } from '../decider/refusal.js';

/** An `Idempotency-Key`: 1 to 255 visible ASCII characters. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** The conditions that a command's headers set. */
export function conditionsOf(headers: Record<string, string | string[] | undefined>): { key?: string; ifMatch?: number } {
  const ifMatch = headers['if-match'];
  const key = headers['idempotency-key'];
  return {
    ...(key !== undefined && { key: checkKey(String(key), 'Idempotency-Key') }),
    ...(ifMatch !== undefined && { ifMatch: revision(String(ifMatch)) }),
  };
}

/** The key, if it is one. `field` is what the caller called it. */
export function checkKey(key: unknown, field: string): string {
  if (typeof key === 'string' && KEY.test(key)) return key;
  throw malformed({ field, rule: 'key', message: `${field} must be 1 to 255 visible ASCII characters, without spaces` });
}

function revision(text: string): number {
  const match = /^"(\d{1,15})"$/.exec(text);
  if (match) return Number(match[1]);
  throw malformed({ field: 'If-Match', rule: 'revision', message: 'If-Match must be a revision in quotes: "3"' });
}

function malformed(error: FieldError): Refusal {
  return new Refusal('malformed', error.message, [error]);
}
