import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Reporters, type Report } from '../support/reporters.js';
import { KEY, startProcess, type ServiceProcess } from '../support/start-process.js';
import { FailingDisk, whyNoFailingDisk } from './failing-disk.js';
import { findingsIn, Newsroom, type Told } from './newsroom.js';
import { describeWhere } from './small-disk.js';

const ROUNDS = Number(process.env['DISK_ROUNDS'] ?? 1);
const FOLLOWERS = process.env['DISK_ROUNDS'] ? 40 : 4;

const NO_FSYNC = ['fsync:error=EIO', 'fdatasync:error=EIO'];
/**
 * What fails where a disk is read-only, which it can't be made while a file on it is open for writing: no write, and nothing is opened for
 * writing; what is asked of it says why.
 */
const READ_ONLY = ['pwrite64', 'ftruncate', 'openat', 'access', '?faccessat', '?faccessat2'].map((call) => `${call}:error=EROFS`);
/** What may fail of a commit. */
const FAULTS: [name: string, ...faults: string[]][] = [
  ['some writes to the log fail', 'pwrite64:error=EIO:when=7+5'],
  ['every write to the log fails', 'pwrite64:error=EIO'],
  ['every fsync of the log fails', ...NO_FSYNC],
  ['some fsyncs of the log fail', ...NO_FSYNC.map((fault) => `${fault}:when=3+2`)],
  ['every fsync of the log fails, and taking back what it was for', ...NO_FSYNC, 'ftruncate:error=EIO'],
];

describeWhere(whyNoFailingDisk(), 'on a disk that fails', () => {
  let folder: string;
  let running: ServiceProcess;
  let newsroom: Newsroom;
  let address: string;
  const start = async () => {
    running = startProcess(folder, address ? { PORT: new URL(address).port } : {});
    address = await running.listening;
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zonewatch-failing-'));
    await start();
    newsroom = new Newsroom();
    await newsroom.open(address);
  });
  afterAll(async () => {
    await running.stop('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  const killAndStart = async () => {
    await running.stop('SIGKILL');
    await start();
  };

  const failing = (...faults: string[]) => FailingDisk.begin(running.child.pid!, [join(folder, 'record.db-wal')], ...faults);
  const sent = async (text: string) => {
    const report: Report = { zone: 'z0', text };
    newsroom.reports.push(report);
    const reporters = new Reporters(address);
    await reporters.send(report);
    reporters.close();
    return report;
  };
  const isThere = async ({ text }: Report) => (await newsroom.checkRecord(address)).some(({ commandKey }) => commandKey === text);

  test('what was written whole, and refused because the last step failed, is not there after a kill', async () => {
    const disk = await failing(...NO_FSYNC.map((fault) => `${fault}:when=1`));
    const report = await sent('the-last-step');
    expect(report).toMatchObject({ refused: 'log-unavailable' });
    await killAndStart();
    await disk.end();
    expect(await isThere(report)).toBe(false);
    await newsroom.repeat(address);
    expect(await isThere(report)).toBe(true);
  });

  test('where what was written whole can not be taken back, the outcome is told as unknown, and a repeat makes it certain', async () => {
    const disk = await failing(...NO_FSYNC, 'ftruncate:error=EIO');
    const report = await sent('not-taken-back');
    expect(report).toMatchObject({ refused: 'outcome-unknown' });
    await killAndStart();
    await disk.end();
    // This is what all others are kept from.
    expect(await isThere(report)).toBe(true);
    await newsroom.repeat(address);
    expect(report).toMatchObject({ reply: { stream: 'zone-z0' } });
    expect(await isThere(report)).toBe(true);
  });

  test('where it turns read-only, commands are refused for that, reads and the feed go on, and so do commands when it is writable again', async () => {
    newsroom.closed.length = 0;
    await newsroom.follow(address, FOLLOWERS);
    const disk = await FailingDisk.begin(running.child.pid!, [join(folder, 'record.db-wal'), folder], ...READ_ONLY);
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ id: 'p', name: { en: 'p' }, kind: 'other', occurred: '2017' });
    const refused = await fetch(`${address}/v1/parties`, { method: 'POST', headers, body });
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([
      503,
      '1',
      expect.objectContaining({ reason: 'read-only' }),
    ]);
    const ready = await fetch(`${address}/health/ready`);
    expect([ready.status, await ready.json()]).toMatchObject([503, { checks: { writer: { status: 'down', reason: 'read-only' } } }]);
    await newsroom.write(address, 64, [(told) => told.refused > 64]);
    await newsroom.checkRecord(address);
    await newsroom.follow(address, FOLLOWERS);
    await disk.end();
    await newsroom.write(address, 64, [({ taken }) => taken > 100]);
    await newsroom.repeat(address);
    expect(newsroom.unanswered).toEqual([]);
    await newsroom.checkRecord(address);
    await newsroom.checkFollowers(address);
    expect(newsroom.closed).toEqual([]);
  });

  test.each(Array.from({ length: ROUNDS }, () => FAULTS).flat())(
    'where %s under 64 writers, nothing that was taken is lost, and nothing that was refused is there after a kill',
    async (_name, ...faults) => {
      await newsroom.follow(address, FOLLOWERS);
      let disk: Promise<FailingDisk> | undefined;
      const begin = ({ taken }: Told) => {
        if (taken >= 60) disk = failing(...faults);
        return disk !== undefined;
      };
      await newsroom.write(address, 64, [begin, ({ refused }) => refused > 0]);
      await killAndStart();
      await (await disk)!.end();
      await newsroom.checkRecord(address);
      await newsroom.repeat(address);
      expect(newsroom.unanswered).toEqual([]);
      await newsroom.checkRecord(address);
      await newsroom.checkFollowers(address);
    },
    60_000,
  );

  test('it goes on without a restart, tells of the failure once and of its end once, and an auditor finds nothing', async () => {
    const disk = await failing('pwrite64:error=EIO');
    await newsroom.write(address, 64, [({ refused }) => refused > 64]);
    await disk.end();
    await newsroom.checkRecord(address);
    await newsroom.write(address, 64, [({ taken }) => taken > 100]);
    await newsroom.repeat(address);
    expect(newsroom.unanswered).toEqual([]);
    await newsroom.checkRecord(address);
    const { code, output } = await running.stop('SIGTERM');
    expect(code).toBe(0);
    expect(output.match(/can not be written|is written again/g)).toEqual(['can not be written', 'is written again']);
    expect(await findingsIn(folder)).toEqual([]);
  });
});
