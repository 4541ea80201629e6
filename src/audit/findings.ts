import type { Finding } from './finding.js';

/** How many are kept: whoever repairs a record begins with the first, and a forged one has as many as it has events. */
const MOST = 100;

/** What was found, by sequence; what no event can be named for comes last. Those of the lowest sequences are kept, and the others are counted. */
export class Findings {
  private kept: Finding[] = [];
  count = 0;

  add(...found: readonly Finding[]): void {
    if (found.length === 0) return;
    this.count += found.length;
    this.kept = [...this.kept, ...found].sort((a, b) => place(a) - place(b)).slice(0, MOST);
  }

  /** An event that was changed is to blame for whatever else does not agree with it. `more` were changed that are not told one by one. */
  blame(changed: readonly Finding[], more: number): void {
    const sequences = new Set(changed.map(({ sequence }) => sequence));
    const others = this.kept.filter(({ sequence }) => sequence === undefined || !sequences.has(sequence));
    this.count -= this.kept.length - others.length;
    this.kept = others;
    this.add(...changed);
    this.count += more;
  }

  get list(): readonly Finding[] {
    return this.kept;
  }
}

function place({ sequence }: Finding): number {
  return sequence ?? Infinity;
}
