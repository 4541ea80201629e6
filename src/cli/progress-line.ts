/** How long a line stands before another is written over it, in milliseconds: nobody reads faster. */
const STANDS = 100;

/** How far long work has come, on the standard error stream: one line that is written over, or nothing where nobody watches. */
export class ProgressLine {
  private started: number;
  private written: number | undefined;

  constructor(
    private readonly what: string,
    private readonly terminal: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stderr,
    private readonly now = () => performance.now(),
  ) {
    this.started = now();
  }

  /** Nothing done is a beginning. There may be several of them, and what came before says nothing of how fast the next work goes. */
  show(done: number, of: number): void {
    if (!this.terminal.isTTY) return;
    const now = this.now();
    if (done === 0) this.started = now;
    else if (this.written !== undefined && now - this.written < STANDS && done < of) return;
    this.written = now;
    this.terminal.write(`\r\x1b[K${told(done)} of ${told(of)} ${this.what}${done === 0 ? '' : this.pace(done, of, now)}`);
  }

  end(): void {
    if (this.written !== undefined) this.terminal.write('\r\x1b[K');
    this.written = undefined;
  }

  private pace(done: number, of: number, now: number): string {
    const rate = (1_000 * done) / Math.max(now - this.started, 1);
    return `, ${told(Math.round(rate))} a second, ${told(Math.ceil((of - done) / rate))} s left`;
  }
}

function told(count: number): string {
  return count.toLocaleString('en');
}
