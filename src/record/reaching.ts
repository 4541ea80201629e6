/** Lets callers wait until something that only grows has come so far. */
export class Reaching {
  private readonly waiting = new Set<() => void>();

  constructor(private readonly current: () => number) {}

  /** To be told when it has grown. */
  grew(): void {
    for (const wake of this.waiting) wake();
  }

  /** Waits until it has reached a number; false where that has not come within `patience` milliseconds. */
  async reached(number: number, patience: number): Promise<boolean> {
    if (this.current() >= number) return true;
    return new Promise((resolve) => {
      const settle = (reached: boolean) => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        resolve(reached);
      };
      const wake = () => this.current() >= number && settle(true);
      const timer = setTimeout(() => settle(false), patience);
      this.waiting.add(wake);
    });
  }
}
