import { newId } from '../../src/event/new-id.js';
import type { Json, NewEvent } from '../../src/event/event.js';

/** An event as a command would have made it: an incident in a zone, so that nothing else has to be there. */
export function made(stream: string, text: string | number = 'A clash.', more: Partial<NewEvent> = {}): NewEvent {
  return {
    id: newId(),
    type: 'ZoneIncidentReported',
    version: 1,
    occurred: '2017-07-05',
    recordedAt: '2017-07-06T00:00:00.000Z',
    recordedBy: 'test',
    sources: [{ publisher: 'TASS' }],
    about: [stream],
    data: { incident: 'clash', text: { en: String(text) } } as Record<string, Json>,
    ...more,
  };
}

/** As many events, each with a text of its own. */
export function many(stream: string, count: number): NewEvent[] {
  return Array.from({ length: count }, (_, at) => made(stream, at));
}

/** An event that no record can hold. */
export function tooLarge(stream: string): NewEvent {
  return made(stream, 'x'.repeat(70_000));
}

/** What an append expects of a stream that has so many events. */
export function behind(count: number): 'none' | number {
  return count === 0 ? 'none' : count - 1;
}
