import { Commands } from '../../src/decider/commands.js';
import type { RecordedEvent } from '../../src/event/event.js';
import { NOW, type Desk, type Fields, type Said } from '../support/desk.js';

export const reason = { en: 'It was misread.', ar: 'قُرئ خطأً.' };

/** The commands on an event, each with what most tests leave alone. The desk adds a source where there is none. */
export function correct(target: string, changes: Fields, more: Fields = {}, how: Said[2] = {}): Said {
  return [`events/correct ${target}`, { changes, reason, ...more }, how];
}

export function retract(target: string, more: Fields = {}, how: Said[2] = {}): Said {
  return [`events/retract ${target}`, { reason, ...more }, how];
}

export function corroborate(target: string, publisher: string, more: Fields = {}, how: Said[2] = {}): Said {
  return [`events/corroborate ${target}`, { sources: [{ publisher }], ...more }, how];
}

/** Without a claim it says that the fact did not happen. */
export function dispute(target: string, claim: Fields | undefined, more: Fields = {}, how: Said[2] = {}): Said {
  return [`events/dispute ${target}`, { ...(claim && { claim }), reason, ...more }, how];
}

/** The id of the event at a place: `zone-idlib@1`. */
export function idAt({ record }: Desk, place: string): string {
  const [stream, revision] = place.split('@') as [string, string];
  return record.tail.event({ stream, revision: Number(revision) })!.id;
}

/** The event of a command that is taken, with no source added. */
export async function submittedAsIs({ record }: Desk, ...[said, body]: Said): Promise<RecordedEvent> {
  const [command, id] = said.split(' ') as [string, string];
  const { reply } = await new Commands(record.log, record.tail, () => NOW).submit({ command, id, body, caller: 'desk' });
  return record.tail.event({ id: reply.eventId })!;
}
