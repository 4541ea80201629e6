/** How far long work has come, on the standard error stream: one line that is written over, or nothing where nobody watches. */
export class ProgressLine {
  private readonly started = Date.now();
  private shown = 0;

  constructor(private readonly what: string) {}

  show(done: number, of: number): void {
    const now = Date.now();
    if (!process.stderr.isTTY || (now - this.shown < 100 && done < of)) return;
    this.shown = now;
    const seconds = (now - this.started) / 1000;
    const rate = done / Math.max(seconds, 0.001);
    const left = Math.ceil((of - done) / Math.max(rate, 0.001));
    process.stderr.write(
      `\r\x1b[K${done.toLocaleString('en')} of ${of.toLocaleString('en')} ${this.what}, ${Math.round(rate).toLocaleString('en')} a second, ${left} s left`,
    );
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}
