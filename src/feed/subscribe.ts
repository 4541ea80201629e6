import { FeedRefusal } from './codes.js';
import { readFilter, type Filter } from './filter.js';

/** What a subscriber asks for, checked. */
export interface Subscription {
  filter: Filter;
  after: number | 'start' | 'now';
}

const FIELDS = new Set(['after', 'epoch', 'filter']);

/** Reads a `subscribe` message, or refuses it by name. */
export function readSubscribe(message: unknown, epoch: string, head: number): Subscription {
  if (message === null || typeof message !== 'object' || Array.isArray(message))
    throw new FeedRefusal('bad-request', 'subscribe takes an object: {after, epoch?, filter?}');
  const unknown = Object.keys(message).find((name) => !FIELDS.has(name));
  if (unknown !== undefined) throw new FeedRefusal('bad-request', `${unknown.slice(0, 80)} is not a field of subscribe`);
  const { after, epoch: asked, filter } = message as Record<string, unknown>;
  if (asked !== undefined && typeof asked !== 'string') throw new FeedRefusal('bad-request', 'epoch must be a string');
  if (after !== 'start' && after !== 'now' && !(Number.isSafeInteger(after) && (after as number) >= 0))
    throw new FeedRefusal('bad-request', 'after must be a sequence, "start" or "now"');
  const read = readFilter(filter);
  if (asked !== undefined && asked !== epoch) throw new FeedRefusal('other-record', `this is record ${epoch}`);
  if (typeof after === 'number' && after > head) throw new FeedRefusal('future-position', `the record is at ${head}`);
  return { filter: read, after: after as number | 'start' | 'now' };
}
