/** How often something may be done: so many times at once, and so many more with each second. */
export class Rate {
  private left: number;
  private last: number;

  constructor(
    private readonly atOnce: number,
    private readonly aSecond: number,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.left = atOnce;
    this.last = clock();
  }

  /** Takes one. Where none is left, it tells in how many seconds there is one. */
  take(): number {
    const now = this.clock();
    this.left = Math.min(this.atOnce, this.left + ((now - this.last) / 1000) * this.aSecond);
    this.last = now;
    if (this.left < 1) return (1 - this.left) / this.aSecond;
    this.left -= 1;
    return 0;
  }

  /** Whether it is as if nothing had been taken. */
  get isFull(): boolean {
    return this.left + ((this.clock() - this.last) / 1000) * this.aSecond >= this.atOnce;
  }
}
