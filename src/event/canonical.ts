import type { Json, RecordedEvent } from './event.js';

/**
 * The canonical form of a JSON value (RFC 8785), as text whose UTF-8 bytes are the ones that are hashed.
 * Sorting the keys and leaving the rest to `JSON.stringify` is RFC 8785 for all that gets in here: the door refuses lone surrogates and
 * numbers that are not safe, and no key is an array index (which JavaScript would move to the front).
 */
export function canonical(value: Json): string {
  return JSON.stringify(sorted(value));
}

/** The same data is asked for several times: to find a repeat of what it says, to file it, and to record it. */
const texts = new WeakMap<object, string>();

/** The canonical form of an event's data, which is not changed any more. */
export function canonicalData(data: Record<string, Json>): string {
  const known = texts.get(data);
  if (known !== undefined) return known;
  const text = canonical(data);
  texts.set(data, text);
  return text;
}

/** The bytes of an event that are stored, hashed and served. The keys stand here in their sorted order, so only the inner values need sorting. */
export function canonicalEvent(event: RecordedEvent): string {
  const before = JSON.stringify({
    about: event.about,
    accordingTo: event.accordingTo,
    commandKey: event.commandKey,
    confidence: event.confidence,
    corrects: event.corrects,
    corroborates: event.corroborates,
  });
  const behind = JSON.stringify({
    disputes: event.disputes,
    id: event.id,
    occurred: event.occurred,
    recordedAt: event.recordedAt,
    recordedBy: event.recordedBy,
    retracts: event.retracts,
    revision: event.revision,
    sequence: event.sequence,
    sources: sorted(event.sources as unknown as Json),
    stream: event.stream,
    type: event.type,
    version: event.version,
  });
  return `${before.slice(0, -1)},"data":${canonicalData(event.data)},${behind.slice(1)}`;
}

/** The same value with the keys of every object in order. What is in order already is handed back as it is. */
export function sorted(value: Json): Json {
  return isSorted(value) ? value : inOrder(value);
}

/** Most values are: those that were recorded once, and what the doors have put in order. */
function isSorted(value: Json): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.every(isSorted);
  let before = '';
  for (const key in value) {
    if (key < before || !isSorted(value[key]!)) return false;
    before = key;
  }
  return true;
}

function inOrder(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(inOrder);
  const copy: Record<string, Json> = {};
  for (const key of Object.keys(value).sort()) copy[key] = inOrder(value[key]!);
  return copy;
}
