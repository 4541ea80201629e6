import { parseJson } from '../body/json.js';
import type { Subject } from '../decider/subject.js';
import { subjectOf } from '../event/subject.js';
import type { State } from '../folding/state.js';
import { instant } from '../time/occurred.js';
import { FindingError } from './finding.js';
import { isObject, isPlain } from './plain.js';
import { visible } from './visible.js';

/** How far the clocks of a service and of its auditor may be apart, in milliseconds. */
const CLOCKS_APART = 5 * 60_000;

/** More than what a page gives to go on with has. */
const MAX_NEXT = 300;

/** States of one kind, in a form that can be relied on. What they say is not looked at. */
export interface StatesPage {
  states: readonly State[];
  next: string | undefined;
  /** The instant at which what falls due was judged, in milliseconds. */
  now: number;
}

/** When a page was asked for and when it came, by the auditor's own clock, in milliseconds. */
export interface Asked {
  from: number;
  to: number;
}

/** Reads a page of `/v1/<collection>`. Throws a FindingError where it is no page of such states, or was judged at another time. */
export function statesPage(bytes: Buffer, { collection, kind, readsTheClock }: Subject, asked: Asked): StatesPage {
  const parsed = parseJson(bytes);
  if ('fault' in parsed) throw unreadable(collection, parsed.fault);
  const page = parsed.value as unknown;
  if (!isObject(page)) throw unreadable(collection, 'a page of them is no object');
  if (!isPlain(page)) throw unreadable(collection, 'they are nested too deep, or have a name that reaches a prototype');
  const { data, next, asOf } = page;
  if (!Array.isArray(data)) throw unreadable(collection, 'data is no list');
  if (next !== undefined && (typeof next !== 'string' || next.length > MAX_NEXT))
    throw unreadable(collection, 'next is not what the next page is asked for with');
  for (const state of data as unknown[]) {
    if (!isObject(state) || typeof state['stream'] !== 'string') throw unreadable(collection, 'one of them is no state of a stream');
    const { stream } = state;
    if (subjectOf(stream)?.kind !== kind) throw changed(`/v1/${collection} shows ${visible(stream)}, which is none of its kind`);
  }
  return { states: data as State[], next, now: readsTheClock ? judgedAt(asOf, collection, asked) : 0 };
}

/** A service that chose this instant would choose what is overdue. */
function judgedAt(asOf: unknown, collection: string, { from, to }: Asked): number {
  const now = typeof asOf === 'string' ? instant(asOf) : null;
  if (now === null) throw changed(`/v1/${collection} does not say as of when it judges what falls due`);
  if (now >= from - CLOCKS_APART && now <= to + CLOCKS_APART) return now;
  const [there, here] = [now, to].map((time) => new Date(time).toISOString());
  throw changed(`/v1/${collection} judges what falls due as of ${there}, and by the clock here it is ${here}`);
}

/** The finding that ends the reading of a collection whose form is wrong. */
export function unreadable(collection: string, why: string): FindingError {
  return new FindingError({ code: 'unreadable', message: `/v1/${collection} shows no states that can be read: ${why}` });
}

/** The finding that ends the reading of a collection which is not what it should be. */
export function changed(message: string): FindingError {
  return new FindingError({ code: 'state-changed', message });
}
