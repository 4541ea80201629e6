import { randomUUID } from 'node:crypto';
import { expectSame, expectThat } from './expectation.js';
import { expectEvents, newZone } from './record.js';
import type { Check } from './scene.js';

const section = 'Subscribing';

/** How many subscriptions a socket may have. */
const MOST = 50;

/** What is no `subscribe`, as the arguments of one. */
const NO_SUBSCRIBES: unknown[][] = [
  [],
  [null],
  [[]],
  [[{ after: 'now' }]],
  ['now'],
  [5],
  [true],
  [{}],
  [{ after: null }],
  [{ after: -1 }],
  [{ after: 1.5 }],
  [{ after: '5' }],
  [{ after: 'later' }],
  [{ after: 'now', epoch: 5 }],
  [{ after: 'now', colour: 'red' }],
  [{ after: 'now' }, 'more'],
];

const NO_UNSUBSCRIBES: unknown[][] = [
  [],
  [null],
  [[]],
  ['all'],
  [5],
  [{}],
  [{ subscription: null }],
  [{ subscription: 5 }],
  [{ subscription: 'of-nobody' }],
  [{ subscription: 'of-nobody' }, 'more'],
];

const nobody = (at: number) => ({ zones: [`zone-conformance-nobody-${at}`] });

export const SUBSCRIBING: readonly Check[] = [
  {
    section,
    name: 'a subscribe is acknowledged with its subscription, the epoch of the record and its head',
    async run(scene) {
      const before = await scene.head();
      const { epoch, head } = await scene.follow({ after: 'now', epoch: scene.record.epoch });
      const after = await scene.head();
      expectSame('the epoch', epoch, scene.record.epoch);
      expectThat(head >= before && head <= after, `the head was told as ${head}, and went from ${before} to ${after} over HTTP`);
    },
  },
  {
    section,
    name: 'what is no subscribe is acknowledged all the same, as a bad-request',
    async run(scene) {
      const probe = await scene.dial();
      for (const args of NO_SUBSCRIBES) await probe.refused('subscribe', args, 'bad-request');
      await (await probe.subscribe({ after: 'now' })).toHead();
    },
  },
  {
    section,
    name: 'what is no unsubscribe is acknowledged as a bad-request, and ends nothing',
    async run(scene) {
      const probe = await scene.dial();
      const followed = await probe.subscribe({ after: 'now' });
      for (const args of NO_UNSUBSCRIBES) await probe.refused('unsubscribe', args, 'bad-request');
      await followed.toHead();
      await followed.unsubscribe();
    },
  },
  {
    section,
    name: 'what the protocol does not know is refused, and what is sent without an acknowledgement harms nobody',
    async run(scene) {
      const [witness, probe] = [await scene.follow({ after: 'now' }), await scene.dial()];
      await probe.refused('resubscribe', [{ after: 'now' }], 'bad-request');
      for (const name of ['resubscribe', 'events', 'closed', 'live', '', '__proto__', 'constructor'])
        for (const args of [[], [null], [{ subscription: 'x' }, []]]) probe.socket.emit(name, ...args);
      for (const args of [...NO_SUBSCRIBES, ...NO_UNSUBSCRIBES]) probe.socket.emit('unsubscribe', ...args);
      for (const message of [null, {}, { after: -1 }]) probe.socket.emit('subscribe', message);
      await (await probe.subscribe({ after: 'now' })).toHead();
      await witness.toHead();
    },
  },
  {
    section,
    name: 'a subscription is the same for the same filter everywhere, and another for another',
    async run(scene) {
      const [one, other] = [await scene.dial(), await scene.dial()];
      const first = await one.subscribe({ after: 'now', filter: { zones: ['zone-b', 'zone-a', 'zone-b'], kinds: ['zone', 'party'] } });
      const same = await other.subscribe({ after: 'now', filter: { kinds: ['party', 'zone', 'party'], zones: ['zone-a', 'zone-b'] } });
      expectSame('the subscription of one filter, in another order and with doubles', same.id, first.id);
      const another = await other.subscribe({ after: 'now', filter: { kinds: ['party', 'zone'], zones: ['zone-a'] } });
      expectThat(another.id !== first.id, `two filters have the subscription ${first.id}`);
      const [everything, empty] = [await one.subscribe({ after: 'now' }), await other.subscribe({ after: 'now', filter: {} })];
      expectSame('the subscription without axes', empty.id, everything.id);
      for (const followed of [first, same, another, everything, empty]) await followed.toHead();
    },
  },
  {
    section,
    name: 'a second subscription with one filter on a socket is refused as a duplicate-subscription, and the first one goes on',
    async run(scene) {
      const probe = await scene.dial();
      const first = await probe.subscribe({ after: 'start', filter: { kinds: ['party', 'zone'] } });
      const again = { after: 'now', filter: { kinds: ['zone', 'party', 'zone'] } };
      await probe.refused('subscribe', [again], 'duplicate-subscription');
      await first.toHead();
      await probe.refused('subscribe', [again], 'duplicate-subscription');
    },
  },
  {
    section,
    name: 'a position beyond the head is refused as a future-position, for now',
    async run(scene) {
      const probe = await scene.dial();
      await probe.refused('subscribe', [{ after: (await scene.head()) + 1_000_000 }], 'future-position');
      await (await probe.subscribe({ after: await scene.head() })).toHead();
    },
  },
  {
    section,
    name: 'the epoch of another record is refused as other-record, for good',
    async run(scene) {
      const probe = await scene.dial();
      await probe.refused('subscribe', [{ after: 0, epoch: randomUUID() }], 'other-record');
      await (await probe.subscribe({ after: 'now', epoch: scene.record.epoch })).toHead();
    },
  },
  {
    section,
    name: `subscription ${MOST + 1} of a socket is refused as too-many-subscriptions, for now, and the ${MOST} stay`,
    async run(scene) {
      const probe = await scene.dial();
      const all = [];
      for (let at = 0; at < MOST; at++) all.push(await probe.subscribe({ after: 'now', filter: nobody(at) }));
      const oneMore = { after: 'now', filter: nobody(MOST) } as const;
      await probe.refused('subscribe', [oneMore], 'too-many-subscriptions');
      for (const followed of all) await followed.toHead();
      for (const followed of all) await followed.unsubscribe();
      await (await probe.subscribe(oneMore)).toHead();
    },
  },
  {
    section,
    name: 'unsubscribe ends a subscription in the middle of its pages, and its filter can be subscribed anew',
    async run(scene) {
      await scene.head(1);
      const probe = await scene.dial();
      const followed = await probe.subscribe({ after: 'start' });
      const page = await followed.next('a page');
      await followed.unsubscribe();
      page.acknowledge?.();
      await scene.quiet();
      await probe.refused('unsubscribe', [{ subscription: followed.id }], 'bad-request');
      const anew = await probe.subscribe({ after: 'start' });
      expectSame('the subscription of one filter', anew.id, followed.id);
      const events = await anew.toHead();
      expectEvents(events, await scene.record.between(0, anew.position));
    },
  },
  {
    section,
    name: 'unsubscribe ends a subscription at the head: what is recorded then is not sent',
    needs: 'append',
    async run(scene) {
      const probe = await scene.dial();
      const followed = await probe.subscribe({ after: 'now' });
      await followed.toHead();
      await followed.unsubscribe();
      const { head } = await scene.append([newZone()]);
      const witness = await probe.subscribe({ after: head - 1, filter: { kinds: ['zone'] } });
      await witness.toHead();
      await scene.quiet();
    },
  },
];
