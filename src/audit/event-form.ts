import type { Json } from '../event/event.js';
import { subjectOf } from '../event/subject.js';
import { EVENT_TYPES } from '../subjects.js';

/** What is wrong with a field's value by itself, or undefined. */
type Form = (value: Json) => string | undefined;

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TYPES = new Set(EVENT_TYPES);

const id = text((value) => UUID_V7.test(value), 'must be a UUIDv7 in lower case');
const whole: Form = (value) => (Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : 'must be a whole number');
/** What the command's own rules look at. */
const anything: Form = () => undefined;

/** Each field that an event has or may have. What its command's body had is checked with the body. */
const FIELDS: Readonly<Record<string, Form>> = {
  // Comparing what is nested without end would end the process.
  about: (value) =>
    Array.isArray(value) && value.every((stream) => typeof stream === 'string') ? undefined : 'must be a list of subjects',
  accordingTo: anything,
  commandKey: text(() => true, 'must be a text'),
  confidence: anything,
  corrects: id,
  corroborates: id,
  data: (value) => (isObject(value) ? undefined : 'must be an object'),
  disputes: id,
  id,
  occurred: anything,
  recordedAt: text(isStamp, 'must be an instant as the record writes it: 2017-07-06T00:00:00.000Z'),
  recordedBy: text((value) => value.trim() !== '' && !/\p{Cc}|\p{Surrogate}/u.test(value), 'must be a name on one line'),
  retracts: id,
  revision: whole,
  sequence: whole,
  sources: (value) => (Array.isArray(value) ? undefined : 'must be a list'),
  stream: text((value) => subjectOf(value) !== undefined, 'must be <kind>-<id>'),
  type: text((value) => TYPES.has(value), 'must be a type that this release knows'),
  version: whole,
};
const NEEDED = 'sequence id stream revision type version recordedAt recordedBy sources about data'.split(' ');
const AIMS = ['corrects', 'corroborates', 'disputes', 'retracts'];

/** The first thing that is wrong with the form of an event, before anyone looks at what it says; undefined where it has an event's fields. */
export function formFault(event: Json): string | undefined {
  if (!isObject(event)) return 'it must be a JSON object';
  const unknown = Object.keys(event).find((name) => !Object.hasOwn(FIELDS, name));
  if (unknown !== undefined) return `${JSON.stringify(unknown.slice(0, 80))} is not a field of an event`;
  const missing = NEEDED.find((name) => !Object.hasOwn(event, name));
  if (missing !== undefined) return `${missing} is missing`;
  for (const [name, value] of Object.entries(event)) {
    const fault = FIELDS[name]!(value);
    if (fault !== undefined) return `${name} ${fault}`;
  }
  return aimFault(event);
}

function aimFault(event: Record<string, Json>): string | undefined {
  const aims = AIMS.filter((name) => Object.hasOwn(event, name));
  const wanted = String(event['type']).startsWith('Event') ? 1 : 0;
  if (aims.length === wanted) return undefined;
  return wanted ? 'an amendment names one event that it amends' : `${aims.join(', ')}: what is no amendment amends nothing`;
}

function text(fits: (value: string) => boolean, fault: string): Form {
  return (value) => (typeof value === 'string' && fits(value) ? undefined : fault);
}

function isStamp(value: string): boolean {
  const time = Date.parse(value);
  return /^\d{4}-/.test(value) && !Number.isNaN(time) && new Date(time).toISOString() === value;
}

function isObject(value: Json): value is Record<string, Json> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
