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
 * Years and their parts, months, days, times, and intervals and sets of these are read here; the dates that are left (`2017-1X`, a
 * qualified part, years far away) go to the `edtf` library, which takes some 200 µs a text and is asked once for each. It is not asked for more:
 * it reads 29 February of any year, digits without hyphens as milliseconds, a time without offset in the machine's zone, and seasons, thirds
 * of a year and the ranges in a set wrongly.
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
  const plain = DATE.exec(text);
  if (plain) return calendar(plain);
  const time = instant(text);
  if (time !== null) return { earliest: time, latest: time };
  return /^\d*$|[TS]/.test(text) ? null : parsed(text);
}

function calendar([, year, month, dayOfMonth]: RegExpExecArray): Bounds | null {
  if (dayOfMonth !== undefined) return day(Number(year), Number(month), Number(dayOfMonth));
  if (month === undefined) return months(Number(year), 1, 12);
  if (Number(month) <= 12) return month === '00' ? null : months(Number(year), Number(month), Number(month));
  const part = PARTS_OF_YEAR.get(Number(month));
  return part ? months(Number(year), ...part) : null;
}

/**
 * The months that a part of a year may lie in, the first and the last (13 and more are of the next year). A season (21 to 24) that is not
 * said to be a northern or a southern one may be either; the seasons of a hemisphere hold both the almanac's and the astronomers'.
 */
const PARTS_OF_YEAR = new Map<number, [from: number, to: number]>([
  ...[21, 22, 23, 24].map((season) => [season, [1, 15]] as [number, [number, number]]),
  [25, [3, 6]],
  [26, [6, 9]],
  [27, [9, 12]],
  [28, [12, 15]],
  [29, [9, 12]],
  [30, [12, 15]],
  [31, [3, 6]],
  [32, [6, 9]],
  [33, [1, 3]],
  [34, [4, 6]],
  [35, [7, 9]],
  [36, [10, 12]],
  [37, [1, 4]],
  [38, [5, 8]],
  [39, [9, 12]],
  [40, [1, 6]],
  [41, [7, 12]],
]);

function months(year: number, from: number, to: number): Bounds {
  return { earliest: Date.UTC(year, from - 1, 1), latest: Date.UTC(year, to, 1) - 1 };
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

/** What only the library can read. Qualifiers inside a date say nothing about its bounds. */
function parsed(text: string): Bounds | null {
  try {
    const { type, min, max } = edtf(text);
    const plain = DATE.exec(text.replaceAll(/[?~%]/g, ''));
    if (plain) return calendar(plain);
    if (type === 'Interval' || type === 'List' || type === 'Set' || !Number.isFinite(min) || !Number.isFinite(max)) return null;
    // It takes 29 February of a year that has none, or may have none, for 1 March.
    return text.endsWith('-02-29') ? null : { earliest: clamp(min), latest: clamp(max) };
  } catch {
    return null;
  }
}

function clamp(time: number): number {
  return Math.max(ALWAYS, Math.min(NEVER, time));
}
