import { MAX_FAULTS, type FieldError } from '../body/json.js';
import { subjectOf, type Kind } from '../event/subject.js';
import { bounds, instant } from '../time/occurred.js';
import { HttpRefusal } from './problems.js';

export type RawQuery = Record<string, string | string[] | undefined>;

export const MAX_PAGE = 1_000;
const MAX_VALUES = 100;
const DATE = /^\d{4}(-(0\d|1[0-2])(-\d\d)?)?$/;

/** Reads a query parameter by parameter, and in the end refuses all that is wrong at once: `bad-query` with each parameter and its rule. */
export class Query {
  private readonly faults: FieldError[] = [];
  private readonly known = new Set<string>();

  constructor(private readonly raw: RawQuery) {}

  /** A single value. */
  one(name: string): string | undefined {
    this.known.add(name);
    const value = this.raw[name];
    if (!Array.isArray(value)) return value;
    this.fault(name, 'once', `${name} may be given once`);
    return undefined;
  }

  whole(name: string, [min, max]: [number, number]): number | undefined {
    const text = this.one(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\d{1,16}$/.test(text) && value >= min && value <= max) return value;
    this.fault(name, 'whole', `${name} must be a whole number from ${min} to ${max}`);
    return undefined;
  }

  limit(): number {
    return this.whole('limit', [1, MAX_PAGE]) ?? 100;
  }

  /** Several values, repeated or parted by commas; undefined where none is asked for. */
  list(
    name: string,
    isKnown: (value: string) => boolean = () => true,
    rule = 'one-of',
    what = 'a value of this field',
  ): string[] | undefined {
    this.known.add(name);
    const value = this.raw[name];
    if (value === undefined) return undefined;
    const values = [...new Set((Array.isArray(value) ? value : [value]).flatMap((text) => text.split(',')))];
    const strange = values.find((text) => text === '' || !isKnown(text));
    if (strange !== undefined) this.fault(name, rule, `${JSON.stringify(strange.slice(0, 80))} is not ${what}`);
    if (values.length > MAX_VALUES) this.fault(name, 'at-most', `${name} takes at most ${MAX_VALUES} values`);
    return values;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T[] | undefined {
    return this.list(name, (value) => allowed.includes(value as T), 'one-of', `one of ${allowed.join(', ')}`) as T[] | undefined;
  }

  /** Streams of subjects, of one kind where it is given. */
  streams(name: string, kind?: Kind): string[] | undefined {
    const fits = (value: string) => (kind ? subjectOf(value)?.kind === kind : subjectOf(value) !== undefined);
    return this.list(name, fits, 'reference', `a ${kind ?? 'subject'}: ${kind ?? '<kind>'}-<id>`);
  }

  /** A date (EDTF) or an instant, as the bounds that it has. */
  time(name: string) {
    const text = this.one(name);
    if (text === undefined) return undefined;
    const found = bounds(text);
    if (found) return found;
    this.fault(name, 'edtf', `${name} must be a date (2017-07-05) or an instant with its offset`);
    return undefined;
  }

  /** An instant, or a date (a day, a month, a year), which means its end in UTC; in milliseconds. */
  moment(name: string): number | undefined {
    const text = this.one(name);
    if (text === undefined) return undefined;
    const found = instant(text) ?? (DATE.test(text) ? bounds(text)?.latest : undefined);
    if (found === undefined) this.fault(name, 'moment', `${name} must be a date (2017-07-06) or an instant with its offset`);
    return found;
  }

  /** An end of a stretch of the record: a sequence, or an instant. Of a date it is the instant before its start, or its end. */
  end(name: string, which: 'start' | 'end'): { sequence: number } | { instant: number } | undefined {
    const text = this.one(name);
    if (text === undefined) return undefined;
    if (/^\d{1,15}$/.test(text)) return { sequence: Number(text) };
    const time = instant(text);
    if (time !== null) return { instant: time };
    const date = DATE.test(text) ? bounds(text) : undefined;
    if (date) return { instant: which === 'start' ? date.earliest - 1 : date.latest };
    this.fault(name, 'sequence-or-moment', `${name} must be a sequence, a date (2026-11-23) or an instant with its offset`);
    return undefined;
  }

  /** `after` as a reply's `next` had it: a position, and the sequence to which all the pages are pinned. */
  cursor(): { position: string; pin: number } | undefined {
    const text = this.one('after');
    if (text === undefined) return undefined;
    const [position, pin, ...rest] = text.split('~') as [string, string?, ...string[]];
    if (position !== '' && pin !== undefined && /^\d{1,15}$/.test(pin) && rest.length === 0) return { position, pin: Number(pin) };
    this.fault('after', 'cursor', 'after must be the next of an earlier reply');
    return undefined;
  }

  fault(field: string, rule: string, message: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push({ field, rule, message });
  }

  /** To be called when every parameter has been read. */
  done(): void {
    for (const name of Object.keys(this.raw))
      if (!this.known.has(name))
        this.fault(name.slice(0, 80), 'unknown-parameter', `${name.slice(0, 80)} is not a parameter of this route`);
    if (this.faults.length) throw new HttpRefusal('bad-query', this.faults.map(({ message }) => message).join('; '), this.faults);
  }
}

/** The `next` of a page. */
export function nextPage(position: string | number, pin: number): string {
  return `${position}~${pin}`;
}

/** A page out of a list that is in order by `place`, behind a cursor. */
export function pageBehind<T>(
  list: readonly T[],
  place: (item: T) => string,
  cursor: { position: string } | undefined,
  limit: number,
  pin: number,
): { page: T[]; next: string | undefined } {
  const behind = cursor ? list.filter((item) => place(item) > cursor.position) : list;
  const page = behind.slice(0, limit);
  const last = page.at(-1);
  return { page, next: last && behind.length > limit ? nextPage(place(last), pin) : undefined };
}
