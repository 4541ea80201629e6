import { isUtf8 } from 'node:buffer';
import { canonicalEvent } from '../event/canonical.js';
import type { RecordedEvent } from '../event/event.js';
import { subjectOf } from '../event/subject.js';
import { MAX_ENTRY_BYTES } from '../proof/entry-bundle.js';
import type { Finding, FindingCode } from './finding.js';
import { isObject, isPlain } from './plain.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const INSTANT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/;

/** Where an event's own id stands in its canonical bytes: `data` comes before it and may have ids of its own. */
const OWN_ID = /"id":"([0-9a-f-]{36})","(?:occurred|recordedAt)":/g;

/** Names go to a terminal: only what it does not obey. */
const PRINTABLE = /^[!-~]{1,36}$/;

/** Holds each event's word against its place. It keeps a number for each subject, and nothing of the events. */
export class EventChecks {
  private readonly revisions = new Map<string, number>();
  private recordedAt = '';
  private passedOver = 0;

  /** What is wrong with the next event, the first thing of it. `event` is what its bytes say. */
  check(entry: Buffer, event: RecordedEvent | undefined, sequence: number): Finding | undefined {
    const fault = (code: FindingCode, message: string): Finding => ({ code, message, ...named(entry, sequence) });
    if (!event || entry.length > MAX_ENTRY_BYTES || subjectOf(event.stream) === undefined || !INSTANT.test(event.recordedAt)) {
      this.passOver();
      return fault('event-malformed', 'it is not an event in its canonical form (RFC 8785)');
    }
    const { stream, revision, recordedAt, id } = event;
    const expected = this.revisions.get(stream) ?? 0;
    const before = this.recordedAt;
    this.revisions.set(stream, revision + 1);
    // One that was dated ahead is told of once, and not by each of those behind it.
    this.recordedAt = recordedAt;
    if (event.sequence !== sequence) return fault('event-order', `it says that it is another: ${event.sequence}`);
    if (revision < expected || revision > expected + this.passedOver)
      return fault('event-order', `it is revision ${revision} of ${stream}, and the next would be ${expected}`);
    if (recordedAt < before)
      return fault('event-order', `it was recorded at ${recordedAt}, and one before it at ${before}: the record never goes back`);
    return UUID_V7.test(id) ? undefined : fault('event-malformed', 'its id is no UUIDv7');
  }

  /** The next event is known to be another than it was: what it says is no measure for those behind it. */
  passOver(): void {
    this.passedOver++;
  }
}

/** How a finding names an event, also one that is no JSON any more. */
export function named(entry: Buffer, sequence: number): { sequence: number; id?: string } {
  const id = idOf(entry);
  return id === undefined ? { sequence } : { sequence, id };
}

function idOf(entry: Buffer): string | undefined {
  const text = entry.toString();
  try {
    const { id } = JSON.parse(text) as { id?: unknown };
    if (typeof id === 'string' && PRINTABLE.test(id)) return id;
  } catch {
    // What is left of it may still have its id.
  }
  return [...text.matchAll(OWN_ID)].at(-1)?.[1];
}

const NUMBERS = ['sequence', 'revision', 'version'];
const TEXTS = ['stream', 'id', 'type', 'recordedAt', 'recordedBy'];
/** Not every event has these. */
const MORE_TEXTS = ['occurred', 'confidence', 'commandKey', 'corrects', 'retracts', 'corroborates', 'disputes'];

/**
 * The event, where these bytes are the ones that it is written in. Its fields have the types of an event's then, and nothing in it is nested
 * too deep to be followed; what they say is not looked at.
 */
export function canonicallyRead(entry: Buffer): RecordedEvent | undefined {
  if (!isUtf8(entry)) return undefined;
  const text = entry.toString();
  try {
    const event: unknown = JSON.parse(text);
    return hasTypes(event) && canonicalEvent(event) === text ? event : undefined;
  } catch {
    return undefined;
  }
}

function hasTypes(event: unknown): event is RecordedEvent {
  if (!isObject(event)) return false;
  const { about, accordingTo, data, sources } = event;
  return (
    NUMBERS.every((name) => Number.isSafeInteger(event[name])) &&
    TEXTS.every((name) => isText(event[name])) &&
    MORE_TEXTS.every((name) => event[name] === undefined || isText(event[name])) &&
    isListOf(about, isText) &&
    (accordingTo === undefined || isListOf(accordingTo, isText)) &&
    isListOf(sources, isObject) &&
    isObject(data) &&
    isPlain(sources) &&
    isPlain(data)
  );
}

function isListOf(value: unknown, fits: (member: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(fits);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}
