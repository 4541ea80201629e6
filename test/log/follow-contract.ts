import type { NewEvent } from '../../src/event/event.js';
import type { EventLog } from '../../src/log/event-log.js';
import { behind, made, many } from './made.js';
import { all, first } from './reading.js';

/** What following a log must do. `current` gives the log of the test that runs. */
export function describeFollow(current: () => EventLog): void {
  describe('following', () => {
    let log: EventLog;
    let end: AbortController;
    beforeEach(() => {
      log = current();
      end = new AbortController();
    });
    afterEach(() => end.abort());

    /** Appends events one by one to the end of a stream that has so many. */
    const appendEach = async (events: readonly NewEvent[], after: number) => {
      for (const [at, event] of events.entries()) await log.append('zone-idlib', behind(after + at), [event]);
    };
    const idsOf = (entries: readonly { event: { id: string } }[]) => entries.map(({ event }) => event.id);

    test('tells every event from the beginning, across streams, in one order', async () => {
      const events = [made('zone-idlib'), made('zone-south'), made('zone-idlib'), made('zone-idlib')];
      const [a, b, c, d] = events as [NewEvent, NewEvent, NewEvent, NewEvent];
      await log.append('zone-idlib', 'none', [a]);
      await log.append('zone-south', 'none', [b]);
      await log.append('zone-idlib', 0, [c, d]);
      const entries = await first(log.follow(), 4);
      expect(idsOf(entries)).toEqual(events.map(({ id }) => id));
      expect(entries.map(({ event }) => [event.stream, event.revision])).toEqual([
        ['zone-idlib', 0],
        ['zone-south', 0],
        ['zone-idlib', 1],
        ['zone-idlib', 2],
      ]);
    });

    test('tells the same of an event as reading its stream', async () => {
      await log.append('zone-idlib', 'none', many('zone-idlib', 3));
      const entries = await first(log.follow(), 3);
      expect(entries.map(({ event }) => event)).toEqual(await all(log.readStream('zone-idlib')));
    });

    test('resumes behind the event whose cursor it is given, whichever that is', async () => {
      const events = many('zone-idlib', 600);
      await log.append('zone-idlib', 'none', events);
      const entries = await first(log.follow(), 600);
      expect(idsOf(entries)).toEqual(events.map(({ id }) => id));
      for (const at of [0, 254, 255, 256, 598]) {
        const rest = await first(log.follow(entries[at]!.next), 599 - at);
        expect(idsOf(rest)).toEqual(events.slice(at + 1).map(({ id }) => id));
        expect(rest.at(-1)!.next).toBe(entries.at(-1)!.next);
      }
    });

    test('goes on with what is appended while it reads', async () => {
      const before = many('zone-idlib', 300);
      const during = many('zone-idlib', 40);
      await log.append('zone-idlib', 'none', before);
      let appending = Promise.resolve();
      const seen: string[] = [];
      for await (const { event } of log.follow(undefined, end.signal)) {
        seen.push(event.id);
        if (seen.length === 100) appending = appendEach(during, 300);
        // Lets what is being appended come in between.
        if (seen.length % 3 === 0) await new Promise(setImmediate);
        if (seen.length === 340) break;
      }
      await appending;
      expect(seen).toEqual([...before, ...during].map(({ id }) => id));
    });

    test('waits at the end for what comes, one after another', async () => {
      const entries = log.follow(undefined, end.signal)[Symbol.asyncIterator]();
      for (const [at, event] of many('zone-idlib', 5).entries()) {
        const next = entries.next();
        await log.append('zone-idlib', behind(at), [event]);
        expect((await next).value.event.id).toBe(event.id);
      }
    });

    test('misses nothing and doubles nothing while many write', async () => {
      const following = [first(log.follow(), 1_000), first(log.follow(), 1_000), first(log.follow(), 1_000)];
      const writers = Array.from({ length: 10 }, async (_, writer) => {
        const stream = `zone-z${writer}`;
        for (const [at, event] of many(stream, 100).entries()) await log.append(stream, behind(at), [event]);
      });
      await Promise.all(writers);
      const [one, ...others] = await Promise.all(following);
      expect(new Set(idsOf(one!)).size).toBe(1_000);
      for (const other of others) expect(other).toEqual(one);
      expect(await first(log.follow(), 1_000)).toEqual(one);
    });

    test('ends a follower that waits when its signal is aborted', async () => {
      await log.append('zone-idlib', 'none', [made('zone-idlib')]);
      const entries = log.follow(undefined, end.signal)[Symbol.asyncIterator]();
      await entries.next();
      const waiting = entries.next();
      end.abort();
      expect((await waiting).done).toBe(true);
    });

    test('ends a follower in the middle when its signal is aborted', async () => {
      await log.append('zone-idlib', 'none', many('zone-idlib', 10));
      const seen: string[] = [];
      for await (const { event } of log.follow(undefined, end.signal)) if (seen.push(event.id) === 3) end.abort();
      expect(seen).toHaveLength(3);
    });

    test('tells nothing to a follower whose signal was aborted before', async () => {
      await log.append('zone-idlib', 'none', [made('zone-idlib')]);
      end.abort();
      expect(await all(log.follow(undefined, end.signal))).toEqual([]);
    });

    test('goes on for the others when one ends', async () => {
      const [one, other] = [log.follow(undefined, end.signal), log.follow()].map((entries) => entries[Symbol.asyncIterator]());
      const [ended, waiting] = [one!.next(), other!.next()];
      end.abort();
      expect((await ended).done).toBe(true);
      const event = made('zone-idlib');
      await log.append('zone-idlib', 'none', [event]);
      expect((await waiting).value.event.id).toBe(event.id);
    });

    test('ends when the log closes, waiting or in the middle', async () => {
      await log.append('zone-idlib', 'none', many('zone-idlib', 10));
      const waiting = all(log.follow());
      const middle = log.follow()[Symbol.asyncIterator]();
      await middle.next();
      await first(log.follow(), 10);
      await log.close();
      expect((await middle.next()).done).toBe(true);
      expect(await waiting).toHaveLength(10);
    });

    test('ends at once where the log is closed', async () => {
      await log.append('zone-idlib', 'none', [made('zone-idlib')]);
      await log.close();
      expect(await all(log.follow())).toEqual([]);
    });
  });
}
