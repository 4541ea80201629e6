import { HASH_BYTES } from './hash.js';

/**
 * Reads padded base64 (RFC 4648, section 4) in its one canonical form, or gives nothing. Node alone would take the URL alphabet, blanks and
 * a missing padding too, and then one hash could be written in many ways.
 */
export function readBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

export function readHash(text: string): Buffer | undefined {
  const bytes = readBase64(text);
  return bytes?.length === HASH_BYTES ? bytes : undefined;
}

/** Reads a size or an index: decimal digits without a leading zero, no more than can be counted exactly. `Number` would take `1e3` and ` 5`. */
export function readDecimal(text: string): number | undefined {
  const number = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}
