import { once } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import { OPEN_METRICS, openMetrics, prefersOpenMetrics, TEXT } from '../../src/metrics/open-metrics.js';
import { KEY } from '../support/start-app.js';
import { samplesIn } from './samples.js';
import { startWatched, zone, type WatchedApp } from '../support/watched-app.js';

let app: WatchedApp;
beforeAll(async () => {
  app = await startWatched();
});
afterAll(() => app.stop());

/** Every sample as it stands there. */
async function samples(): Promise<Record<string, number>> {
  return samplesIn(await (await app.ask('/metrics')).text());
}

/** By how much samples grow with what is done. */
async function grown(act: () => Promise<unknown>, ...names: string[]): Promise<number[]> {
  const before = await samples();
  await act();
  const after = await samples();
  return names.map((name) => (after[name] ?? 0) - (before[name] ?? 0));
}

const report = (id: string) => app.ask('/v1/zones', zone(id)).then((answer) => answer.text());

describe('what is counted', () => {
  test('commands by what came of them, and the events that they made', async () => {
    const act = async () => {
      await report('idlib');
      await report('idlib');
      await (await app.ask('/v1/zones', { ...zone('idlib'), body: '{}' })).text();
      await (await app.ask('/v1/zones/nowhere/suspend', zone('x'))).text();
    };
    const counts = await grown(
      act,
      'zonewatch_commands_total{outcome="recorded",code=""}',
      'zonewatch_commands_total{outcome="repeated",code=""}',
      'zonewatch_commands_total{outcome="refused",code="malformed"}',
      'zonewatch_events_appended_total',
      'zonewatch_commit_duration_seconds_count',
      'zonewatch_commit_group_events_sum',
      'zonewatch_record_sequence',
    );
    expect(counts).toEqual([1, 1, 2, 1, 1, 1, 1]);
    expect(await samples()).toMatchObject({ zonewatch_projection_lag_events: 0, 'zonewatch_writer_failing{reason="disk-full"}': 0 });
  });

  test('requests by the template of their route, never by what a caller wrote', async () => {
    const act = async () => {
      await (await app.ask('/v1/zones/idlib')).text();
      await (await app.ask('/v1/zones/no-such-zone')).text();
      await (await app.ask('/of/no/route')).text();
      await (await app.ask('/v1/zones/%zz')).text();
    };
    const name = (route: string, status: string) =>
      `zonewatch_http_request_duration_seconds_count{method="GET",route="${route}",status="${status}"}`;
    expect(await grown(act, name('/v1/:collection/:id', '2xx'), name('/v1/:collection/:id', '4xx'), name('none', '4xx'))).toEqual([
      1, 1, 2,
    ]);
    expect(Object.keys(await samples()).join()).not.toMatch(/idlib|no-such-zone|of\/no/);
  });

  test('proofs by their size, and how far the checkpoint is', async () => {
    const act = async () => (await app.ask('/v1/events/zone-idlib@0/proof')).text();
    expect(await grown(act, 'zonewatch_proof_size_bytes_count')).toEqual([1]);
    const { zonewatch_checkpoint_size_events: size, zonewatch_record_sequence: head, ...rest } = await samples();
    expect([size, rest['zonewatch_checkpoint_lag_events'], rest['zonewatch_checkpoint_behind_seconds']]).toEqual([head, 0, 0]);
    expect(rest['zonewatch_checkpoint_published_timestamp_seconds']! * 1000).toBeGreaterThan(Date.now() - 60_000);
  });
});

describe('the feed', () => {
  let socket: Socket;
  const subscribe = (message: object) => new Promise<{ ok: boolean }>((done) => socket.emit('subscribe', message, done));
  beforeAll(async () => {
    socket = io(`${app.address}/feed`, { transports: ['websocket'], auth: { token: KEY }, reconnection: false });
    await once(socket as never, 'connect');
  });
  afterAll(() => socket.close());

  test('is told by its connections, subscriptions, frames, and what was refused', async () => {
    socket.on('events', (_frame: unknown, next?: () => void) => next?.());
    const live = once(socket as never, 'live');
    const act = async () => {
      await subscribe({ after: 'start' });
      await live;
      await subscribe({ after: 'start', what: 1 });
      const events = once(socket as never, 'events');
      await report('homs');
      await events;
    };
    const frames = (kind: string) => `zonewatch_feed_frames_sent_total{transport="socket",kind="${kind}"}`;
    const [page, isLive, sent, bytes, refused] = await grown(
      act,
      frames('page'),
      frames('live'),
      frames('events'),
      'zonewatch_feed_sent_bytes_total{transport="socket"}',
      'zonewatch_feed_refusals_total{code="bad-request"}',
    );
    expect([page, isLive, sent, refused]).toEqual([1, 1, 1, 1]);
    expect(bytes).toBeGreaterThan(500);
    const now = await samples();
    expect(now['zonewatch_feed_connections{transport="socket"}']).toBe(1);
    expect(now['zonewatch_feed_subscriptions{transport="socket",state="live"}']).toBe(1);
    expect(now['zonewatch_feed_lag_max_events']).toBe(0);
    expect(now['zonewatch_feed_lag_events_bucket{le="0"}']).toBeGreaterThan(0);
  });

  test('knows whoever is behind, and forgets who has gone', async () => {
    const other = io(`${app.address}/feed`, { transports: ['websocket'], auth: { token: KEY }, reconnection: false, forceNew: true });
    await once(other as never, 'connect');
    const page = once(other as never, 'events');
    other.emit('subscribe', { after: 'start' }, () => {});
    await page; // It is never asked for the next one.
    const behind = await samples();
    expect(behind['zonewatch_feed_subscriptions{transport="socket",state="paging"}']).toBe(1);
    expect(behind['zonewatch_feed_lag_max_events']).toBe(behind['zonewatch_record_sequence']);
    other.close();
    while ((await samples())['zonewatch_feed_connections{transport="socket"}'] !== 1) await new Promise(setImmediate);
    expect((await samples())['zonewatch_feed_subscriptions{transport="socket",state="paging"}']).toBe(0);
  });

  test('counts streams of server-sent events beside the sockets', async () => {
    const stream = await app.ask('/v1/feed?after=start');
    await stream.body!.getReader().read();
    expect((await samples())['zonewatch_feed_connections{transport="sse"}']).toBe(1);
    const gone = app.ask('/v1/feed').then((answer) => answer.body!.cancel());
    await gone;
  });
});

describe('the form', () => {
  const wanted = async (accept: string) => {
    const answer = await app.ask('/metrics', { headers: { accept } });
    return [answer.headers.get('content-type'), await answer.text()] as const;
  };

  test('is the one that the reader would rather have, and stays right when both are read in turns', async () => {
    const prometheus =
      'application/openmetrics-text;version=1.0.0;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1';
    for (let turn = 0; turn < 2; turn++) {
      const [openType, open] = await wanted(prometheus);
      expect(openType).toBe(OPEN_METRICS);
      expect(open).toMatch(/^# TYPE zonewatch_events_appended counter\nzonewatch_events_appended_total \d+$/m);
      expect(open.endsWith('\n# EOF\n') && !open.includes('\n\n')).toBe(true);
      const [type, text] = await wanted('*/*');
      expect(type).toBe(TEXT);
      expect(text).toMatch(/^# TYPE zonewatch_events_appended_total counter\nzonewatch_events_appended_total \d+$/m);
    }
    expect(
      ['', 'text/plain', 'text/plain, application/openmetrics-text;q=0.5', 'application/openmetrics-text;q=0'].map(prefersOpenMetrics),
    ).toEqual([false, false, false, false]);
  });

  test('leaves a gauge alone that ends like a counter', () => {
    expect(openMetrics('# TYPE a_total gauge\na_total 1\n\n# TYPE b_total counter\nb_total 2\n')).toBe(
      '# TYPE a_total gauge\na_total 1\n# TYPE b counter\nb_total 2\n# EOF\n',
    );
  });

  test('is for whoever may read', async () => {
    expect((await fetch(`${app.address}/metrics`)).status).toBe(401);
  });
});

test('the process and Node are told of under the names that Prometheus has for them', async () => {
  const lag = ['', '_min', '_max', '_mean', '_stddev', '_p50', '_p90', '_p99'].map((which) => `nodejs_eventloop_lag${which}_seconds`);
  const names = [...lag, 'process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_heap_size_used_bytes'];
  expect(Object.keys(await samples())).toEqual(expect.arrayContaining(names));
});

test('two services of one process count apart', async () => {
  const other = await startWatched();
  const text = await (await other.ask('/metrics')).text();
  expect(text).toMatch(/^zonewatch_events_appended_total 0$/m);
  expect(text).toMatch(/^process_cpu_seconds_total \d/m);
  await other.stop();
});
