import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Commands, type Receipt } from '../../src/decider/commands.js';
import { Refusal } from '../../src/decider/refusal.js';
import type { Json, RecordedEvent } from '../../src/event/event.js';
import { subjectOf, type Kind } from '../../src/event/subject.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';

/** The instant at which everything is recorded. */
export const NOW = Date.parse('2019-01-01T00:00:00Z');

export type Fields = Record<string, Json>;

/** A command, its subject and its body: `['zones/suspend idlib', {occurred: '2017-12'}]`. Without sources it has one. */
export type Said = [command: string, body: Fields, how?: { key?: string; ifMatch?: number; caller?: string }];

export interface Answered extends Receipt {
  /** The event that the receipt names, as it was recorded. */
  event: RecordedEvent;
}

export interface Refused {
  code: string;
  message: string;
  /** Each field at fault with the rule that it breaks. */
  faults: string[];
}

/** The write path on a record of its own, with a clock that stands still. */
export interface Desk {
  record: OpenRecord;
  /** Commands that are taken, in this order. */
  given(...said: Said[]): Promise<Desk>;
  when(...said: Said): Promise<Answered>;
  /** Why a command is refused, and that nothing is written then. */
  refused(...said: Said): Promise<Refused>;
  /** The same, with no source added. */
  refusedAsIs(...said: Said): Promise<Refused>;
  readonly head: number;
}

function sourced([command, body, how]: Said): Said {
  return [command, command.startsWith('parties/') ? body : { sources: [{ publisher: 'TASS' }], ...body }, how ?? {}];
}

const open: (() => Promise<void>)[] = [];

export function openDesk(): Desk {
  const folder = mkdtempSync(join(tmpdir(), 'zonewatch-test-'));
  const record = openRecord(folder);
  open.push(async () => {
    await record.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const commands = new Commands(record.log, record.tail, () => NOW);
  const submit = ([said, body, { caller = 'desk', ...how } = {}]: Said) => {
    const [command, id] = said.split(' ') as [string, string?];
    return commands.submit({ command, ...(id !== undefined && { id }), body, caller, ...how });
  };
  const refusedAsIs = async (...said: Said) => {
    const before = record.writer.head;
    const refusal: unknown = await submit(said).catch((error: unknown) => error);
    if (!(refusal instanceof Refusal)) throw new Error(`this was not refused: ${JSON.stringify(refusal)}`, { cause: refusal });
    if (record.writer.head !== before) throw new Error('a command was refused and recorded all the same');
    const faults = (refusal.errors ?? []).map(({ field, rule }) => `${field} ${rule}`);
    return { code: refusal.code, message: refusal.message, faults };
  };
  const desk: Desk = {
    record,
    given: async (...said) => {
      // All at once, so that they share a commit; each is decided on those before it.
      await Promise.all(said.map((one) => submit(sourced(one))));
      return desk;
    },
    when: async (...said) => {
      const receipt = await submit(sourced(said));
      return { ...receipt, event: record.tail.event({ id: receipt.reply.eventId })! };
    },
    refused: (...said) => refusedAsIs(...sourced(said)),
    refusedAsIs,
    get head() {
      return record.writer.head;
    },
  };
  return desk;
}

/** Closes every desk that was opened, and leaves nothing behind. */
export async function closeDesks(): Promise<void> {
  for (const close of open.splice(0)) await close();
}

const en = { en: 'a text' };
const LEAST: Record<Kind, (id: string) => Said> = {
  party: (id) => ['parties/register', { id, name: en, kind: 'state', occurred: '2017' }],
  zone: (id) => ['zones/report', { id, name: en, occurred: '2017-05-04' }],
  agreement: (id) => ['agreements/report', { id, title: en, kind: 'memorandum', occurred: '2017-05-04' }],
  deployment: (id) => ['deployments/report', { id, party: 'party-russia', force: 'police', occurred: '2017-05-04' }],
  statement: (id) => ['statements/make', { id, speaker: {}, attribution: 'document', lang: 'en', text: en, occurred: '2017-05-04' }],
  talks: (id) => ['talks/report', { id, title: en, when: '2017-07-04', occurred: '2017-05-04' }],
};

/** The least that can be told of subjects, so that they exist. */
export function exist(...streams: string[]): Said[] {
  return streams.map((stream) => {
    const { kind, id } = subjectOf(stream)!;
    return LEAST[kind](id);
  });
}
