import type { Json, RecordedEvent } from './event.js';

/**
 * The canonical form of a JSON value (RFC 8785), as text whose UTF-8 bytes are the ones that are hashed.
 * Sorting the keys and leaving the rest to `JSON.stringify` is RFC 8785 for all that gets in here: the door refuses lone surrogates and
 * numbers that are not safe, and no key is an array index (which JavaScript would move to the front).
 */
export function canonical(value: Json): string {
  return JSON.stringify(sorted(value));
}

/** The bytes of an event that are stored, hashed and served. The keys stand here in their sorted order, so only the inner values need sorting. */
export function canonicalEvent(event: RecordedEvent): string {
  return JSON.stringify({
    about: event.about,
    accordingTo: event.accordingTo,
    commandKey: event.commandKey,
    confidence: event.confidence,
    corrects: event.corrects,
    corroborates: event.corroborates,
    data: sorted(event.data),
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
}

/** The same value with the keys of every object in order. What is in order already is handed back as it is. */
export function sorted(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    return items.every((item, at) => item === value[at]) ? value : items;
  }
  const keys = Object.keys(value);
  let same = true;
  for (let at = 1; at < keys.length && same; at++) same = keys[at - 1]! < keys[at]!;
  const order = same ? keys : keys.sort();
  const copy: Record<string, Json> = {};
  for (const key of order) {
    const inner = value[key]!;
    copy[key] = sorted(inner);
    same &&= copy[key] === inner;
  }
  return same ? value : copy;
}
