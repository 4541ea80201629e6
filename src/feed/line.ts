import type { Socket } from 'socket.io';

/** How many pages of all its subscriptions may be on their way to one socket. */
const MAX_PAGES = 4;

/** What one socket is owed: the pages of all its subscriptions, each in its turn. */
export class Line {
  private out = 0;
  private readonly waiting: ((isGranted: boolean) => void)[] = [];
  /** How many pages the client has acknowledged. */
  private acknowledged = 0;

  constructor(readonly socket: Socket) {}

  /** Takes a place for one page, when it is this one's turn; false where the client acknowledges none of those before it in time. */
  async place(): Promise<boolean> {
    if (this.out === MAX_PAGES) return new Promise((granted) => this.waiting.push(granted));
    this.out += 1;
    return true;
  }

  /** Gives a place back: to who has waited longest, so that whoever gives back is not the next to take. */
  giveBack(): void {
    const next = this.waiting.shift();
    if (next) next(true);
    else this.out -= 1;
  }

  /** Notes that a page goes out. Returns what tells whether it was acknowledged in time. */
  sending(): (inTime: boolean) => void {
    const before = this.acknowledged;
    return (inTime) => {
      if (inTime) this.acknowledged += 1;
      // Nobody's page was, all this time: those who wait would wait in vain.
      else if (this.acknowledged === before) for (const refuse of this.waiting.splice(0)) refuse(false);
    };
  }
}
