import { randomUUID } from 'node:crypto';
import { expectSame, expectThat, shown } from './expectation.js';
import { passes, type Filter } from './messages.js';
import { expectEvents, newZone } from './record.js';
import type { Check, Scene } from './scene.js';

const section = 'Server-sent events';

/** Reads a stream up to the head, and holds it against the record behind a place. */
async function expectStream(scene: Scene, after: number, query: string, headers: Record<string, string> = {}, filter: Filter = {}) {
  const head = await scene.head();
  const { stream, response } = await scene.stream(query, headers);
  expectThat(response.ok, `expected a stream for ${query}, and came ${response.status}`);
  const came = await stream.upTo(head);
  const last = came.at(-1)?.sequence ?? 0;
  const all = await scene.record.between(after, Math.max(head, last));
  expectEvents(
    came,
    all.filter((event) => passes(filter, event)),
  );
  return { stream, response };
}

async function expectRefusal(scene: Scene, status: number, code: string | undefined, query: string, headers: Record<string, string> = {}) {
  const { response } = await scene.stream(query, headers);
  expectSame(`the status of ${query} ${shown(headers)}`, response.status, status);
  const told = (await response.json()) as { code?: unknown };
  if (code !== undefined) expectSame(`the code of ${query} ${shown(headers)}`, told.code, code);
}

export const STREAMS: readonly Check[] = [
  {
    section,
    name: 'a stream tells when to come back, and has every event with its type and its place, then progress at the head',
    async run(scene) {
      const { stream, response } = await expectStream(scene, 0, 'after=start');
      const type = response.headers.get('content-type') ?? '';
      expectThat(type.startsWith('text/event-stream'), `the content-type is ${type}`);
      expectThat(Number.isInteger(stream.retry), `expected a line with retry in milliseconds, and it is ${shown(stream.retry)}`);
    },
  },
  {
    section,
    name: 'after takes a sequence, <epoch>:<sequence>, start or now, which is the default',
    async run(scene) {
      const head = await scene.head();
      const half = Math.floor(head / 2);
      await expectStream(scene, half, `after=${half}`);
      await expectStream(scene, half, `after=${scene.record.epoch}:${half}`);
      for (const query of ['', 'after=now']) {
        const { stream } = await scene.stream(query);
        const { event, to } = await stream.next('progress at the head');
        expectThat(event === 'progress' && to >= head, `expected progress at ${head} for now, and came ${event} at ${to}`);
      }
    },
  },
  {
    section,
    name: 'Last-Event-ID goes before after',
    async run(scene) {
      const head = await scene.head();
      const half = Math.floor(head / 2);
      for (const id of [`${scene.record.epoch}:${half}`, `${half}`])
        await expectStream(scene, half, 'after=start', { 'last-event-id': id });
    },
  },
  {
    section,
    name: 'the axes are query parameters, repeated or with commas',
    async run(scene) {
      const all = await scene.record.between(0, await scene.head(1));
      const [one, other] = [all[0]!.type, all.at(-1)!.type];
      const kinds = [...new Set(all.map(({ stream }) => stream.slice(0, stream.indexOf('-'))))].slice(0, 2);
      const about = all.at(-1)!.about[0]!;
      await expectStream(scene, 0, `after=start&types=${one},${other}`, {}, { types: [one, other] });
      await expectStream(scene, 0, `after=start&types=${one}&types=${other}`, {}, { types: [one, other] });
      await expectStream(scene, 0, `after=start&kinds=${kinds.join()}&subjects=${about}`, {}, { kinds, subjects: [about] });
      await expectStream(scene, 0, 'after=start&zones=zone-conformance-nobody', {}, { zones: ['zone-conformance-nobody'] });
    },
  },
  {
    section,
    name: "another record's id is refused with 410, as other-record",
    async run(scene) {
      const id = `${randomUUID()}:0`;
      await expectRefusal(scene, 410, 'other-record', `after=${id}`);
      await expectRefusal(scene, 410, 'other-record', 'after=start', { 'last-event-id': id });
    },
  },
  {
    section,
    name: 'a position beyond the head is refused with 400, as future-position',
    async run(scene) {
      const beyond = (await scene.head()) + 1_000_000;
      await expectRefusal(scene, 400, 'future-position', `after=${beyond}`);
      await expectRefusal(scene, 400, 'future-position', 'after=start', { 'last-event-id': `${scene.record.epoch}:${beyond}` });
    },
  },
  {
    section,
    name: 'what a stream does not know is refused with 400',
    async run(scene) {
      for (const query of ['colours=red', 'zones=aleppo', 'zones=party-a', 'kinds=volcano', 'types=VolcanoErupted', 'after=yesterday'])
        await expectRefusal(scene, 400, undefined, query);
    },
  },
  {
    section,
    name: 'what is recorded comes to a stream at the head, and progress where a filter passes it over',
    needs: 'append',
    async run(scene) {
      const start = await scene.head();
      const [{ stream }, { stream: filtered }] = [await scene.stream('after=now'), await scene.stream('after=now&kinds=party')];
      for (const each of [stream, filtered]) await each.upTo(start);
      const { zones, head } = await scene.append([newZone(), newZone()]);
      const came = [];
      for (let to = start; to < head;) {
        const sent = await stream.next('the event that was recorded');
        if (sent.recorded) came.push(sent.recorded);
        to = Math.max(to, sent.to);
      }
      const own = came.filter(({ stream: of }) => zones.includes(of)).map(({ stream: of }) => of);
      expectSame('the zones that were recorded', own, zones);
      const passedOver = await filtered.upTo(head);
      expectThat(
        passedOver.every((event) => passes({ kinds: ['party'] }, event)),
        `kinds=party let ${shown(passedOver)} pass`,
      );
    },
  },
];
