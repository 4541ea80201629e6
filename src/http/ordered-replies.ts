/**
 * Replies that come out in the order in which they were asked for, each as soon as it and all before it are there. Whoever asks waits
 * while `room` of them are under way or unread, so that a long batch takes constant memory.
 */
export class OrderedReplies implements AsyncIterable<string> {
  private readonly underWay: Promise<string>[] = [];
  private ended = false;
  private failure: unknown;
  private wakeReader: () => void = () => {};
  private wakeWriter: () => void = () => {};

  constructor(private readonly room: number) {}

  /** Adds a reply that is under way; resolves when there is room for another. The promise must not reject. */
  async add(reply: Promise<string>): Promise<void> {
    this.underWay.push(reply);
    this.wakeReader();
    while (this.underWay.length >= this.room && !this.ended) await new Promise<void>((wake) => (this.wakeWriter = wake));
  }

  end(failure?: unknown): void {
    this.ended = true;
    this.failure = failure;
    this.wakeReader();
    this.wakeWriter();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      for (;;) {
        const next = this.underWay.shift();
        if (next) {
          this.wakeWriter();
          yield await next;
        } else if (this.ended) {
          if (this.failure) throw this.failure;
          return;
        } else {
          await new Promise<void>((wake) => (this.wakeReader = wake));
        }
      }
    } finally {
      this.ended = true;
      this.wakeWriter();
    }
  }

  get isEnded(): boolean {
    return this.ended;
  }
}
