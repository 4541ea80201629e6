import { ProgressLine } from '../../src/cli/progress-line.js';

describe('a line of progress', () => {
  let now: number;
  let written: string[];
  let line: ProgressLine;
  const write = (text: string | Uint8Array) => written.push(String(text).replace('\r\x1b[K', '<')) > 0;
  const lineOn = (isTTY: boolean) => new ProgressLine('events', { isTTY, write }, () => now);
  beforeEach(() => {
    now = 50_000;
    written = [];
    line = lineOn(true);
  });
  const after = (milliseconds: number, done: number, of = 40_000) => {
    now += milliseconds;
    line.show(done, of);
  };

  test('shows how many are done, how fast that went, and how long the rest takes at that', () => {
    after(0, 0);
    after(2_000, 8_000);
    after(8_000, 20_000);
    expect(written).toEqual([
      '<0 of 40,000 events',
      '<8,000 of 40,000 events, 4,000 a second, 8 s left',
      '<20,000 of 40,000 events, 2,000 a second, 10 s left',
    ]);
  });

  test('has a clock that begins anew where work does', () => {
    after(0, 0);
    after(10_000, 40_000);
    after(5, 0, 600);
    after(2_000, 200, 600);
    expect(written.slice(1)).toEqual([
      '<40,000 of 40,000 events, 4,000 a second, 0 s left',
      '<0 of 600 events',
      '<200 of 600 events, 100 a second, 4 s left',
    ]);
  });

  test('counts from when it was made where nobody tells of a beginning', () => {
    after(1_000, 10_000);
    expect(written).toEqual(['<10,000 of 40,000 events, 10,000 a second, 3 s left']);
  });

  test('is written at most ten times a second, and at the end', () => {
    after(1_000, 10_000);
    after(99, 11_000);
    after(1, 12_000);
    after(1, 40_000);
    expect(written.map((text) => text.split(' ')[0])).toEqual(['<10,000', '<12,000', '<40,000']);
  });

  test('is taken away once', () => {
    line.end();
    after(1_000, 10_000);
    line.end();
    line.end();
    expect(written.slice(1)).toEqual(['<']);
  });

  test('is nothing where nobody watches', () => {
    line = lineOn(false);
    after(1_000, 10_000);
    line.end();
    expect(written).toEqual([]);
  });
});
