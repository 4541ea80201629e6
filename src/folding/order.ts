import type { Bounds } from '../time/occurred.js';

export interface Placed extends Bounds {
  sequence: number;
}

/** Whether `a` happened before `b` whatever their dates leave open. */
export function certainlyPrecedes(a: Bounds, b: Bounds): boolean {
  return a.latest < b.earliest;
}

/**
 * The order of folding: again and again the lowest sequence that nothing remaining certainly precedes.
 *
 * A fact is free once no remaining one ends before it begins, so the free ones are those that begin no later than the earliest end that
 * remains; that bound only grows, and a heap by sequence holds what it has set free. O(n log n).
 */
export function inFoldingOrder<T extends Placed>(facts: readonly T[]): T[] {
  const byStart = [...facts].sort((a, b) => a.earliest - b.earliest);
  const byEnd = [...facts].sort((a, b) => a.latest - b.latest);
  const free = new SequenceHeap<T>();
  const placed = new Set<T>();
  const order: T[] = [];
  let started = 0;
  let ended = 0;
  while (order.length < facts.length) {
    while (placed.has(byEnd[ended]!)) ended++;
    const earliestEnd = byEnd[ended]!.latest;
    while (started < byStart.length && byStart[started]!.earliest <= earliestEnd) free.push(byStart[started++]!);
    const next = free.pop();
    placed.add(next);
    order.push(next);
  }
  return order;
}

class SequenceHeap<T extends Placed> {
  private readonly items: T[] = [];

  push(item: T): void {
    let at = this.items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.items[parent]!.sequence <= item.sequence) break;
      this.items[at] = this.items[parent]!;
      at = parent;
    }
    this.items[at] = item;
  }

  pop(): T {
    const top = this.items[0]!;
    const last = this.items.pop()!;
    const size = this.items.length;
    if (size === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.items[child + 1]!.sequence < this.items[child]!.sequence) child++;
      if (this.items[child]!.sequence >= last.sequence) break;
      this.items[at] = this.items[child]!;
      at = child;
    }
    this.items[at] = last;
    return top;
  }
}
