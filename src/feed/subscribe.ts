import { createHash } from 'node:crypto';
import { FeedRefusal } from './codes.js';

/** What a subscriber asks for, checked. */
export interface Subscription {
  /** The hash of the normalised filter: the same everywhere. */
  id: string;
  after: number | 'start' | 'now';
}

const FIELDS = new Set(['after', 'epoch', 'filter']);

/** The subscription without a filter: everything. */
const EVERYTHING = createHash('sha256').update('{}').digest('hex').slice(0, 32);

/** Reads a `subscribe` message, or refuses it by name. */
export function readSubscribe(message: unknown, epoch: string, head: number): Subscription {
  if (message === null || typeof message !== 'object' || Array.isArray(message))
    throw new FeedRefusal('bad-request', 'subscribe takes an object: {after, epoch?}');
  const unknown = Object.keys(message).find((name) => !FIELDS.has(name));
  if (unknown !== undefined) throw new FeedRefusal('bad-request', `${unknown.slice(0, 80)} is not a field of subscribe`);
  const { after, epoch: asked, filter } = message as Record<string, unknown>;
  if (asked !== undefined && typeof asked !== 'string') throw new FeedRefusal('bad-request', 'epoch must be a string');
  if (after !== 'start' && after !== 'now' && !(Number.isSafeInteger(after) && (after as number) >= 0))
    throw new FeedRefusal('bad-request', 'after must be a sequence, "start" or "now"');
  checkFilter(filter);
  if (asked !== undefined && asked !== epoch) throw new FeedRefusal('other-record', `this is record ${epoch}`);
  if (typeof after === 'number' && after > head) throw new FeedRefusal('future-position', `the record is at ${head}`);
  return { id: EVERYTHING, after: after as number | 'start' | 'now' };
}

/** Only the empty filter is served so far. */
function checkFilter(filter: unknown): void {
  if (filter === undefined) return;
  if (filter === null || typeof filter !== 'object' || Array.isArray(filter))
    throw new FeedRefusal('bad-filter', 'filter must be an object');
  const axis = Object.keys(filter)[0];
  if (axis !== undefined)
    throw new FeedRefusal('bad-filter', `${axis.slice(0, 80)} is not an axis that this release filters by; leave the filter out`);
}
