import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderInUse } from '../../src/record/lock.js';
import { openRecord } from '../../src/record/record.js';
import { made } from '../log/made.js';
import { startProcess, type ServiceProcess } from '../support/start-process.js';

describe('the data folder', () => {
  let folder: string;
  const started: ServiceProcess[] = [];
  const start = () => {
    const service = startProcess(folder);
    started.push(service);
    return service;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zonewatch-lock-'));
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((service) => service.stop('SIGKILL')));
    rmSync(folder, { recursive: true });
  });

  test('refuses a second process while the first holds it, and takes the next when that was killed', async () => {
    const first = start();
    await first.listening;

    const { code, output } = await start().ended;
    expect(code).toBe(1);
    expect(output).toBe(`zonewatch: another process is writing to ${folder}. Stop it first, or point ZONEWATCH_DATA at another folder.\n`);
    expect(() => openRecord(folder)).toThrow(FolderInUse);

    await first.stop('SIGKILL');
    const next = start();
    expect(await next.listening).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('refuses a second record in the same process, until the first is closed', async () => {
    const first = openRecord(folder);
    expect(() => openRecord(folder)).toThrow(FolderInUse);
    expect(await first.log.append('zone-idlib', 'none', [made('zone-idlib')])).toEqual({ revision: 0 });
    await first.close();
    const second = openRecord(folder);
    expect(second.reader.head).toBe(1);
    await second.close();
  });

  test('refuses another process while this one holds it', async () => {
    const record = openRecord(folder);
    const { code, output } = await start().ended;
    expect(code).toBe(1);
    expect(output).toContain(`another process is writing to ${folder}`);
    await record.close();
  });
});
