import { Worker } from 'node:worker_threads';
import type { Db } from '../../record/schema.js';
import type { Finding } from '../finding.js';
import { damageOf, sumOfTags, wrongStates } from './states-check.js';
import type { Seed } from './tag-sum.js';

/** What a second reader of record.db tells. */
export interface Told {
  /** The sum of all tags. */
  tags: string;
  /** What is amiss in the file as such. */
  damage: readonly Finding[];
  /** The states that are not what their events fold. Not to be asked where these, or what they are found by, don't hold. */
  wrongStates: readonly Finding[];
}

export type SecondReader = { [about in keyof Told]: () => Promise<Told[about]> } & { close(): Promise<void> };

/** What the thread is given. */
export interface Asked {
  path: string;
  seed: Seed;
  /** The last event that the first reader sees. */
  head: number;
}

/** How many events make it worth a thread, which takes a third of a second to begin. */
const MANY = 5_000;

/** The built file, also where this one is run from its source: a thread can't be started on TypeScript. */
const WORKER = new URL('../../../dist/audit/data-folder/states-worker.js', import.meta.url);

/** Looks at what can be looked at apart from the events: folding the states anew takes as long as all else, and most machines have a second processor. */
export function secondReader(db: Db, head: number, seed: Seed): SecondReader {
  return head < MANY ? inTurn(db, seed, head) : beside({ path: db.name, seed, head });
}

function inTurn(db: Db, seed: Seed, head: number): SecondReader {
  return {
    tags: async () => sumOfTags(db, seed, head),
    damage: async () => damageOf(db),
    wrongStates: async () => wrongStates(db),
    close: async () => {},
  };
}

function beside(asked: Asked): SecondReader {
  // Without the options of the process: some of them are for its own first file alone.
  const worker = new Worker(WORKER, { workerData: asked, execArgv: [] });
  const told = <About extends keyof Told>(about: About): (() => Promise<Told[About]>) => {
    const telling = new Promise<Told[About]>((resolve, reject) => {
      worker.on('message', (message: Partial<Told> & { failed?: string }) => {
        if (about in message) resolve(message[about] as Told[About]);
        else if (message.failed !== undefined) reject(new Error(message.failed));
      });
      worker.on('error', reject);
    });
    // Whoever finds the events changed never asks.
    telling.catch(() => {});
    return () => telling;
  };
  return {
    tags: told('tags'),
    damage: told('damage'),
    wrongStates: told('wrongStates'),
    close: async () => void (await worker.terminate()),
  };
}
