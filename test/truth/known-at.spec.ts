import { sample } from '../support/sample.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';

const COLLECTIONS = ['parties', 'zones', 'agreements', 'deployments', 'statements', 'talks', 'commitments', 'diary'];

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

test('atSequence reads what a record of the first events alone would, for every sequence of the sample', async () => {
  const lines = sample();
  const grown: unknown[] = [await everything('')];
  for (const line of lines) {
    const [reply] = await app.feed([line]);
    expect(reply).toMatchObject({ sequence: grown.length });
    grown.push(await everything(''));
  }
  for (const [sequence, held] of grown.entries()) {
    const { stringify } = JSON;
    // Compared as text: the order of fields and lists is part of what is read.
    const read = stringify(await everything(`&atSequence=${sequence}`));
    if (read !== stringify(held)) expect([sequence, JSON.parse(read)]).toEqual([sequence, held]);
  }
}, 120_000);
