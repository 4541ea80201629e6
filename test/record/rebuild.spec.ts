import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECTION_VERSION, rebuild } from '../../src/record/rebuild.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';
import { openForReading } from '../../src/record/schema.js';
import { made } from '../log/made.js';
import { statesIn, tellSample, type StateRow } from './told.js';

/** More than a rebuild folds in one transaction. */
const SUBJECTS = 700;

describe('a rebuild', () => {
  let folder: string;
  let record: OpenRecord;
  let asFolded: StateRow[];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zonewatch-rebuild-'));
    record = openRecord(folder);
    await tellSample(record);
    const streams = Array.from({ length: SUBJECTS }, (_, at) => `zone-z${at}`);
    await Promise.all(streams.map((stream) => record.log.append(stream, 'none', [made(stream)])));
    asFolded = statesIn(record.writer.db);
  });
  afterEach(async () => {
    await record.close();
    rmSync(folder, { recursive: true });
  });

  /** Spoils every stored state, so that what is folded anew can be told from what was there. */
  const spoil = () => {
    record.writer.db.exec(`UPDATE states SET folded = '{"spoilt":true}', changed = 0`);
    return statesIn(record.writer.db);
  };
  const version = (of: OpenRecord) => of.writer.db.prepare("SELECT value FROM meta WHERE key = 'projection'").pluck().get();
  const tables = () =>
    record.writer.db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'states*'").pluck().all();

  test('folds the states that were folded as the events came', () => {
    expect(rebuild(record.writer.db)).toEqual({ subjects: asFolded.length });
    expect(statesIn(record.writer.db)).toEqual(asFolded);
  });

  test('folds them from the events alone', () => {
    spoil();
    rebuild(record.writer.db);
    expect(statesIn(record.writer.db)).toEqual(asFolded);
  });

  test('tells how far it has come, up to the end', () => {
    const told: [number, number][] = [];
    rebuild(record.writer.db, (done, of) => told.push([done, of]));
    const whole = asFolded.length;
    expect(told).toEqual([[500, whole], ...(whole > 1_000 ? [[1_000, whole]] : []), [whole, whole]]);
  });

  test('shows the old states to readers until it is done', () => {
    const spoilt = spoil();
    const reading = openForReading(join(folder, 'record.db'));
    const seen: StateRow[][] = [];
    rebuild(record.writer.db, () => seen.push(statesIn(reading)));
    expect(seen.length).toBeGreaterThan(1);
    for (const states of seen) expect(states).toEqual(spoilt);
    expect(statesIn(reading)).toEqual(asFolded);
    reading.close();
  });

  test('that is cut off leaves the old states, and the next one works', () => {
    const spoilt = spoil();
    const cutOff = () =>
      rebuild(record.writer.db, () => {
        throw new Error('cut off');
      });
    expect(cutOff).toThrow('cut off');
    expect(tables()).toEqual(['states', 'states_anew']);
    expect(statesIn(record.writer.db)).toEqual(spoilt);

    rebuild(record.writer.db);
    expect(tables()).toEqual(['states']);
    expect(statesIn(record.writer.db)).toEqual(asFolded);
  });

  test('happens at the start where another version of the projections folded the states', async () => {
    spoil();
    record.writer.db.exec("UPDATE meta SET value = 'another' WHERE key = 'projection'");
    await record.close();
    const told: number[] = [];
    record = openRecord(folder, { onProgress: (done) => told.push(done) });
    expect(told.at(-1)).toBe(asFolded.length);
    expect(statesIn(record.writer.db)).toEqual(asFolded);
    expect(version(record)).toBe(PROJECTION_VERSION);
  });

  describe('that a start was cut off in', () => {
    beforeEach(async () => {
      spoil();
      record.writer.db.exec("UPDATE meta SET value = 'another' WHERE key = 'projection'");
      await record.close();
      const cutOff = () =>
        openRecord(folder, {
          onProgress: () => {
            throw new Error('cut off');
          },
        });
      expect(cutOff).toThrow('cut off');
    });

    test('happens at the next start', () => {
      record = openRecord(folder);
      expect(tables()).toEqual(['states']);
      expect(statesIn(record.writer.db)).toEqual(asFolded);
      expect(version(record)).toBe(PROJECTION_VERSION);
    });

    // SQLite takes its side files away with the last connection.
    test('leaves nothing open', () => {
      expect(readdirSync(folder).sort()).toEqual(['record.db', 'writer.lock']);
    });
  });

  test('does not happen at the start where the states are current', async () => {
    await record.close();
    let told = 0;
    record = openRecord(folder, { onProgress: () => told++ });
    expect(told).toBe(0);
    expect(statesIn(record.writer.db)).toEqual(asFolded);
  });

  test('is gone on from: what comes after it folds onto its states', async () => {
    rebuild(record.writer.db);
    await record.close();
    record = openRecord(folder);
    await record.log.append('zone-z0', 0, [made('zone-z0', 'Another clash.')]);
    const after = statesIn(record.writer.db);
    expect(after.find(({ stream }) => stream === 'zone-z0')?.folded).toMatchObject({ revision: 1, counts: { incidents: { clash: 2 } } });
    rebuild(record.writer.db);
    expect(statesIn(record.writer.db)).toEqual(after);
  });
});
