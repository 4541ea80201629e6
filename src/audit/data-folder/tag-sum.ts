/** Looked up once, and not for each letter: under jest a global is slow to come by. */
const { imul } = Math;

/** A start for the sums of one run: whoever changed the tags could not know it. */
export type Seed = readonly [number, number];

/**
 * The sum of a set of tags, whatever their order, in memory that does not grow with them: two sets of the same sum are the same, but for one
 * chance in 2^64.
 */
export class TagSum {
  private count = 0;
  private low = 0;
  private high = 0;

  constructor(private readonly seed: Seed) {}

  add(tag: string, sequence: number): void {
    let [low, high] = this.seed;
    for (let at = 0; at < tag.length; at++) {
      const code = tag.charCodeAt(at);
      low = imul(low ^ code, 0x01000193);
      high = imul(high ^ code, 0x85ebca6b) + at;
    }
    this.count++;
    this.low = (this.low + mixed(low, sequence)) >>> 0;
    this.high = (this.high + mixed(high, sequence)) >>> 0;
  }

  get value(): string {
    return `${this.count} ${this.low} ${this.high}`;
  }
}

function mixed(hash: number, sequence: number): number {
  let mix = imul(hash ^ sequence ^ Math.floor(sequence / 2 ** 32), 0x9e3779b1);
  mix = imul(mix ^ (mix >>> 15), 0x2c1b3c6d);
  mix = imul(mix ^ (mix >>> 12) ^ hash, 0x297a2d39);
  return mix ^ (mix >>> 15);
}
