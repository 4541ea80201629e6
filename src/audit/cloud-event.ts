import { isObject } from './plain.js';

/** As many digits as a sequence can have. */
const DIGITS = 16;

/** What of an event its attributes are made of. */
interface Attributed {
  id: string;
  stream: string;
  type: string;
  recordedAt: string;
  sequence: number;
}

/**
 * An event as CloudEvents 1.0 has it, in the JSON format, with `sequence` as that extension has it: texts that sort as the events do, so
 * they are padded. The extension's type `Integer` ends at 2^31, and is not named. `data` is the event as it was recorded, byte for byte.
 *
 * @param entry the event's canonical bytes; what is no event gives an empty line
 * @param epoch the record's: events of one epoch have different ids, which is what CloudEvents asks of a `source`
 */
export function cloudEvent(entry: Buffer, epoch: string): string {
  const event = parsed(entry);
  if (!event) return '';
  const { id, stream, type, recordedAt, sequence } = event;
  const attributes = JSON.stringify({
    datacontenttype: 'application/json',
    id,
    sequence: String(sequence).padStart(DIGITS, '0'),
    source: `urn:zonewatch:${encodeURIComponent(epoch)}`,
    specversion: '1.0',
    subject: stream,
    time: recordedAt,
    type: `org.zonewatch.${type}`,
  });
  return `{"data":${entry.toString()},${attributes.slice(1)}`;
}

function parsed(entry: Buffer): Attributed | undefined {
  try {
    const event: unknown = JSON.parse(entry.toString());
    return isAttributed(event) ? event : undefined;
  } catch {
    return undefined;
  }
}

function isAttributed(event: unknown): event is Attributed {
  if (!isObject(event) || !Number.isSafeInteger(event['sequence'])) return false;
  return ['id', 'stream', 'type', 'recordedAt'].every((name) => typeof event[name] === 'string');
}
