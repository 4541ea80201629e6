import { canonical } from '../../src/event/canonical.js';
import type { Json } from '../../src/event/event.js';
import { KINDS } from '../../src/event/subject.js';
import { rounds } from '../record/rounds.js';
import { sample } from '../support/sample.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';

const COLLECTIONS = ['parties', 'zones', 'agreements', 'deployments', 'statements', 'talks', 'commitments', 'diary'];

/** A list takes milliseconds over HTTP. With more rounds, every sequence is asked for. */
const EACH = Math.ceil(8 / rounds(1));
const NOW = Date.UTC(2017, 6, 5);

let app: TestApp;
beforeAll(async () => void (app = await startApp()));
afterAll(() => stopApp(app));

/** What every list of states reads. What falls due is judged at one instant. */
async function everything(at: string): Promise<unknown> {
  const reads = COLLECTIONS.map((collection) => `/v1/${collection}?limit=1000&asOf=2020-06-01${at}`);
  const now = ['zones', 'parties'].map((collection) => `/v1/${collection}?limit=1000${at}`);
  const paths = [...reads, ...now, `/v1/zones.geojson?${at.slice(1)}`];
  return Promise.all(paths.map(async (path) => (await app.get(path)).json as unknown));
}

/** Every state that the record has at a place: what those lists are made of. */
async function states(at: number): Promise<string[]> {
  const found: string[] = [];
  for (const kind of KINDS)
    for await (const state of app.record.reader.states(kind, { fields: {} }, { at, now: NOW })) found.push(canonical(state as Json));
  return found;
}

test(`atSequence reads what a record of the first events alone would, for every sequence of the sample and each ${EACH}th over HTTP`, async () => {
  const lines = sample();
  // A test does not lose its power.
  app.record.writer.db.pragma('synchronous = OFF');
  const isServed = (sequence: number) => sequence % EACH === 0 || sequence === lines.length;
  const grown = [{ held: await states(0), served: await everything('') }];
  for (const line of lines) {
    const [reply] = await app.feed([line]);
    const sequence = grown.length;
    expect(reply).toMatchObject({ sequence });
    grown.push({ held: await states(sequence), served: isServed(sequence) && (await everything('')) });
  }
  for (const [sequence, { held, served }] of grown.entries()) {
    expect([sequence, ...(await states(sequence))]).toEqual([sequence, ...held]);
    if (!served) continue;
    // Compared as text: the order of fields and lists is part of what is read.
    const read = await everything(`&atSequence=${sequence}`);
    if (JSON.stringify(read) !== JSON.stringify(served)) expect([sequence, read]).toEqual([sequence, served]);
  }
}, 120_000);
