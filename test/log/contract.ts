import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewEvent } from '../../src/event/event.js';
import { AppendFailed, EventTooLarge, WrongRevision, type EventLog } from '../../src/log/event-log.js';
import { describeFollow } from './follow-contract.js';
import { behind, made, many, tooLarge } from './made.js';
import { all, first } from './reading.js';

/** A log under test, on files of its own. */
export interface Opened {
  log: EventLog;
  /** How many groups have been committed. */
  commits(): number;
  /** Lets the next commit fail, with nothing of it kept. */
  failNextCommit(): void;
  /** Closes the log and all that it stands on. */
  close(): Promise<void>;
}

/** What every log must do, whatever keeps it. */
export function describeLog(name: string, open: (folder: string) => Opened): void {
  describe(`the ${name} log`, () => {
    let folder: string;
    let opened: Opened;
    let log: EventLog;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'zonewatch-log-'));
      opened = open(folder);
      log = opened.log;
    });
    afterEach(async () => {
      await opened.close();
      rmSync(folder, { recursive: true });
    });

    const stored = (stream: string, from?: number) => all(log.readStream(stream, from));
    const ids = async (stream: string) => (await stored(stream)).map(({ id }) => id);

    describe('appending', () => {
      test('places the events of a stream in order, from revision 0', async () => {
        const [a, b, c] = many('zone-idlib', 3) as [NewEvent, NewEvent, NewEvent];
        expect(await log.append('zone-idlib', 'none', [a])).toEqual({ revision: 0 });
        expect(await log.append('zone-idlib', 0, [b, c])).toEqual({ revision: 2 });
        expect(await stored('zone-idlib')).toEqual([a, b, c].map((event, revision) => ({ ...event, stream: 'zone-idlib', revision })));
      });

      test.each([
        { expected: 'none' as const, actual: 1 },
        { expected: 0, actual: 1 },
        { expected: 2, actual: 1 },
        { expected: 99, actual: 1 },
      ])('refuses an append that expects $expected of a stream at revision $actual', async ({ expected, actual }) => {
        await log.append('zone-idlib', 'none', many('zone-idlib', 2));
        const refused = log.append('zone-idlib', expected, [made('zone-idlib')]);
        await expect(refused).rejects.toBeInstanceOf(WrongRevision);
        await expect(refused).rejects.toMatchObject({ stream: 'zone-idlib', expected, actual });
        expect(await stored('zone-idlib')).toHaveLength(2);
      });

      test('refuses an append that expects a revision of a stream that does not exist', async () => {
        const refused = log.append('zone-idlib', 0, [made('zone-idlib')]);
        await expect(refused).rejects.toMatchObject({ stream: 'zone-idlib', expected: 0, actual: 'none' });
        await expect(refused).rejects.toBeInstanceOf(WrongRevision);
        expect(await stored('zone-idlib')).toEqual([]);
      });

      test('writes none of the events of an append where one is too large', async () => {
        const [small, other] = many('zone-idlib', 2) as [NewEvent, NewEvent];
        await expect(log.append('zone-idlib', 'none', [small, tooLarge('zone-idlib'), other])).rejects.toBeInstanceOf(EventTooLarge);
        expect(await stored('zone-idlib')).toEqual([]);
        expect(await log.append('zone-idlib', 'none', [small, other])).toEqual({ revision: 1 });
      });

      test('refuses an event that is too large alone, and takes its neighbours in the group', async () => {
        const outcomes = await Promise.allSettled([
          log.append('zone-idlib', 'none', [made('zone-idlib')]),
          log.append('zone-idlib', 0, [tooLarge('zone-idlib')]),
          log.append('zone-idlib', 0, [made('zone-idlib')]),
          log.append('zone-south', 'none', [made('zone-south')]),
        ]);
        expect(outcomes.map(outcomeOf)).toEqual([0, 'EventTooLarge', 1, 0]);
        expect(opened.commits()).toBe(1);
      });

      test('refuses a wrong revision alone, and takes its neighbours in the group', async () => {
        const outcomes = await Promise.allSettled([
          log.append('zone-idlib', 'none', [made('zone-idlib')]),
          log.append('zone-idlib', 'none', [made('zone-idlib')]),
          log.append('zone-idlib', 0, [made('zone-idlib')]),
        ]);
        expect(outcomes.map(outcomeOf)).toEqual([0, 'WrongRevision', 1]);
      });

      test('shows nothing that is not durable yet', async () => {
        const writing = log.append('zone-idlib', 'none', [made('zone-idlib')]);
        expect(await stored('zone-idlib')).toEqual([]);
        await writing;
        expect(await stored('zone-idlib')).toHaveLength(1);
      });
    });

    describe('an append that is repeated', () => {
      test('resolves as the first did and writes nothing, also after the stream has moved on', async () => {
        const [a, b, c] = many('zone-idlib', 3) as [NewEvent, NewEvent, NewEvent];
        await log.append('zone-idlib', 'none', [a, b]);
        expect(await log.append('zone-idlib', 'none', [a, b])).toEqual({ revision: 1 });
        await log.append('zone-idlib', 1, [c]);
        expect(await log.append('zone-idlib', 'none', [a, b])).toEqual({ revision: 1 });
        expect(await log.append('zone-idlib', 1, [c])).toEqual({ revision: 2 });
        expect(await ids('zone-idlib')).toEqual([a.id, b.id, c.id]);
      });

      test('is durable when it resolves, though the first is still being written', async () => {
        const event = made('zone-idlib');
        const first = log.append('zone-idlib', 'none', [event]);
        expect(await log.append('zone-idlib', 'none', [event])).toEqual({ revision: 0 });
        expect(await ids('zone-idlib')).toEqual([event.id]);
        expect(await first).toEqual({ revision: 0 });
      });

      test('is refused where it brings other events as well', async () => {
        const [a, b, c] = many('zone-idlib', 3) as [NewEvent, NewEvent, NewEvent];
        await log.append('zone-idlib', 'none', [a, b]);
        await expect(log.append('zone-idlib', 'none', [a, c])).rejects.toBeInstanceOf(WrongRevision);
        await expect(log.append('zone-idlib', 'none', [a, b, c])).rejects.toBeInstanceOf(WrongRevision);
        expect(await ids('zone-idlib')).toEqual([a.id, b.id]);
      });
    });

    describe('many writers', () => {
      test('who each expect what the one before is still writing all succeed, in one commit', async () => {
        const events = many('zone-idlib', 100);
        const written = await Promise.all(events.map((event, at) => log.append('zone-idlib', behind(at), [event])));
        expect(written.map(({ revision }) => revision)).toEqual(events.map((_, at) => at));
        expect(await ids('zone-idlib')).toEqual(events.map(({ id }) => id));
        expect(opened.commits()).toBe(1);
      });

      test('on different streams share one commit', async () => {
        const streams = Array.from({ length: 100 }, (_, at) => `zone-z${at}`);
        const written = await Promise.all(streams.map((stream) => log.append(stream, 'none', [made(stream)])));
        expect(written).toEqual(streams.map(() => ({ revision: 0 })));
        expect(opened.commits()).toBe(1);
      });

      test('share a commit of at most 256 events', async () => {
        await Promise.all(many('zone-idlib', 600).map((event, at) => log.append('zone-idlib', behind(at), [event])));
        expect(await stored('zone-idlib')).toHaveLength(600);
        expect(opened.commits()).toBe(3);
      });

      test('share a commit of about 1 MiB', async () => {
        const large = Array.from({ length: 40 }, () => made('zone-idlib', 'x'.repeat(50_000)));
        await Promise.all(large.map((event, at) => log.append('zone-idlib', behind(at), [event])));
        expect(opened.commits()).toBe(2);
      });
    });

    describe('a commit that fails', () => {
      test('fails its whole group, and the next append stands where the group would have', async () => {
        await log.append('zone-idlib', 'none', [made('zone-idlib')]);
        opened.failNextCommit();
        const outcomes = await Promise.allSettled([
          log.append('zone-idlib', 0, [made('zone-idlib')]),
          log.append('zone-idlib', 1, many('zone-idlib', 2)),
          log.append('zone-south', 'none', [made('zone-south')]),
        ]);
        expect(outcomes.map(outcomeOf)).toEqual(['AppendFailed', 'AppendFailed', 'AppendFailed']);
        expect(await log.append('zone-idlib', 0, [made('zone-idlib')])).toEqual({ revision: 1 });
        expect(await log.append('zone-south', 'none', [made('zone-south')])).toEqual({ revision: 0 });
        expect((await stored('zone-idlib')).map(({ revision }) => revision)).toEqual([0, 1]);
      });

      test('leaves nothing to expect of what it lost', async () => {
        opened.failNextCommit();
        await expect(log.append('zone-idlib', 'none', many('zone-idlib', 2))).rejects.toBeInstanceOf(AppendFailed);
        const refused = log.append('zone-idlib', 1, [made('zone-idlib')]);
        await expect(refused).rejects.toBeInstanceOf(WrongRevision);
        await expect(refused).rejects.toMatchObject({ expected: 1, actual: 'none' });
      });

      test('may be tried again with the same events', async () => {
        const event = made('zone-idlib');
        opened.failNextCommit();
        await expect(log.append('zone-idlib', 'none', [event])).rejects.toBeInstanceOf(AppendFailed);
        expect(await log.append('zone-idlib', 'none', [event])).toEqual({ revision: 0 });
        expect(await ids('zone-idlib')).toEqual([event.id]);
      });

      test('is not seen by followers', async () => {
        opened.failNextCommit();
        await expect(log.append('zone-idlib', 'none', [made('zone-idlib')])).rejects.toBeInstanceOf(AppendFailed);
        const event = made('zone-south');
        await log.append('zone-south', 'none', [event]);
        expect((await first(log.follow(), 1)).map((entry) => entry.event.id)).toEqual([event.id]);
      });
    });

    describe('reading a stream', () => {
      test('begins in the middle where it is told to, and goes on to the end', async () => {
        const events = many('zone-idlib', 600);
        await log.append('zone-idlib', 'none', events.slice(0, 300));
        await log.append('zone-south', 'none', [made('zone-south')]);
        await log.append('zone-idlib', 299, events.slice(300));
        expect((await stored('zone-idlib', 255)).map(({ id }) => id)).toEqual(events.slice(255).map(({ id }) => id));
        expect((await stored('zone-idlib', 599)).map(({ revision }) => revision)).toEqual([599]);
        expect(await stored('zone-idlib', 600)).toEqual([]);
      });

      test('finds a stream that does not exist empty', async () => {
        await log.append('zone-idlib', 'none', [made('zone-idlib')]);
        expect(await stored('zone-south')).toEqual([]);
      });
    });

    describeFollow(() => log);

    describe('closing', () => {
      test('finishes what is being written', async () => {
        const writing = log.append('zone-idlib', 'none', [made('zone-idlib')]);
        await log.close();
        expect(await writing).toEqual({ revision: 0 });
      });

      test('refuses every later append', async () => {
        await log.close();
        await expect(log.append('zone-idlib', 'none', [made('zone-idlib')])).rejects.toBeInstanceOf(AppendFailed);
      });
    });
  });
}

function outcomeOf(outcome: PromiseSettledResult<{ revision: number }>): number | string {
  return outcome.status === 'fulfilled' ? outcome.value.revision : (outcome.reason as Error).constructor.name;
}
