import { HealthIndicatorService } from '@nestjs/terminus';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readConfig } from '../../src/config.js';
import { MinDisk, Readiness } from '../../src/health/readiness.js';
import { startWatched, zone, type WatchedApp } from '../support/watched-app.js';

// eslint-disable-next-line typescript/no-explicit-any -- what a test reads out of a reply is checked by the test
type Read = any;

let app: WatchedApp;
beforeEach(async () => {
  app = await startWatched();
});
afterEach(() => app.stop());

/** What anybody is told, held against what the document says of it. */
async function ready(): Promise<{ status: number; type: string | null; body: Read }> {
  const answer = await fetch(`${app.address}/health/ready`);
  const body: Read = await answer.json();
  const document: Read = await (await fetch(`${app.address}/openapi.json`)).json();
  const type = answer.headers.get('content-type');
  const { schema } = document.paths['/health/ready'].get.responses[answer.status].content[type!.split(';')[0]!];
  const { components } = JSON.parse(JSON.stringify(document).replaceAll('#/components/schemas/', '#/$defs/')) as Read;
  const validate = new Ajv2020({ strict: false, formats: { uuid: true } }).compile({
    ...(JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/')) as object),
    $defs: { Problem: components.schemas.Problem },
  });
  expect([validate(body), validate.errors]).toEqual([true, null]);
  expect(JSON.stringify(body)).not.toMatch(/\/tmp|record\.db/);
  return { status: answer.status, type, body };
}

test('a service that can work says so, with its epoch, its head and every check', async () => {
  await app.ask('/v1/zones', zone('idlib'));
  const { status, body } = await ready();
  expect([status, body]).toEqual([
    200,
    {
      status: 'ok',
      epoch: app.record.reader.epoch,
      sequence: 1,
      checks: {
        service: { status: 'up' },
        disk: { status: 'up', free: expect.any(Number), needed: 67_108_864 },
        writer: { status: 'up' },
        projection: { status: 'up', lag: 0 },
        checkpoint: { status: 'up', lag: expect.any(Number) },
        witnesses: { status: 'up', of: 0, cosigning: 0, alarms: 0 },
      },
    },
  ]);
  expect(await (await fetch(`${app.address}/health/live`)).json()).toEqual({ status: 'ok' });
});

test('a disk that fails makes the service unready until it works again; that is told once each way', async () => {
  const { disk } = app.record.writer;
  disk.failed(Object.assign(new Error('no space left'), { code: 'ENOSPC' }), performance.now());
  for (let look = 0; look < 2; look++) {
    const { status, type, body } = await ready();
    expect([status, type, body.code, body.checks.writer]).toEqual([
      503,
      'application/problem+json; charset=utf-8',
      'not-ready',
      expect.objectContaining({ status: 'down', reason: 'disk-full' }),
    ]);
    expect(body.detail).toMatch(/^writer: nothing can be recorded since .*: disk-full$/);
  }
  expect((await fetch(`${app.address}/health/live`)).status).toBe(200);
  disk.worked();
  expect((await ready()).status).toBe(200);
  expect([app.said('not ready'), app.said('ready again')].map(({ length }) => length)).toEqual([1, 1]);
});

test('a stop that has begun makes the service unready, and it lives on meanwhile', async () => {
  app.app.get(Readiness).stops();
  const { status, body } = await ready();
  expect([status, body.detail]).toEqual([503, 'service: the service is being stopped']);
  expect((await fetch(`${app.address}/health/live`)).status).toBe(200);
});

test('states that are behind what is recorded are counted from what is stored', async () => {
  await app.ask('/v1/zones', zone('idlib'));
  await app.ask('/v1/zones', zone('homs'));
  const { reader, writer } = app.record;
  expect(reader.unfolded).toBe(0);
  writer.db.exec("UPDATE states SET changed = 0 WHERE stream = 'zone-homs'");
  expect(reader.unfolded).toBe(1);
  writer.db.exec('DELETE FROM states');
  expect(reader.unfolded).toBe(2);
});

describe('a check', () => {
  const fine = { uncovered: 0, behindFor: 0, hasEnded: false, witnesses: [] as object[] };
  const checked = async ({ standing = fine, unfolded = 0, needed = 1 }) => {
    const { writer } = app.record;
    const readiness = new Readiness(
      new HealthIndicatorService(),
      writer,
      { unfolded } as never,
      { standing } as never,
      new MinDisk(needed),
    );
    const found = Object.assign({}, ...(await Promise.all(readiness.checks.map((check) => check())))) as Record<
      string,
      { status: string; message?: string }
    >;
    return Object.entries(found).flatMap(([name, { status, message }]) => (status === 'up' ? [] : [`${name} ${status}: ${message}`]));
  };

  test.each([
    ['nothing where all is well', {}, []],
    [
      'a disk with too little room',
      { needed: Number.MAX_SAFE_INTEGER },
      [/^disk down: \d+ bytes are free, and 9007199254740991 are needed$/],
    ],
    ['states that are far behind', { unfolded: 1_001 }, [/^projection down: the states are 1001 events behind$/]],
    [
      'events that have long been without a checkpoint',
      { standing: { ...fine, uncovered: 3, behindFor: 20_000 } },
      [/^checkpoint down: .* for 20 s$/],
    ],
    ['events that have a moment ago come in', { standing: { ...fine, uncovered: 3, behindFor: 900 } }, []],
    ['a record that may not be signed any more', { standing: { ...fine, hasEnded: true } }, [/^checkpoint down: no checkpoint is signed/]],
    [
      'a witness with another history, which stands in the way of nothing',
      { standing: { ...fine, witnesses: [{ state: 'alarm' }, { state: 'away' }] } },
      [/^witnesses degraded: 1 hold another history/],
    ],
  ])('tells of %s', async (_, parts, told) => {
    expect(await checked(parts)).toEqual((told as RegExp[]).map((one) => expect.stringMatching(one)));
  });
});

test('a room that is no number of bytes is refused by its name', () => {
  for (const nonsense of ['64MB', '-1', '1.5', '0x10', ' ', '0'])
    expect(() => readConfig({ ZONEWATCH_MIN_DISK: nonsense })).toThrow(/^ZONEWATCH_MIN_DISK must be a whole number/);
  expect(readConfig({ ZONEWATCH_MIN_DISK: '10737418240' }).minDisk).toBe(10_737_418_240);
});
