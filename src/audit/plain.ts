/** Deeper than anything that the record has or shows, and far from where following it would end the process. */
const MAX_DEPTH = 32;

/** Whether parsed JSON can be followed and compared: it is nested at most 32 deep, and none of its names reaches a prototype. */
export function isPlain(value: unknown, depth = MAX_DEPTH): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (depth === 0) return false;
  if (Array.isArray(value)) return value.every((member) => isPlain(member, depth - 1));
  if (Object.hasOwn(value, '__proto__')) return false;
  for (const name in value) if (!isPlain((value as Record<string, unknown>)[name], depth - 1)) return false;
  return true;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
