import { isDeepStrictEqual } from 'node:util';

/** What a server did otherwise than docs/PROTOCOL.md has it. */
export class Unmet extends Error {}

/** Why a check cannot be made here. */
export class Skipped extends Error {}

export function expectThat(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Unmet(what);
}

export function expectSame(what: string, came: unknown, expected: unknown): void {
  expectThat(isDeepStrictEqual(came, expected), `${what}: expected ${shown(expected)}, and came ${shown(came)}`);
}

/** A value as a message shows it: short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 300 ? text : `${text.slice(0, 300)}…`;
}

/** What has come and was not looked at yet. Whoever waits for more waits only so long. */
export class Arrivals<T> {
  private readonly came: T[] = [];
  private ended: string | undefined;
  private wake: () => void = () => {};

  push(one: T): void {
    this.came.push(one);
    this.wake();
  }

  /** Nothing comes any more, for a reason. */
  end(why: string): void {
    this.ended ??= why;
    this.wake();
  }

  async next(what: string, patience: number): Promise<T> {
    if (this.came.length === 0 && this.ended === undefined) await this.some(patience);
    const first = this.came.shift();
    if (first !== undefined) return first;
    throw new Unmet(`expected ${what}, and ${this.ended ?? `nothing came within ${patience / 1000} s`}`);
  }

  private some(patience: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, patience);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
