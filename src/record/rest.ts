/** How many times as long as it took to fail, and how long at the most, in milliseconds. */
const PER_FAILURE = 10;
const LONGEST = 10_000;

/** For how long a disk that took so long to fail is left alone: one that hangs before it fails would otherwise hold up all reads with it. */
export function restAfter(took: number): number {
  return Math.min(LONGEST, took * PER_FAILURE);
}
