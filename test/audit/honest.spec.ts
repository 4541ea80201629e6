import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDataFolder } from '../../src/audit/data-folder/data-folder.js';
import { WrongUse } from '../../src/audit/finding.js';
import { importInto } from '../../src/audit/import.js';
import { rebuild } from '../../src/record/rebuild.js';
import { openRecord } from '../../src/record/record.js';
import { Dice, Storyteller } from '../record/random-command.js';
import { PATIENCE, rounds } from '../record/rounds.js';
import { Reporters } from '../support/reporters.js';
import { startProcess } from '../support/start-process.js';
import { ownFolder } from './folders.js';
import { copied, makeFolder, published, tellUpTo, verifyFolder } from './signed-folder.js';

const RECORDS = rounds(10);

const folder = ownFolder();
const named = (name: string) => join(folder, name);
const findings = async (at: string) => (await verifyFolder(at)).findings;

test(
  `accuses none of ${RECORDS} random records, with and without events that are not signed yet`,
  async () => {
    const dice = new Dice(20170704);
    for (let seed = 1; seed <= RECORDS; seed++) {
      const made = { seed, signed: 1 + dice.below(100), behind: dice.chance(50) ? dice.below(20) : 0 };
      const at = await makeFolder(named(`random-${seed}`), made);
      expect([made, await findings(at)]).toEqual([made, []]);
    }
  },
  PATIENCE,
);

test.each([
  [0, 0],
  [0, 3],
  [1, 0],
  [255, 0],
  [256, 0],
  [257, 0],
  [250, 20],
])('accuses no record of %d signed events and %d more', async (signed, behind) => {
  const at = await makeFolder(named(`of-${signed}-${behind}`), { seed: signed + 3, signed, behind });
  expect(await verifyFolder(at)).toMatchObject({ size: signed, events: signed, findings: [], count: 0 });
});

describe('a record that has been through something', () => {
  let at: string;
  let made = 0;
  beforeAll(() => makeFolder(named('origin'), { seed: 5, signed: 270, behind: 15 }));
  beforeEach(() => (at = copied(named('origin'), named(`copy-${made++}`))));

  /** What a service does with it that starts on it, records some more, and ends. */
  const start = async (on = at) => {
    const record = openRecord(on);
    const log = published(record, on);
    await tellUpTo(record, new Storyteller(new Dice(made)), record.writer.head + 5);
    await log.close();
    await record.close();
  };

  test('a restart is not accused', async () => {
    await start();
    expect(await verifyFolder(at)).toMatchObject({ size: 290, findings: [] });
  });

  test('a rebuild is not accused', async () => {
    const record = openRecord(at);
    rebuild(record.writer.db);
    await record.close();
    expect(await findings(at)).toEqual([]);
  });

  test('a rebuild that was cut off is not accused', async () => {
    const record = openRecord(at);
    const cutOff = () =>
      rebuild(record.writer.db, () => {
        throw new Error('cut off');
      });
    expect(cutOff).toThrow('cut off');
    await record.close();
    expect(await findings(at)).toEqual([]);
  });

  test('a new key beside the old one is not accused', async () => {
    appendFileSync(join(at, 'log.key'), generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }));
    expect(await findings(at)).toEqual([]);
    await start();
    const report = await verifyFolder(at);
    expect([report.findings, report.signedBy.length]).toEqual([[], 2]);
  });

  test('an import is not accused, and can be verified from its first start on', async () => {
    const into = named('imported');
    const source = openDataFolder(at);
    await importInto(into, source);
    await source.close();
    await expect(findings(into)).rejects.toThrow(WrongUse);
    await start(into);
    expect(await verifyFolder(into)).toMatchObject({ size: 275, findings: [] });
  });

  test('a statistic that somebody had SQLite make is not accused', async () => {
    const record = openRecord(at);
    record.writer.db.exec('ANALYZE; CREATE INDEX of_mine ON events (type)');
    await record.close();
    expect(await findings(at)).toEqual([]);
  });
});

describe('a service', () => {
  const WRITERS = 12;

  test('is not accused while it writes, nor after SIGKILL in the middle of that, nor after its next start', async () => {
    const at = named('service');
    const first = startProcess(at);
    const seen = { verified: 0, sizes: new Set<number>() };
    let going = true;
    let seenEnough = () => {};
    const enough = new Promise<void>((resolve) => (seenEnough = resolve));
    // From before there is a record: until then there is nothing to say, and nobody to accuse.
    const watch = async () => {
      while (going) {
        const report = await verifyFolder(at).catch((error: unknown) => {
          if (!(error instanceof WrongUse)) throw error;
        });
        if (report) {
          expect(report.findings).toEqual([]);
          seen.verified++;
          seen.sizes.add(report.size);
          if (seen.verified > 2 && seen.sizes.size > 1) seenEnough();
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const write = async (reporters: Reporters, writer: number) => {
      for (let count = 0; going; count++) if (!(await reporters.send({ zone: 'idlib', text: `report-${count}-of-${writer}` }))) return;
    };
    const serve = async () => {
      const reporters = new Reporters(await first.listening);
      try {
        await reporters.create('idlib');
        const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(reporters, writer)));
        await Promise.race([writing, enough]);
        await first.stop('SIGKILL');
        await writing;
      } finally {
        going = false;
        await first.stop('SIGKILL');
        reporters.close();
      }
    };
    await Promise.all([watch(), serve()]);
    expect(existsSync(join(at, 'record.db-wal'))).toBe(true);
    expect(seen.verified).toBeGreaterThan(2);
    expect(seen.sizes.size).toBeGreaterThan(1);
    const killed = copied(at, named('killed'));
    expect(existsSync(join(killed, 'record.db-wal'))).toBe(true);
    expect(await findings(killed)).toEqual([]);

    const again = startProcess(at);
    try {
      await again.listening;
      expect(await findings(at)).toEqual([]);
      expect(await again.stop('SIGTERM')).toMatchObject({ code: 0 });
    } finally {
      await again.stop('SIGKILL');
    }
    const { size, events, findings: none } = await verifyFolder(at);
    expect(none).toEqual([]);
    expect(events).toBe(size);
    expect(size).toBeGreaterThanOrEqual(Math.max(...seen.sizes));
  });
});
