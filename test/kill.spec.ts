import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RecordedEvent } from '../src/event/event.js';
import { openForReading } from '../src/record/schema.js';
import { statesIn } from './record/told.js';
import { Reporters, type Report } from './support/reporters.js';
import { KEY, startProcess, type ServiceProcess } from './support/start-process.js';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 2);
const WRITERS = 64;
const ZONES = 8;
/** So many replies at the most come before a kill. */
const LAST_KILL = 800;

describe('the service', () => {
  let folder: string;
  let running: ServiceProcess | undefined;
  /** What every writer of every round has sent, with its reply where one came. */
  const reports: Report[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zonewatch-kill-'));
    const address = await start();
    const reporters = new Reporters(address);
    for (let zone = 0; zone < ZONES; zone++) await reporters.create(`z${zone}`);
    reporters.close();
  });
  afterAll(async () => {
    await running?.stop('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  const start = () => {
    running = startProcess(folder);
    return running.listening;
  };

  /** Waits until a process has begun to open the folder. */
  const untilItTouches = async ({ listening, ended }: ServiceProcess) => {
    const watcher = watch(folder);
    await Promise.race([once(watcher, 'change'), listening, ended]);
    watcher.close();
  };

  /** Lets all writers write until the service is gone. `end` is called at some reply. */
  const writeUntilGone = async (address: string, round: number, end: () => unknown) => {
    const reporters = new Reporters(address);
    const last = 1 + Math.floor(Math.random() * LAST_KILL);
    let replies = 0;
    const writer = async (name: number) => {
      for (let at = 0; ; at++) {
        const report: Report = { zone: `z${(name + at) % ZONES}`, text: `${round}-${name}-${at}` };
        reports.push(report);
        const reply = await reporters.send(report);
        if (!reply) return;
        if (++replies === last) end();
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, (_, name) => writer(name)));
    reporters.close();
  };

  const events = async (address: string): Promise<RecordedEvent[]> => {
    const response = await fetch(`${address}/v1/events`, { headers: { authorization: `Bearer ${KEY}`, accept: 'application/x-ndjson' } });
    const text = await response.text();
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as RecordedEvent);
  };

  /** Every report that was answered stands where its reply said, once; no report stands twice; nothing is missing in between. */
  const checkRecord = (recorded: readonly RecordedEvent[]) => {
    expect(recorded.map(({ sequence }) => sequence)).toEqual(recorded.map((_, at) => at + 1));
    const revisions = new Map<string, number>();
    const misplaced = recorded.filter(({ stream, revision }) => {
      const wanted = revisions.get(stream) ?? 0;
      revisions.set(stream, wanted + 1);
      return revision !== wanted;
    });
    expect(misplaced).toEqual([]);

    const incidents = recorded.filter(({ type }) => type === 'ZoneIncidentReported');
    const places = new Map(incidents.map(({ commandKey, id, ...place }) => [commandKey, placeOf({ eventId: id, ...place })]));
    expect(places.size).toBe(incidents.length);
    const lost = reports.filter(({ text, reply }) => reply && places.get(text) !== placeOf(reply));
    expect(lost).toEqual([]);
    expect(new Set(recorded.map(({ id }) => id)).size).toBe(recorded.length);
  };

  /** The states that were stored as the events came are those that the events fold to, by the same build. */
  const checkStates = async () => {
    const came = storedStates();
    expect(came.length).toBe(ZONES);
    const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'rebuild', folder]);
    expect(stdout).toBe(`folded ${ZONES} subjects anew\n`);
    expect(storedStates()).toEqual(came);
  };

  const storedStates = () => {
    const db = openForReading(join(folder, 'record.db'));
    const states = statesIn(db);
    db.close();
    return states;
  };

  test(
    `loses and doubles nothing that it answered for, killed ${ROUNDS} times under ${WRITERS} writers`,
    async () => {
      for (let round = 0; round < ROUNDS; round++) {
        let address = await (running?.listening ?? start());
        const killed = running!;
        await writeUntilGone(address, round, () => setTimeout(() => killed.child.kill('SIGKILL'), Math.random() * 20));
        expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });

        // Every other time it is killed again while it opens what the first left.
        if (round % 2) {
          const starting = startProcess(folder);
          await untilItTouches(starting);
          setTimeout(() => starting.child.kill('SIGKILL'), Math.random() * 50);
          await starting.ended;
        }

        address = await start();
        const found = await events(address);
        checkRecord(found);

        // What was sent and not answered is sent again under its key, and then stands once as well.
        const reporters = new Reporters(address);
        const unanswered = reports.filter(({ reply }) => !reply);
        expect(unanswered.length).toBeGreaterThan(0);
        await Promise.all(unanswered.map((report) => reporters.send(report)));
        reporters.close();
        const after = await events(address);
        checkRecord(after);
        expect(after.slice(0, found.length)).toEqual(found);
        expect(after.length).toBe(ZONES + reports.length);
      }
      expect(await running!.stop('SIGTERM')).toMatchObject({ code: 0, signal: null });
      running = undefined;
      await checkStates();
    },
    30_000 + ROUNDS * 15_000,
  );

  test('ends with code 0 on SIGTERM under load, and has all that it answered for', async () => {
    const address = await (running?.listening ?? start());
    const stopped = running!;
    await writeUntilGone(address, ROUNDS, () => stopped.child.kill('SIGTERM'));
    expect(await stopped.ended).toMatchObject({ code: 0, signal: null });
    checkRecord(await events(await start()));
    await running!.stop('SIGTERM');
    running = undefined;
    await checkStates();
  });

  test('ends with code 0 on SIGTERM while it starts', async () => {
    await running?.stop('SIGTERM');
    const starting = (running = startProcess(folder));
    await untilItTouches(starting);
    expect(await starting.stop('SIGTERM')).toMatchObject({ code: 0, signal: null });
  });
});

function placeOf({ eventId, stream, revision, sequence }: Omit<NonNullable<Report['reply']>, 'id'>): string {
  return `${eventId} ${stream}@${revision} ${sequence}`;
}
