import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEY, startProcess, type ServiceProcess } from '../support/start-process.js';
import { findingsIn, Newsroom } from './newsroom.js';
import { describeWhere, SmallDisk, whyNoSmallDisk } from './small-disk.js';

let running: ServiceProcess | undefined;
afterEach(() => running?.stop('SIGKILL'));

/** Writes until the disk takes nothing more, kills the service then, and sees what is left when there is room again. */
const fillAndKill = async (folder: string, full: (pid: number) => void, freed: (pid: number) => void, reason: string) => {
  const newsroom = new Newsroom();
  let address = await running!.listening;
  const { pid } = running!.child;
  await newsroom.open(address);
  await newsroom.write(address, 16, [({ taken }) => taken >= 50 && (full(pid!), true), ({ refused }) => refused >= 50]);
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ id: 'p', name: { en: 'p' }, kind: 'other', occurred: '2017' });
  const refused = await fetch(`${address}/v1/parties`, { method: 'POST', headers, body });
  expect(await refused.json()).toMatchObject({ status: 503, code: 'log-unavailable', reason });
  expect((await fetch(`${address}/v1/zones`, { headers })).status).toBe(200);
  await newsroom.checkRecord(address);
  freed(pid!);
  await newsroom.write(address, 16, [({ taken }) => taken >= 50]);
  await newsroom.checkRecord(address);
  full(pid!);
  await newsroom.write(address, 16, [({ refused }) => refused >= 50]);
  await running!.stop('SIGKILL');
  freed(pid!);
  running = startProcess(folder);
  address = await running.listening;
  await newsroom.checkRecord(address);
  await newsroom.repeat(address);
  expect(newsroom.unanswered).toEqual([]);
  await newsroom.checkRecord(address);
  await running.stop('SIGTERM');
  expect(await findingsIn(folder)).toEqual([]);
};

describeWhere(whyNoSmallDisk(), 'a service whose disk is full, with the file that its log lines go to', () => {
  test('lives, takes commands again when there is room, and has what it took after a kill', async () => {
    const disk = new SmallDisk(64 * 1024 * 1024);
    const { data } = disk;
    const lines = openSync(join(disk.folder, 'lines'), 'a');
    try {
      running = startProcess(data, {}, lines);
      await fillAndKill(
        data,
        () => disk.fill(),
        () => disk.free(),
        'disk-full',
      );
    } finally {
      closeSync(lines);
      disk.remove();
    }
  });
});

describeWhere(whyNoLimit(), 'a service that may not make a file any larger', () => {
  test('lives, takes commands again when it may, and has what it took after a kill', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zonewatch-limited-'));
    try {
      running = startProcess(folder);
      const limit = (pid: number, bytes: string) => {
        // The second time the process is gone.
        if (running!.child.exitCode === null && running!.child.signalCode === null)
          execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
      };
      await fillAndKill(
        folder,
        (pid) => limit(pid, '65536'),
        (pid) => limit(pid, 'unlimited'),
        'io-error',
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Why this is left out; undefined where it is not. Where there can be a small disk, that shows as much. */
function whyNoLimit(): string | undefined {
  if (!whyNoSmallDisk() && !process.env['DISK_ROUNDS']) return 'a disk that is full shows it; DISK_ROUNDS brings it in';
  try {
    execFileSync('prlimit', ['--fsize=65536:', 'true'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `the size of files can't be limited here: ${String((error as Error).message)}`;
  }
}
