import { rmSync } from 'node:fs';
import type { WriteFailure } from '../../src/record/disk-watch.js';
import { startApp, type TestApp } from '../support/start-app.js';
import { findingsIn, Newsroom, type Told } from './newsroom.js';
import { describeWhere, SmallDisk, whyNoSmallDisk } from './small-disk.js';

const MEGABYTE = 1024 * 1024;

describeWhere(whyNoSmallDisk(), 'on a disk that is full', () => {
  let disk: SmallDisk;
  let app: TestApp;
  let changes: (string | undefined)[];
  const start = async () => {
    app = await startApp({ folder: disk.data });
    app.record.writer.disk.onChange((failure: WriteFailure | undefined) => changes.push(failure?.reason));
  };
  beforeEach(async () => {
    disk = new SmallDisk(64 * MEGABYTE);
    changes = [];
    await start();
  });
  afterEach(async () => {
    await app.close();
    disk.remove();
  });

  const party = (id: string, key = id) =>
    app.post('/v1/parties', { id, name: { en: id }, kind: 'other', occurred: '2017' }, { 'idempotency-key': key });
  /** Writes until nothing more is taken: of a full disk, what the record has taken before may still have room. */
  const writeUntilRefused = async () => {
    for (let at = 0; ; at++) {
      const answer = await party(`p${at}`);
      if (answer.status !== 201) return answer;
    }
  };
  const untilTaken = async (id: string) => {
    for (;;) {
      const answer = await party(id);
      if (answer.status !== 503) return answer;
    }
  };

  test('a command is refused with the reason, reads go on, and what was recorded is known by its key', async () => {
    const first = await party('first');
    disk.fill();
    const refused = await writeUntilRefused();
    expect(refused).toMatchObject({
      status: 503,
      json: {
        code: 'log-unavailable',
        reason: 'disk-full',
        detail: 'the disk of the service is full: nothing was recorded, and this may be repeated',
      },
    });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await app.get('/v1/parties/first')).json).toMatchObject({ data: { name: { en: 'first' } } });
    expect(await party('first')).toMatchObject({ status: 201, json: first.json });
    expect(app.record.writer.failure).toMatchObject({ reason: 'disk-full', since: expect.any(String) });
    const [line] = await app.feed([{ command: 'parties/register', body: { id: 'x', name: { en: 'x' }, kind: 'other', occurred: '2017' } }]);
    expect(line).toMatchObject({ line: 1, status: 503, code: 'log-unavailable', reason: 'disk-full' });
  });

  test('the service is told once that it is full and once that it no longer is, though nobody writes then', async () => {
    disk.fill();
    await writeUntilRefused();
    for (let at = 0; at < 20; at++) await party('again');
    expect(changes).toEqual(['disk-full']);
    disk.free();
    while (app.record.writer.failure) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(changes).toEqual(['disk-full', undefined]);
    expect((await party('again')).status).toBe(201);
  });

  test('64 writers lose nothing that was taken, and nothing that was refused is there unless it is repeated', async () => {
    const newsroom = new Newsroom();
    await newsroom.open(app.address);
    await newsroom.follow(app.address, 8);
    const steps = [
      ({ taken }: Told) => taken >= 300 && (disk.fill(), true),
      ({ refused }: Told) => refused >= 300 && (disk.free(), true),
      ({ taken }: Told) => taken >= 600,
    ];
    await newsroom.write(app.address, 64, steps);
    expect(changes).toEqual(['disk-full', undefined]);
    expect(newsroom.unanswered.length).toBeGreaterThan(100);
    await newsroom.checkRecord(app.address);
    await newsroom.repeat(app.address);
    expect(newsroom.unanswered).toEqual([]);
    const recorded = await newsroom.checkRecord(app.address);
    await newsroom.checkFollowers(app.address);
    expect(newsroom.closed).toEqual([]);
    await app.close();
    expect(await findingsIn(app.folder)).toEqual([]);
    await start();
    expect((await newsroom.checkRecord(app.address)).length).toBe(recorded.length);
  });

  test('it ends and starts again with what it has', async () => {
    disk.fill();
    await writeUntilRefused();
    const head = app.record.writer.head;
    await app.close();
    await start();
    expect(app.record.writer.head).toBe(head);
    expect((await app.get('/v1/parties?limit=1')).status).toBe(200);
    rmSync(`${disk.folder}/filler`);
    expect((await untilTaken('later')).status).toBe(201);
  });
});
