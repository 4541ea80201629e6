/** How many times as long random tests go on: a short run is one that everybody waits for. */
const MORE = Math.max(1, Number(process.env['ROUNDS'] ?? 1));

/** How long jest waits for a test with such rounds. */
export const PATIENCE = 60_000 * MORE;

/** So many rounds, or so many times as many. */
export function rounds(count: number): number {
  return Math.ceil(count * MORE);
}
