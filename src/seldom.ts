import { Rate } from './rate.js';

/** Keeps a log from being flooded with lines of one kind: what a failing disk, or a stranger at the door, brings about by the thousand. */
export class Seldom {
  private readonly kinds = new Map<string, { rate: Rate; untold: number }>();

  /** So many lines of a kind at once, and one more with each second. */
  constructor(
    private readonly atOnce: number,
    private readonly clock?: () => number,
  ) {}

  /** Has a line written, unless there were too many of its kind; the next one that is written tells how many were left out. */
  tell(kind: string, write: (more: { untold?: number }) => void): void {
    let known = this.kinds.get(kind);
    if (!known) this.kinds.set(kind, (known = { rate: new Rate(this.atOnce, 1, this.clock), untold: 0 }));
    if (known.rate.take() > 0) {
      known.untold += 1;
      return;
    }
    write(known.untold > 0 ? { untold: known.untold } : {});
    known.untold = 0;
  }
}
