import type { Json } from '../event/event.js';

export interface FieldError {
  field: string;
  rule: string;
  message: string;
}

/** The most that a body with its sources may be. */
export const MAX_BODY_BYTES = 49_152;
const MAX_DEPTH = 16;
/** How many faults are told of one body, and how much of a path: an answer is never many times as long as the question. */
export const MAX_FAULTS = 50;
const MAX_PATH = 200;
/** Names through which JavaScript reaches a prototype. No body has a field of such a name. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * What is wrong with parsed JSON before anyone looks at its meaning: nesting, numbers that JavaScript has already rounded (an integer of
 * 2^53 or more is one of several that parse alike), texts that have no UTF-8, keys that no field has.
 */
export function jsonFaults(value: unknown): FieldError[] {
  const faults: FieldError[] = [];
  visit(value, '', 0, faults);
  return faults;
}

function visit(value: unknown, field: string, depth: number, faults: FieldError[]): void {
  if (faults.length >= MAX_FAULTS) return;
  if (typeof value === 'string') {
    if (LONE_SURROGATE.test(value)) faults.push({ field, rule: 'unicode', message: 'has a lone surrogate, which no UTF-8 can hold' });
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
      faults.push({ field, rule: 'safe-number', message: 'must be a number below 2^53, so that every reader reads the same' });
  } else if (value !== null && typeof value === 'object') {
    if (depth === MAX_DEPTH) {
      faults.push({ field, rule: 'depth', message: `must be nested at most ${MAX_DEPTH} deep` });
      return;
    }
    const list = Array.isArray(value);
    for (const key of Object.keys(value)) {
      const path = (list ? `${field}[${key}]` : field ? `${field}.${key}` : key).slice(0, MAX_PATH);
      if (!list && FORBIDDEN.has(key)) faults.push({ field: path, rule: 'unknown-field', message: `${key} is not a field` });
      else if (!list && LONE_SURROGATE.test(key)) faults.push({ field, rule: 'unicode', message: 'has a name with a lone surrogate' });
      else visit((value as Record<string, unknown>)[key], path, depth + 1, faults);
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The JSON that bytes hold, or what is wrong with it. A byte order mark is passed over. */
export function parseJson(bytes: Uint8Array): { value: Json } | { fault: string } {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { fault: 'the bytes are not UTF-8' };
  }
  try {
    return { value: JSON.parse(text) as Json };
  } catch {
    return { fault: 'the text is not JSON' };
  }
}
