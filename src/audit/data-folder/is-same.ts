/** Whether what a table holds is what belongs there. */
export function isSame(expected: unknown, found: unknown): boolean {
  return Buffer.isBuffer(expected) ? Buffer.isBuffer(found) && expected.equals(found) : expected === found;
}
