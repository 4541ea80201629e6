import Database from 'better-sqlite3';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openDataFolder } from '../../src/audit/data-folder/data-folder.js';
import { verify, type Report, type VerifyOptions } from '../../src/audit/verify.js';
import { readConfig } from '../../src/config.js';
import { Commands } from '../../src/decider/commands.js';
import { Refusal } from '../../src/decider/refusal.js';
import type { Folded } from '../../src/folding/fold.js';
import { present } from '../../src/folding/state.js';
import { createLogger } from '../../src/logger.js';
import { publish } from '../../src/proof/publish.js';
import type { PublishedLog } from '../../src/proof/published-log.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';
import type { Db } from '../../src/record/schema.js';
import { subjectOfStream } from '../../src/subjects.js';
import { Dice, Storyteller } from '../record/random-command.js';

const FILES = ['record.db', 'record.db-wal', 'checkpoint', 'log.key'];
const AT_ONCE = 20;

/** How a record comes to be: the seed of its story, how many events are signed, and how many are recorded behind them. */
export interface Made {
  seed: number;
  signed: number;
  behind?: number;
  /** Where to keep what a SIGKILL after all that would have left. */
  killed?: string;
}

/** Makes the data folder of a service that stopped, or that was killed before it had signed its last events. */
export async function makeFolder(folder: string, { seed, signed, behind = 0, killed }: Made): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const record = openRecord(folder);
  const story = new Storyteller(new Dice(seed));
  const log = published(record, folder);
  await tellUpTo(record, story, signed);
  await log.close();
  await tellUpTo(record, story, signed + behind);
  // What is there while it is open is what SIGKILL would have left.
  if (killed) copied(folder, killed);
  await record.close();
  return folder;
}

/** The log of a record, which signs all that there is when it is closed. */
export function published(record: OpenRecord, folder: string): PublishedLog {
  return publish(record, { ...readConfig({}), data: folder }, createLogger('silent'));
}

/** Goes on with a story until the record has so many events, to the last one. */
export async function tellUpTo({ log, tail, writer }: OpenRecord, story: Storyteller, head: number): Promise<void> {
  const commands = new Commands(log, tail);
  while (writer.head < head) {
    const told = Array.from({ length: Math.min(AT_ONCE, head - writer.head) }, () => commands.submit(story.next()));
    for (const answer of await Promise.allSettled(told)) {
      if (answer.status === 'fulfilled') story.learn(tail.event({ id: answer.value.reply.eventId })!);
      else if (!(answer.reason instanceof Refusal)) throw answer.reason;
    }
  }
}

/** A copy of a data folder, as somebody with access to it would change it. */
export function copied(from: string, to: string): string {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to);
  for (const file of FILES) if (existsSync(join(from, file))) cpSync(join(from, file), join(to, file));
  return to;
}

export async function verifyFolder(folder: string, options: VerifyOptions = {}): Promise<Report> {
  const source = openDataFolder(folder);
  try {
    return await verify(source, options);
  } finally {
    await source.close();
  }
}

/** What a record tells, whichever way it is asked. */
export interface Told {
  events: Map<number, string>;
  /** Where each event is found by its id, and by its place in its stream. */
  found: string;
  tags: string;
  /** Each state as reads show it. */
  states: string;
}

/** The bytes of the events in a folder, in hex; none where they can't be had any more. */
export function eventsIn(folder: string): Map<number, string> {
  const db = new Database(join(folder, 'record.db'), { readonly: true });
  try {
    return entries(db);
  } catch {
    return new Map();
  } finally {
    db.close();
  }
}

function entries(db: Db): Map<number, string> {
  return new Map(db.prepare<[], [number, string]>('SELECT sequence, hex(bytes) FROM events NOT INDEXED ORDER BY sequence').raw().all());
}

/** What the record.db of a folder tells; undefined where it tells nothing any more. */
export function toldBy(folder: string): Told | undefined {
  let db: Db | undefined;
  try {
    db = new Database(join(folder, 'record.db'), { readonly: true });
    return told(db);
  } catch {
    return undefined;
  } finally {
    db?.close();
  }
}

function told(db: Db): Told {
  const all = <Row>(sql: string) => db.prepare<[], Row>(sql).raw().all();
  const found = [
    'SELECT id, sequence FROM events ORDER BY id',
    'SELECT stream, revision, sequence FROM events ORDER BY stream, revision',
    'SELECT recordedBy, commandKey, sequence FROM events WHERE commandKey IS NOT NULL ORDER BY recordedBy, commandKey',
    'SELECT hex(fingerprint), sequence FROM events ORDER BY fingerprint, sequence',
    'SELECT recorded, earliest, latest, type, confidence FROM events ORDER BY sequence',
  ].map((sql) => all(sql));
  const states = all<[string, number, string]>('SELECT stream, since, folded FROM states ORDER BY stream');
  const shown = states.map(([stream, since, folded]) => [
    since,
    present(subjectOfStream(stream).projection, JSON.parse(folded) as Folded, 0),
  ]);
  return {
    events: entries(db),
    found: JSON.stringify(found),
    tags: JSON.stringify(all('SELECT tag, sequence FROM tags ORDER BY tag, sequence')),
    states: JSON.stringify(shown),
  };
}

/** The first event that one record tells otherwise than another, or does not tell; undefined where all are the same. No event has a place before 1. */
export function firstDifference(honest: Told, other: Told): number | undefined {
  const sequences = [...new Set([...honest.events.keys(), ...other.events.keys()])]
    .filter((sequence) => sequence > 0)
    .sort((a, b) => a - b);
  return sequences.find((sequence) => honest.events.get(sequence) !== other.events.get(sequence));
}
