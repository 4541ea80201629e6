/** A number between two, another one for everybody, so that they don't all come back at once. */
export function anyOf([least, most]: readonly [number, number]): number {
  return Math.round(least + Math.random() * (most - least));
}
