import { expectThat, shown, Skipped } from './expectation.js';
import { passes, type Event, type Filter } from './messages.js';
import { expectEvents } from './record.js';
import type { Check, Scene } from './scene.js';

const section = 'Filters';
const AXES = ['zones', 'parties', 'subjects', 'kinds', 'types'] as const;
type Axis = (typeof AXES)[number];

/** What a filter does not know, and the words of which one must be in the refusal. */
const UNKNOWN: [filter: unknown, ...names: string[]][] = [
  [{ colours: ['red'] }, 'colours'],
  [{ zones: ['zone-a'], colours: ['red'] }, 'colours'],
  [{ zones: [] }, 'zones'],
  [{ types: [] }, 'types'],
  [{ parties: 'party-a' }, 'parties'],
  [{ kinds: null }, 'kinds'],
  [{ zones: ['aleppo'] }, 'zones', 'aleppo'],
  [{ zones: ['zone-a', 'party-b'] }, 'zones', 'party-b'],
  [{ parties: ['zone-b'] }, 'parties', 'zone-b'],
  [{ subjects: ['volcano-etna'] }, 'subjects', 'volcano-etna'],
  [{ subjects: [5] }, 'subjects', '5'],
  [{ kinds: ['volcano'] }, 'kinds', 'volcano'],
  [{ types: ['VolcanoErupted'] }, 'types', 'VolcanoErupted'],
];

const zones = (count: number) => Array.from({ length: count }, (_, at) => `zone-conformance-${at}`);

/** The values of an axis that an event passes by. */
const VALUES: Record<Axis, (event: Event) => string[]> = {
  zones: ({ about }) => about.filter((stream) => stream.startsWith('zone-')),
  parties: ({ about }) => about.filter((stream) => stream.startsWith('party-')),
  subjects: ({ about }) => about,
  kinds: ({ stream }) => [stream.slice(0, stream.indexOf('-'))],
  types: ({ type }) => [type],
};
/** The axes that are seen together. */
const TOGETHER: Axis[][] = [
  ['zones', 'parties'],
  ['zones', 'types'],
  ['parties', 'kinds'],
  ['subjects', 'types'],
  ['kinds', 'types'],
  [...AXES],
];
/** How many filters are tried of each kind. */
const TRIES = 4;

/** Some of a list, from all over it. */
function some<T>(list: readonly T[], count = TRIES): T[] {
  return list.filter((_, at) => at % Math.max(1, Math.floor(list.length / count)) === 0).slice(0, count);
}

async function recorded(scene: Scene): Promise<Event[]> {
  return scene.record.between(0, await scene.head(1));
}

/** Follows a filter from the start to the head, and holds what comes against what passes by the suite's own evaluation. */
async function expectFiltered(scene: Scene, filters: readonly Filter[]): Promise<void> {
  const probe = await scene.dial();
  for (const filter of filters) {
    const followed = await probe.subscribe({ after: 'start', filter });
    const came = await followed.toHead();
    const all = await scene.record.between(0, followed.position);
    const strange = came.find((event) => !passes(filter, event));
    expectThat(strange === undefined, `the filter ${shown(filter)} let ${shown(strange)} pass`);
    expectEvents(
      came,
      all.filter((event) => passes(filter, event)),
    );
    await followed.unsubscribe();
  }
}

const byAxis = (axis: Axis): Check => ({
  section,
  name: `a filter by ${axis} passes the events that have any of its values, and ends at the head`,
  async run(scene) {
    const values = [...new Set((await recorded(scene)).flatMap(VALUES[axis]))];
    if (values.length === 0) throw new Skipped(`no event has a value for ${axis}`);
    const single = some(values).map((value) => ({ [axis]: [value] }));
    await expectFiltered(scene, [...single, { [axis]: some(values) }, { [axis]: values.slice(0, 100) }]);
  },
});

export const FILTERS: readonly Check[] = [
  {
    section,
    name: 'an axis or a value that is not known is refused by name, as a bad-filter',
    async run(scene) {
      const probe = await scene.dial();
      for (const [filter, ...names] of UNKNOWN) {
        const message = await probe.refused('subscribe', [{ after: 'now', filter }], 'bad-filter');
        const isNamed = names.some((name) => message.includes(name));
        expectThat(isNamed, `expected that the refusal of ${shown(filter)} names ${names.join(' or ')}, and it says: ${message}`);
      }
      // What is no object has neither an axis nor a value; it may count as a bad message too.
      for (const filter of [null, [], 'all', 5]) await probe.refused('subscribe', [{ after: 'now', filter }], 'bad-filter', 'bad-request');
      await (await probe.subscribe({ after: 'now' })).toHead();
    },
  },
  {
    section,
    name: 'an axis has at most 100 values',
    async run(scene) {
      const probe = await scene.dial();
      const message = await probe.refused('subscribe', [{ after: 'now', filter: { zones: zones(101) } }], 'bad-filter');
      expectThat(message.includes('zones'), `expected that the refusal names zones, and it says: ${message}`);
      await (await probe.subscribe({ after: 'now', filter: { zones: zones(100) } })).toHead();
    },
  },
  ...AXES.map(byAxis),
  {
    section,
    name: 'a filter with several axes passes the events that pass all of them',
    async run(scene) {
      const events = await recorded(scene);
      const filters = TOGETHER.flatMap((axes) => {
        const fitting = events.filter((event) => axes.every((axis) => VALUES[axis](event).length > 0));
        return some(fitting).map((event) => Object.fromEntries(axes.map((axis) => [axis, VALUES[axis](event).slice(0, 100)])) as Filter);
      });
      // Values that are each known and never meet let nothing pass.
      await expectFiltered(scene, [...filters.slice(0, 40), { subjects: [events[0]!.stream], zones: ['zone-conformance-nobody'] }]);
    },
  },
  {
    section,
    name: 'a filter that lets nothing pass leads to the head',
    async run(scene) {
      await expectFiltered(scene, [{ zones: ['zone-conformance-nobody'] }]);
    },
  },
  {
    section,
    name: 'an amendment is about all that the event it amends is about',
    async run(scene) {
      const events = await recorded(scene);
      const byId = new Map(events.map((event) => [event.id, event]));
      const amendments = events.flatMap((event) => {
        const amended = byId.get((event['corrects'] ?? event['retracts'] ?? event['corroborates'] ?? event['disputes']) as string);
        return amended ? [[event, amended] as const] : [];
      });
      if (amendments.length === 0) throw new Skipped('the record has no amendment');
      for (const [{ sequence, about }, amended] of amendments) {
        const missing = amended.about.filter((stream) => !about.includes(stream));
        expectThat(missing.length === 0, `event ${sequence} amends ${amended.sequence}, and is not about ${missing.join(', ')}`);
      }
      const subject = amendments[0]![1].about[0]!;
      await expectFiltered(scene, [{ subjects: [subject], types: [...new Set(amendments.map(([{ type }]) => type))] }]);
    },
  },
];
