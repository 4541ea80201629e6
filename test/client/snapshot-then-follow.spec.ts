import { setTimeout as sleep } from 'node:timers/promises';
import { snapshotThenFollow, type Change, type Snapshot, type SnapshotOptions } from '../../src/client/index.js';
import type { State } from '../../src/folding/state.js';
import { KEY, startApp, stopApp, type TestApp } from '../support/start-app.js';

const told = { occurred: '2017-05-04', sources: [{ publisher: 'TASS' }] };
const party = (id: string) => ({ command: 'parties/register', body: { id, name: { en: id }, kind: 'other', occurred: '2017' } });
const zone = (id: string) => ({ command: 'zones/report', body: { ...told, id, name: { en: id } } });
const on = (id: string, verb: string, body = {}) => ({ command: `zones/${verb}`, id, body: { ...told, ...body } });

let app: TestApp;
beforeAll(async () => void (app = await startApp()));
afterAll(() => stopApp(app));

/** Reads on until a change of an event at a sequence, and keeps the last state of each subject. */
async function mirror(
  options: Partial<SnapshotOptions>,
  to: () => number | undefined,
  each: (what: Snapshot | Change) => unknown = () => {},
) {
  const states = new Map<string, State | undefined>();
  const changes: Change[] = [];
  for await (const what of snapshotThenFollow({ url: app.address, token: KEY, collection: 'zones', ...options })) {
    if (what.kind === 'snapshot') for (const state of what.states) states.set(state.stream, state);
    else {
      states.set(what.stream, what.state);
      changes.push(what);
    }
    await each(what);
    if (what.kind === 'change' && what.event.sequence === to()) break;
  }
  return { states, changes };
}
/** All zones, as they are now. */
async function zones(): Promise<Map<string, State>> {
  const { data, next } = (await app.get('/v1/zones?limit=1000')).json;
  const { data: more } = (await app.get(`/v1/zones?limit=1000&after=${next}`)).json;
  return new Map([...(data as State[]), ...(more as State[])].map((state) => [state.stream, state]));
}

describe('a snapshot that is followed', () => {
  test('ends as the service reads, whatever is recorded during and behind it', async () => {
    await app.feed([party('russia'), ...Array.from({ length: 1_200 }, (_, at) => zone(`zone-${at}`))]);
    let last: number | undefined;
    const write = async () => {
      const lines = Array.from({ length: 40 }, (_, at) => [on(`zone-${at}`, 'agree'), zone(`new-${at}`), on(`new-${at}`, 'suspend')]);
      const replies = await app.feed([...lines.flat(), party('unheard'), zone('last')]);
      last = replies.at(-1)!['sequence'] as number;
    };
    const kinds: string[] = [];
    const { states, changes } = await mirror({}, () => last, async (what) => {
      kinds.push(what.kind);
      if (what.kind === 'snapshot') {
        expect([what.states.length, what.sequence, what.epoch]).toEqual([1_200, 1_201, app.record.reader.epoch]);
        await write();
      } else expect(what.sequence).toBeGreaterThanOrEqual(what.event.sequence);
    }); // prettier-ignore
    expect(states.size).toBe(1_241);
    expect(states).toEqual(await zones());
    expect(kinds.filter((kind) => kind === 'snapshot')).toEqual(['snapshot']);
    expect(changes.map(({ event }) => event.sequence)).toEqual([...Array(120).keys()].map((at) => 1_202 + at).concat(last!));
  });

  test('tells what the events of others change, and keeps to what it is asked for', async () => {
    await app.feed([party('turkey'), party('iran'), zone('asked')]);
    const role = { party: 'party-turkey', role: 'guarantor', status: 'accepted' };
    let last: number | undefined;
    const options = { collection: 'parties', filter: { about: ['party-turkey'] } } as const;
    const { states, changes } = await mirror(options, () => last, async ({ kind }) => {
      if (kind === 'change') return;
      const other = on('asked', 'name-role', { ...role, party: 'party-iran' });
      last = (await app.feed([other, on('asked', 'name-role', role)])).at(-1)!['sequence'] as number;
    }); // prettier-ignore
    expect([...states.keys()]).toEqual(['party-turkey']);
    expect(changes).toMatchObject([{ stream: 'party-turkey', event: { stream: 'zone-asked' }, state: { roles: [{ in: 'zone-asked' }] } }]);

    const asQuery = { asOf: '2016' };
    const early = await mirror({ asQuery }, () => last, async ({ kind }) => {
      if (kind === 'snapshot') last = (await app.feed([on('asked', 'agree')])).at(-1)!['sequence'] as number;
    }); // prettier-ignore
    expect([early.states.size, early.changes[0]!.state]).toEqual([1, undefined]);
  });

  test('is refused by name, and ends quietly when its signal aborts', async () => {
    await expect(mirror({ token: 'wrong' }, () => 0)).rejects.toMatchObject({ name: 'ReadRefused', status: 401, code: 'unauthorized' });
    const about = ['idlib'];
    await expect(mirror({ filter: { about } }, () => 0)).rejects.toMatchObject({ name: 'ReadRefused', code: 'bad-query' });
    for (const url of [app.address, 'http://127.0.0.1:9']) {
      const stopping = new AbortController();
      const ended = mirror({ url, signal: stopping.signal }, () => undefined);
      await sleep(50);
      stopping.abort();
      await ended;
    }
  });
});
