import { readFileSync } from 'node:fs';
import { readConfig } from '../src/config.js';
import { startWatched, type WatchedApp } from './support/watched-app.js';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const OPERATE = read('docs/OPERATE.md');

/** What the first column of the tables of a section of docs/OPERATE.md names. */
const rowsOf = (title: string) => {
  const section = OPERATE.split(/^## /m).find((one) => one.startsWith(`${title}\n`))!;
  return [...section.matchAll(/^\| `([\w-]+)`/gm)].map(([, name]) => name!);
};
const unique = (names: Iterable<string>) => [...new Set(names)].sort();

let app: WatchedApp;
beforeAll(async () => void (app = await startWatched({}, 'silent')));
afterAll(() => app.stop());

/** The metrics that are there, each with what Prometheus makes of it. */
async function metrics(): Promise<{ own: string[]; series: Set<string> }> {
  const text = await (await app.ask('/metrics')).text();
  const all = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => ({ name: name!, type: type! }));
  const series = all.flatMap(({ name, type }) => [
    name,
    ...(type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : []),
  ]);
  return { own: all.map(({ name }) => name).filter((name) => name.startsWith('zonewatch_')), series: new Set(series) };
}

test('docs/OPERATE.md lists the metrics that there are, and no others', async () => {
  expect(unique(rowsOf('Metrics'))).toEqual(unique((await metrics()).own));
});

test('docs/OPERATE.md lists the checks of /health/ready, and no others', async () => {
  const { checks } = (await (await app.ask('/health/ready')).json()) as { checks: object };
  expect(unique(rowsOf('Health'))).toEqual(unique(Object.keys(checks)));
});

test.each(['ops/grafana/zonewatch.json', 'ops/prometheus/alerts.yml'])('%s asks for metrics that there are', async (path) => {
  const named = unique([...read(path).matchAll(/\b(?:zonewatch|nodejs|process)_[a-z0-9_]*[a-z0-9]/g)].map(([name]) => name));
  const { series } = await metrics();
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !series.has(name))).toEqual([]);
});

test('README.md and .env.example name each setting that is read, and no others', () => {
  const asked = new Set<string>();
  // Those of tokens and traces are only asked for where there are such.
  const given: Record<string, string> = { ZONEWATCH_JWT_SECRET: 'x'.repeat(16), OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example' };
  readConfig(new Proxy(given, { get: (env, name) => (asked.add(String(name)), env[String(name)]) }));
  const own = unique([...asked].filter((name) => !name.startsWith('OTEL_')));
  const [settings] = /^## Settings$[\s\S]*?(?=^## )/m.exec(read('README.md'))!;
  expect(unique([...settings.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name!).filter((name) => !name.startsWith('OTEL_')))).toEqual(
    own,
  );
  expect(
    unique([...read('.env.example').matchAll(/^#([A-Z_]+)=/gm)].map(([, name]) => name!).filter((name) => !name.startsWith('OTEL_'))),
  ).toEqual(own);
});
