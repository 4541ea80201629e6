/** Lets callers wait until something that only grows has come so far. */
export class Reaching {
  private readonly waiting = new Set<() => void>();
  private hasEnded = false;

  constructor(private readonly current: () => number) {}

  /** To be told when it has grown. */
  grew(): void {
    for (const wake of this.waiting) wake();
  }

  /** Nobody shall wait any longer. */
  end(): void {
    this.hasEnded = true;
    this.grew();
  }

  /** Waits until it has reached a number; false where that has not come within `patience` milliseconds, or by the end. */
  async reached(number: number, patience: number): Promise<boolean> {
    if (this.current() >= number) return true;
    if (this.hasEnded) return false;
    return new Promise((resolve) => {
      const settle = (reached: boolean) => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        resolve(reached);
      };
      const wake = () => {
        const isThere = this.current() >= number;
        if (isThere || this.hasEnded) settle(isThere);
      };
      const timer = setTimeout(() => settle(false), patience);
      this.waiting.add(wake);
    });
  }
}
