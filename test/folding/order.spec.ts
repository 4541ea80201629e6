import fc from 'fast-check';
import { inFoldingOrder, certainlyPrecedes, type Placed } from '../../src/folding/order.js';
import { ALWAYS, NEVER } from '../../src/time/occurred.js';

/** The definition, word for word: again and again the lowest sequence that nothing remaining certainly precedes. */
function byDefinition(facts: readonly Placed[]): Placed[] {
  const remaining = [...facts].sort((a, b) => a.sequence - b.sequence);
  const order: Placed[] = [];
  while (remaining.length) {
    const next = remaining.findIndex((fact) => !remaining.some((other) => other.latest < fact.earliest));
    order.push(...remaining.splice(next, 1));
  }
  return order;
}

const instants = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -5, max: 25 }) },
  { weight: 1, arbitrary: fc.constant(ALWAYS) },
  { weight: 1, arbitrary: fc.constant(NEVER) },
);

const placed: fc.Arbitrary<Placed> = fc
  .record({ sequence: fc.integer({ min: 1, max: 1_000_000 }), ends: fc.tuple(instants, instants) })
  .map(({ sequence, ends }) => ({ sequence, earliest: Math.min(...ends), latest: Math.max(...ends) }));

const facts = fc.uniqueArray(placed, { selector: ({ sequence }) => sequence, maxLength: 60 });

const at = (sequence: number, earliest: number, latest: number): Placed => ({ sequence, earliest, latest });
const order = (...unordered: Placed[]) => inFoldingOrder(unordered).map(({ sequence }) => sequence);

describe('the order of folding', () => {
  test('is what its definition says, for any bounds', () => {
    fc.assert(
      fc.property(facts, (some) => expect(inFoldingOrder(some)).toEqual(byDefinition(some))),
      { numRuns: 2_000 },
    );
  });

  test('is what its definition says where nearly all bounds touch', () => {
    const narrow = fc
      .uniqueArray(fc.tuple(fc.nat(99), fc.nat(4), fc.nat(2)), { selector: ([sequence]) => sequence, maxLength: 40 })
      .map((some) => some.map(([sequence, start, length]) => at(sequence, start, start + length)));
    fc.assert(
      fc.property(narrow, (some) => expect(inFoldingOrder(some)).toEqual(byDefinition(some))),
      { numRuns: 1_000 },
    );
  });

  test('puts nothing behind what it certainly precedes', () => {
    fc.assert(
      fc.property(facts, (some) => {
        const found = inFoldingOrder(some);
        const wrong = found.filter((fact, place) => found.slice(0, place).some((earlier) => certainlyPrecedes(fact, earlier)));
        expect(wrong).toEqual([]);
      }),
    );
  });

  test('does not depend on the order in which the facts are handed in, and leaves them as they are', () => {
    fc.assert(
      fc.property(facts, (some) => {
        const before = [...some];
        expect(inFoldingOrder([...some].reverse())).toEqual(inFoldingOrder(some));
        expect(some).toEqual(before);
      }),
    );
  });

  test('is that of time for facts that lie apart', () => expect(order(at(1, 30, 39), at(2, 10, 19), at(3, 20, 29))).toEqual([2, 3, 1]));

  test('is that of recording for facts that overlap', () => expect(order(at(3, 10, 20), at(1, 15, 30), at(2, 0, 15))).toEqual([1, 2, 3]));

  test('is that of recording where one ends in the instant in which the other begins', () => {
    expect(order(at(1, 10, 20), at(2, 0, 10))).toEqual([1, 2]);
    expect(order(at(1, 10, 20), at(2, 0, 9))).toEqual([2, 1]);
  });

  test('lets a later record go before one that overlaps both it and what it precedes', () => {
    // 3 certainly precedes 1, and 2 overlaps both: 2 is free first, then 3, then 1.
    expect(order(at(1, 20, 29), at(2, 5, 25), at(3, 0, 9))).toEqual([2, 3, 1]);
  });

  test('puts what never ends and never began where it was recorded', () => {
    expect(order(at(1, 50, 60), at(2, ALWAYS, NEVER), at(3, 0, 10))).toEqual([2, 3, 1]);
    expect(order(at(1, 50, NEVER), at(2, ALWAYS, 49))).toEqual([2, 1]);
  });

  test('of nothing is nothing', () => expect(inFoldingOrder([])).toEqual([]));
});
