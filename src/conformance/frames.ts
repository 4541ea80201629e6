import { expectSame, expectThat } from './expectation.js';
import { passes, type Filter } from './messages.js';
import { expectEvents, newZone } from './record.js';
import type { Check } from './scene.js';

const section = 'Frames';

/** What the probe sees to in every check (`Followed`) needs no check of its own: contiguity, bounds, one page at a time. */
export const FRAMES: readonly Check[] = [
  {
    section,
    name: 'from the start come all events, in order and page by page, then live at the head',
    async run(scene) {
      await scene.head(1);
      const followed = await scene.follow({ after: 'start' });
      expectSame('the first from', followed.position, 0);
      const came = await followed.toHead();
      expectEvents(came, await scene.record.between(0, followed.position));
    },
  },
  {
    section,
    name: 'after a sequence come the events behind it',
    async run(scene) {
      const head = await scene.head(1);
      for (const after of new Set([0, 1, Math.floor(head / 2), head - 1, head])) {
        const followed = await scene.follow({ after });
        const came = await followed.toHead();
        expectEvents(came, await scene.record.between(after, followed.position));
      }
    },
  },
  {
    section,
    name: 'after now the first frame begins at the acknowledged head',
    async run(scene) {
      const followed = await scene.follow({ after: 'now' });
      const came = await followed.toHead();
      expectEvents(came, await scene.record.between(followed.head, followed.position));
    },
  },
  {
    section,
    name: 'a page is followed by nothing until it is acknowledged',
    async run(scene) {
      await scene.head(1);
      const followed = await scene.follow({ after: 'start' });
      let frame = await followed.next('a page');
      for (let page = 0; page < 2 && frame.acknowledge; page++) {
        await scene.quiet();
        frame.acknowledge();
        frame = await followed.next('the next page, or live');
      }
      frame.acknowledge?.();
    },
  },
  {
    section,
    name: 'the subscriptions of a socket are independent: one that waits holds up no other',
    async run(scene) {
      await scene.head(1);
      const probe = await scene.dial();
      const waiting = await probe.subscribe({ after: 'start' });
      const page = await waiting.next('a page');
      const others = [
        await probe.subscribe({ after: 'start', filter: { kinds: ['zone'] } }),
        await probe.subscribe({ after: 'now', filter: { kinds: ['party'] } }),
      ];
      for (const other of others) await other.toHead();
      await others[0]!.unsubscribe();
      page.acknowledge?.();
      const came = [...page.events, ...(await waiting.toHead())];
      expectEvents(came, await scene.record.between(0, waiting.position));
    },
  },
  {
    section,
    name: 'after a break a subscriber goes on behind what it has, in the same record',
    async run(scene) {
      await scene.head(2);
      const { epoch } = scene.record;
      const cut = await scene.dial();
      const { events } = await (await cut.subscribe({ after: 'start' })).next('a page');
      cut.close();
      // It had taken half of its first page.
      const came = events.slice(0, Math.ceil(events.length / 2));
      const second = await scene.dial();
      const resumed = await second.subscribe({ after: came.at(-1)!.sequence, epoch });
      came.push(...(await resumed.next('a page behind the break')).events);
      second.close();
      const last = await scene.follow({ after: resumed.position, epoch });
      came.push(...(await last.toHead()));
      expectEvents(came, await scene.record.between(0, last.position));
    },
  },
  {
    section,
    name: 'live frames come at once, begin where the one before ended, and ask for no acknowledgement',
    needs: 'append',
    async run(scene) {
      const followed = await scene.follow({ after: 'now' });
      await followed.toHead();
      for (let round = 0; round < 3; round++) {
        const { head } = await scene.append(Array.from({ length: round + 1 }, newZone));
        while (followed.position < head) {
          const after = followed.position;
          const { name, acknowledge, events } = await followed.next('a live frame');
          expectSame('the name of a frame at the head that everything passes', name, 'events');
          expectThat(!acknowledge, 'a live frame asks for an acknowledgement');
          expectEvents(events, await scene.record.between(after, followed.position));
        }
      }
    },
  },
  {
    section,
    name: 'whoever joins while events are recorded, behind the head or at it, misses and doubles nothing',
    needs: 'append',
    async run(scene) {
      const start = (await scene.append([newZone(), newZone(), newZone()])).head;
      const first = await scene.follow({ after: 'now' });
      await first.toHead();
      const behind = await scene.follow({ after: start - 3 });
      const page = await behind.next('a page');
      await scene.append([newZone(), newZone()]);
      const between = await scene.follow({ after: start + 1 });
      page.acknowledge?.();
      const came = [[], [...page.events, ...(await behind.toHead())], await between.toHead()];
      const { head } = await scene.append([newZone(), newZone()]);
      for (const [at, { followed, after }] of [
        { followed: first, after: first.head },
        { followed: behind, after: start - 3 },
        { followed: between, after: start + 1 },
      ].entries()) {
        came[at]!.push(...(await followed.upTo(head)));
        expectEvents(came[at]!, await scene.record.between(after, followed.position));
      }
    },
  },
  {
    section,
    name: 'a filter passes live what it passes behind the head',
    needs: 'append',
    async run(scene) {
      const ids = [newZone(), newZone()];
      const [one, ...others] = ids.map((id) => `zone-${id}`) as [string, string];
      const filters: Filter[] = [
        { zones: [one] },
        { subjects: [one, ...others], types: ['ZoneReported'] },
        { kinds: ['zone'], zones: others },
        { types: ['ZoneReported'] },
        { kinds: ['party'] },
      ];
      const probe = await scene.dial();
      const all = [];
      for (const filter of filters) all.push({ filter, followed: await probe.subscribe({ after: 'now', filter }) });
      for (const { followed } of all) await followed.toHead();
      const { head } = await scene.append(ids);
      for (const { filter, followed } of all) {
        const after = followed.position;
        const came = await followed.upTo(head);
        const recorded = await scene.record.between(after, followed.position);
        expectEvents(
          came,
          recorded.filter((event) => passes(filter, event)),
        );
      }
    },
  },
  {
    section,
    name: 'what a filter passes over moves its subscriber on: in a progress within 10 s, or in the next frame',
    needs: 'append',
    async run(scene) {
      const followed = await scene.follow({ after: 'now', filter: { zones: [`zone-${newZone()}`] } });
      await followed.toHead();
      const idle = (await scene.append([newZone()])).head;
      expectEvents(await followed.upTo(idle), []);
    },
  },
  {
    section,
    name: 'a page that is not acknowledged closes its subscription as consumer-too-slow, and no other',
    async run(scene) {
      await scene.head(1);
      const probe = await scene.dial();
      const other = await probe.subscribe({ after: 'now', filter: { kinds: ['zone'] } });
      await other.toHead();
      const slow = await probe.subscribe({ after: 'start' });
      const { code } = await slow.closed();
      expectSame('the code', code, 'consumer-too-slow');
      const anew = await probe.subscribe({ after: 'start' });
      const came = await anew.toHead();
      expectEvents(came, await scene.record.between(0, anew.position));
      await other.unsubscribe();
    },
  },
];
