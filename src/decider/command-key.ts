import { malformed } from './refusal.js';

/** What makes a repeat of a command safe: 1 to 255 visible ASCII characters. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** The key, if it is one. `field` is what the caller called it. */
export function checkKey(key: unknown, field: string): string {
  if (typeof key === 'string' && KEY.test(key)) return key;
  throw malformed(field, 'key', `${field} must be 1 to 255 visible ASCII characters, without spaces`);
}
