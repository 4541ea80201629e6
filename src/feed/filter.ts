import { sha256 } from '../event/fingerprint.js';
import { KINDS, subjectOf } from '../event/subject.js';
import { kindTag, tag } from '../record/tags.js';
import { EVENT_TYPES } from '../subjects.js';
import { FeedRefusal } from './codes.js';

/** What a filter can ask for: any value within an axis, all across axes. */
export const AXES = ['zones', 'parties', 'subjects', 'kinds', 'types'] as const;
export type Axis = (typeof AXES)[number];
export type FilterAxes = Partial<Record<Axis, readonly string[]>>;

/** How many values one axis may have. */
export const MAX_VALUES = 100;

const FITS: Record<Axis, { fits(value: string): boolean; what: string }> = {
  zones: { fits: (value) => subjectOf(value)?.kind === 'zone', what: 'a zone: zone-<id>' },
  parties: { fits: (value) => subjectOf(value)?.kind === 'party', what: 'a party: party-<id>' },
  subjects: { fits: (value) => subjectOf(value) !== undefined, what: 'a subject: <kind>-<id>' },
  kinds: { fits: (value) => (KINDS as readonly string[]).includes(value), what: `one of ${KINDS.join(', ')}` },
  types: { fits: (value) => EVENT_TYPES.includes(value), what: 'a type of event' },
};

/** A filter, checked and normalised: the same for everyone who asks for the same. */
export class Filter {
  /** The hash of the normalised axes: the same everywhere. */
  readonly id: string;
  private readonly wanted: { axis: Axis; values: ReadonlySet<string> }[];

  constructor(readonly axes: FilterAxes) {
    this.id = sha256(JSON.stringify(axes)).toString('hex').slice(0, 32);
    this.wanted = AXES.flatMap((axis) => (axes[axis] ? [{ axis, values: new Set(axes[axis].map((value) => tagOf(axis, value))) }] : []));
  }

  /** The tags of the narrowest axis, one of which every event that passes has; none where the filter lets all pass. */
  get tags(): readonly string[] | undefined {
    const narrowest = this.wanted.find(({ axis }) => axis === 'subjects') ?? this.wanted[0];
    return narrowest && [...narrowest.values];
  }

  /** Whether an event with these tags passes. */
  passes(tags: readonly string[]): boolean {
    return this.wanted.every(({ values }) => tags.some((tag) => values.has(tag)));
  }
}

/** The tag under which an event of the live feed is found for a value. */
function tagOf(axis: Axis, value: string): string {
  if (axis === 'types') return tag('type', value);
  return axis === 'kinds' ? kindTag(value) : value;
}

/** Reads the axes of a filter, or refuses what is not known by its name. */
export function readFilter(value: unknown = {}): Filter {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw bad('filter must be an object of axes');
  const axes: Partial<Record<Axis, string[]>> = {};
  for (const [axis, values] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!(AXES as readonly string[]).includes(axis)) throw bad(`${shown(axis)} is not an axis; there are ${AXES.join(', ')}`);
    axes[axis as Axis] = readAxis(axis as Axis, values);
  }
  return new Filter(axes);
}

function readAxis(axis: Axis, values: unknown): string[] {
  if (!Array.isArray(values) || values.length === 0) throw bad(`${axis} must be a list with at least one value`);
  if (values.length > MAX_VALUES) throw bad(`${axis} takes at most ${MAX_VALUES} values`);
  const { fits, what } = FITS[axis];
  const strange: unknown = values.find((value) => typeof value !== 'string' || !fits(value));
  if (strange !== undefined) throw bad(`${axis} has ${shown(strange)}, which is not ${what}`);
  return [...new Set(values as string[])].sort();
}

function bad(message: string): FeedRefusal {
  return new FeedRefusal('bad-filter', message);
}

/** What is no text is not written out: it may be lists in lists, deeper than can be written. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value).slice(0, 80);
  return value === null || typeof value !== 'object' ? String(value) : 'an object';
}
