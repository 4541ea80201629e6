import edtf from 'edtf';

/** The earliest and the latest instant, in milliseconds since 1970 UTC, that a date allows. An open or unknown end is `ALWAYS` or `NEVER`. */
export interface Bounds {
  earliest: number;
  latest: number;
}

/** The ends of time: the farthest instants that a JavaScript date can hold, so that they are stored and compared like any other. */
export const ALWAYS = -8_640_000_000_000_000;
export const NEVER = 8_640_000_000_000_000;

const DATE = /^([1-9]\d{3})(?:-(\d\d)(?:-(\d\d))?)?[?~%]?$/;
const TIME = /^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/;
const SET = /^(?:\[(.*)\]|\{(.*)\})$/;
const MAX_LENGTH = 128;

const remembered = new Map<string, Bounds | null>();

/**
 * The bounds of an EDTF text (ISO 8601-2), or null where it is none. `~` and `?` don't widen; a time needs its offset.
 * Years, months, days, times, and intervals and sets of dates are read here; the dates that are left (`2017-1X`, seasons, a qualified
 * part) go to the `edtf` library, which takes some 200 µs a text and is asked once for each. It is not asked for more: it reads 29 February
 * of any year, digits without hyphens as milliseconds, a time without offset in the machine's zone, and the ranges in a set wrongly.
 */
export function bounds(text: string): Bounds | null {
  if (text.length > MAX_LENGTH) return null;
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const set = SET.exec(text);
  const found = set ? oneOf((set[1] ?? set[2])!) : text.includes('/') ? interval(text) : single(text);
  if (remembered.size >= 10_000) remembered.clear();
  remembered.set(text, found);
  return found;
}

/** An instant as reads give it: RFC 3339 with an offset. Null where it is none. */
export function instant(text: string): number | null {
  if (!TIME.test(text)) return null;
  return day(Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10))) ? at(text) : null;
}

function interval(text: string): Bounds | null {
  const [from, to, ...rest] = text.split('/') as [string, string, ...string[]];
  if (rest.length) return null;
  const open = (end: string) => end === '' || end === '..';
  if (open(from) && open(to)) return null;
  const start = open(from) ? { earliest: ALWAYS, latest: ALWAYS } : single(from);
  const end = open(to) ? { earliest: NEVER, latest: NEVER } : single(to);
  if (!start || !end || start.earliest > end.latest) return null;
  return { earliest: start.earliest, latest: end.latest };
}

/** A set of dates, `[2017-05,2017-07]` or `{2017-05..2017-07}`: between its first and its last. */
function oneOf(members: string): Bounds | null {
  const found = members.split(',').map((member) => (member.includes('..') ? interval(member.replace('..', '/')) : single(member)));
  if (found.some((member) => member === null)) return null;
  const all = found as Bounds[];
  return { earliest: Math.min(...all.map(({ earliest }) => earliest)), latest: Math.max(...all.map(({ latest }) => latest)) };
}

function single(text: string): Bounds | null {
  const date = DATE.exec(text);
  if (date?.[3]) return day(Number(date[1]), Number(date[2]), Number(date[3]));
  if (date && Number(date[2] ?? 1) <= 12) return span(Number(date[1]), date[2] && Number(date[2]));
  const time = instant(text);
  if (time !== null) return { earliest: time, latest: time };
  return text.includes('T') || /^\d*$/.test(text) ? null : parsed(text);
}

function span(year: number, month: number | string | undefined): Bounds | null {
  if (month === undefined) return { earliest: Date.UTC(year, 0, 1), latest: Date.UTC(year + 1, 0, 1) - 1 };
  const at = Number(month) - 1;
  return at < 0 ? null : { earliest: Date.UTC(year, at, 1), latest: Date.UTC(year, at + 1, 1) - 1 };
}

function day(year: number, month: number, dayOfMonth: number): Bounds | null {
  const earliest = Date.UTC(year, month - 1, dayOfMonth);
  const date = new Date(earliest);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== dayOfMonth) return null;
  return { earliest, latest: earliest + 86_399_999 };
}

function at(text: string): number | null {
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : time;
}

function parsed(text: string): Bounds | null {
  try {
    const { type, min, max } = edtf(text);
    if (type === 'Interval' || type === 'List' || type === 'Set' || !Number.isFinite(min) || !Number.isFinite(max)) return null;
    return { earliest: clamp(min), latest: clamp(max) };
  } catch {
    return null;
  }
}

function clamp(time: number): number {
  return Math.max(ALWAYS, Math.min(NEVER, time));
}
