import type { RecordedEvent } from '../../src/event/event.js';
import { follow, type Closed, type Following } from '../../src/client/index.js';
import { openSource } from '../../src/audit/open-source.js';
import { verify } from '../../src/audit/verify.js';
import { Reporters, type Report } from '../support/reporters.js';
import { KEY } from '../support/start-process.js';

const ZONES = 8;

/** How many reports of one round were answered for, and how many were not. */
export interface Told {
  taken: number;
  refused: number;
}

/** Those who write to a service and those who follow it, whatever becomes of it, and what each of them was told. */
export class Newsroom {
  /** All that was ever sent, with its reply where one came. */
  readonly reports: Report[] = [];
  readonly closed: Closed[] = [];
  private readonly followers: { following: Following; sequences: number[] }[] = [];
  private rounds = 0;

  /** Makes the zones that are written about. */
  async open(address: string): Promise<void> {
    const reporters = new Reporters(address);
    for (let zone = 0; zone < ZONES; zone++) await reporters.create(`z${zone}`);
    reporters.close();
  }

  /**
   * Lets so many write, one report after another. A step is asked after each answer until it says that it is done, then the next one; when
   * all are done, the writing ends. After a refusal each writer waits a moment, as it is told to.
   */
  async write(address: string, writers: number, steps: readonly ((told: Told) => boolean)[]): Promise<void> {
    const round = this.rounds++;
    const reporters = new Reporters(address);
    const told: Told = { taken: 0, refused: 0 };
    let step = 0;
    const goesOn = () => {
      if (steps[step]?.(told)) step += 1;
      return step < steps.length;
    };
    const writer = async (name: number) => {
      for (let at = 0; goesOn(); at++) {
        const report: Report = { zone: `z${(name + at) % ZONES}`, text: `${round}-${name}-${at}` };
        this.reports.push(report);
        if (await reporters.send(report)) told.taken += 1;
        else {
          told.refused += 1;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    };
    await Promise.all(Array.from({ length: writers }, (_, name) => writer(name)));
    reporters.close();
  }

  /** Sends again, under its key, what got no reply. */
  async repeat(address: string): Promise<void> {
    const reporters = new Reporters(address);
    await Promise.all(this.unanswered.map((report) => reporters.send(report)));
    reporters.close();
  }

  get unanswered(): Report[] {
    return this.reports.filter(({ reply }) => !reply);
  }

  /** Lets so many follow, with the client library. Resolves when all of them are at the head. */
  async follow(url: string, count: number): Promise<void> {
    const live: Promise<void>[] = [];
    for (let more = 0; more < count; more++) {
      const name = this.followers.length;
      const sequences: number[] = [];
      const onEvents = (events: readonly RecordedEvent[]) => void sequences.push(...events.map(({ sequence }) => sequence));
      const filter = name % 4 === 3 ? { zones: [`zone-z${name % ZONES}`] } : undefined;
      const isLive = new Promise<void>((onLive) => {
        const following = follow({ url, token: KEY, filter, onEvents, onLive: () => onLive(), onClosed: (told) => this.closed.push(told) });
        this.followers.push({ following, sequences });
      });
      live.push(isLive);
    }
    await Promise.all(live);
  }

  /** Waits for each follower, and checks that it has all that its filter lets pass, once and in order. */
  async checkFollowers(address: string): Promise<void> {
    const recorded = await eventsOf(address);
    for (const [name, { following, sequences }] of this.followers.entries()) {
      const zone = `zone-z${name % ZONES}`;
      const wanted = recorded.filter(({ about }) => name % 4 !== 3 || about.includes(zone)).map(({ sequence }) => sequence);
      while ((following.position ?? 0) < wanted.at(-1)!) await new Promise((resolve) => setTimeout(resolve, 20));
      await following.close();
      expect(sequences).toEqual(wanted);
    }
    this.followers.length = 0;
  }

  /**
   * Every report that was answered stands where its reply said, and once; none that was refused stands there, but where its caller was told
   * that it may, or told nothing; there are no gaps, and `recordedAt` never goes back.
   */
  async checkRecord(address: string): Promise<RecordedEvent[]> {
    const recorded = await eventsOf(address);
    expect(recorded.map(({ sequence }) => sequence)).toEqual(recorded.map((_, at) => at + 1));
    const times = recorded.map(({ recordedAt }) => recordedAt);
    expect(times).toEqual([...times].sort());
    const incidents = recorded.filter(({ type }) => type === 'ZoneIncidentReported');
    const places = new Map(
      incidents.map(({ commandKey, id, stream, revision, sequence }) => [commandKey, { eventId: id, stream, revision, sequence }]),
    );
    expect(places.size).toBe(incidents.length);
    for (const { text, reply, refused } of this.reports) {
      if (reply) expect({ text, ...places.get(text) }).toEqual({ text, ...reply, id: undefined });
      else if (refused === 'log-unavailable') expect([text, places.get(text)]).toEqual([text, undefined]);
    }
    return recorded;
  }
}

async function eventsOf(address: string): Promise<RecordedEvent[]> {
  const headers = { authorization: `Bearer ${KEY}`, accept: 'application/x-ndjson' };
  const text = await (await fetch(`${address}/v1/events`, { headers })).text();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RecordedEvent);
}

/** What an auditor finds amiss with a data folder that nobody writes to. */
export async function findingsIn(folder: string): Promise<readonly unknown[]> {
  const source = await openSource(folder);
  try {
    return (await verify(source)).findings;
  } finally {
    await source.close();
  }
}
