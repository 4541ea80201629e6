import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportTo } from '../../src/audit/export.js';
import { importInto } from '../../src/audit/import.js';
import { openSource } from '../../src/audit/open-source.js';
import { openCheckpoint, type KnownLog } from '../../src/proof/checkpoint.js';
import { Dice } from '../record/random-command.js';
import { PATIENCE, rounds } from '../record/rounds.js';
import { Reporters } from '../support/reporters.js';
import { startApp, type TestApp } from '../support/start-app.js';
import { startProcess, type ServiceProcess } from '../support/start-process.js';
import { auditorOf, proves, type Auditor, type Kept } from './auditor.js';
import { growTo } from './grown.js';

const told = { occurred: '2017-07-05', sources: [{ publisher: 'TASS' }] };

let folder: string;
let running: ServiceProcess | undefined;
const apps: TestApp[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'zonewatch-kept-'))));
afterEach(async () => {
  await running?.stop('SIGKILL');
  running = undefined;
  for (const app of apps.splice(0)) await app.close();
  rmSync(folder, { recursive: true });
});

const startOn = async (data: string) => {
  const app = await startApp({ folder: data });
  apps.push(app);
  return app;
};
const stop = async (app: TestApp) => {
  apps.splice(apps.indexOf(app), 1);
  await app.close();
};

/** The first event, those at the borders of tiles, the last, and some others. */
function some(dice: Dice, head: number): Set<number> {
  const borders = [1, 2, 255, 256, 257, 512, 513, 65_536, head - 1, head].filter((sequence) => 1 <= sequence && sequence <= head);
  return new Set([...borders, ...Array.from({ length: 8 }, () => 1 + dice.below(head))]);
}

const placesOf = ({ proven }: Kept) => proven.map(({ sequence }) => sequence);

/** What proofs must say: that their events are in the tree of this checkpoint, each in its place. */
const inTree = ({ proven, checkpoint: { size, root } }: Kept) =>
  proven.map(({ sequence }) => ({ sequence, size, root: root.toString('base64') }));

/** What was kept opens by the keys that are there now; the tree has grown from it, and proves the same events again. */
async function holds(kept: Kept, log: KnownLog, auditor: Auditor): Promise<void> {
  expect(openCheckpoint(kept.note, log)).toEqual(kept.checkpoint);
  expect(proves(kept.proven, log)).toEqual(inTree(kept));
  await leadsOn(kept, auditor);
}

async function leadsOn(kept: Kept, auditor: Auditor): Promise<void> {
  const now = await auditor.keep(placesOf(kept));
  expect(now.proven.map(({ entry }) => entry.toString())).toEqual(kept.proven.map(({ entry }) => entry.toString()));
  expect(proves(now.proven, await auditor.known())).toEqual(inTree(now));
  expect(await auditor.leads(kept.checkpoint, now.checkpoint)).toBe(true);
  // From a tree with another root nothing leads there.
  const other = { ...kept.checkpoint, root: Buffer.alloc(32, 1) };
  expect(await auditor.leads(other, now.checkpoint)).toBe(false);
}

/** Exports the record of a folder, and imports it into a new one. */
async function importedFrom(data: string): Promise<string> {
  const [exported, imported] = [join(folder, 'export'), join(folder, 'imported')];
  const source = await openSource(data);
  await exportTo(source, exported).finally(() => source.close());
  const from = await openSource(exported);
  await importInto(imported, from).finally(() => from.close());
  return imported;
}

/** A service on the import of a record proves, under its own name, what was kept of the other: its tree is the same, and grows on from there. */
async function holdsInImport(imported: string, kept: readonly Kept[], log: KnownLog): Promise<void> {
  const app = await startOn(imported);
  const auditor = auditorOf(app.address);
  const own = await auditor.known();
  expect(own.origin).not.toBe(log.origin);
  expect(() => proves(kept[0]!.proven, own)).toThrow('no key that is trusted here');
  for (const each of kept) await leadsOn(each, auditor);
  const last = kept.at(-1)!;
  const { checkpoint } = await auditor.keep([]);
  expect([checkpoint.size, checkpoint.root]).toEqual([last.checkpoint.size, last.checkpoint.root]);
  expect((await app.post('/v1/zones', { ...told, id: 'later', name: { en: 'later' } })).status).toBe(201);
  for (const each of kept) await leadsOn(each, auditor);
  const grown = await auditor.keep([last.checkpoint.size + 1]);
  expect(proves(grown.proven, own)).toEqual(inTree(grown));
}

describe('proofs that were kept', () => {
  const ZONES = 4;
  const WRITERS = 32;

  /** Reports from many writers until the service is gone, which is at some reply, or until there are enough. */
  const report = async (address: string, name: string, { upTo = Infinity, at }: { upTo?: number; at?: () => void }) => {
    const reporters = new Reporters(address);
    let [sent, replies] = [0, 0];
    const writer = async () => {
      while (sent < upTo) {
        const text = `${name}-${sent++}`;
        if (!(await reporters.send({ zone: `z${sent % ZONES}`, text }))) return;
        if (++replies === 150) at?.();
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, writer));
    reporters.close();
  };

  test(
    'hold across SIGKILL under load and restart, and their events are proven in an import',
    async () => {
      const dice = new Dice(2017);
      const data = join(folder, 'data');
      running = startProcess(data);
      let auditor = auditorOf(await running.listening);
      const reporters = new Reporters(await running.listening);
      for (let zone = 0; zone < ZONES; zone++) await reporters.create(`z${zone}`);
      reporters.close();
      await report(await running.listening, 'first', { upTo: 300 });

      const log = await auditor.known();
      const kept: Kept[] = [];
      for (let round = 0; round < rounds(2); round++) {
        kept.push(await auditor.keep(some(dice, await auditor.head())));
        const killed: ServiceProcess = running;
        await report(await killed.listening, `round-${round}`, { at: () => killed.child.kill('SIGKILL') });
        expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });
        running = startProcess(data);
        auditor = auditorOf(await running.listening);
        expect(await auditor.known()).toEqual(log);
        expect(await auditor.head()).toBeGreaterThan(kept.at(-1)!.checkpoint.size);
        for (const each of kept) await holds(each, log, auditor);
      }

      kept.push(await auditor.keep(some(dice, await auditor.head())));
      await running.stop('SIGTERM');
      await holdsInImport(await importedFrom(data), kept, log);
    },
    PATIENCE,
  );
});

describe('a proof in an import', () => {
  const incident = (at: number) => ({
    command: 'zones/report-incident',
    id: 'z0',
    body: { ...told, incident: 'clash', text: { en: `${at}` } },
  });
  const zone = (at: number) => ({ command: 'zones/report', body: { ...told, id: `z${at}`, name: { en: `z${at}` } } });

  // Beyond the first tile of tiles only where more is asked for: to copy so many takes its time.
  const SIZES = [1, 255, 256, 257, ...(rounds(1) > 1 ? [65_536, 65_537] : [])];
  test.each(SIZES)('holds for the first, the last and any other of %i events', async (size) => {
    const data = join(folder, 'data');
    const app = await startOn(data);
    if (size < 1_000) await app.feed(Array.from({ length: size }, (_, at) => (at === 0 ? zone(0) : incident(at))));
    else {
      await app.feed(Array.from({ length: 64 }, (_, at) => zone(at)));
      growTo(app.record, size, 2_000, { recordedAt: new Date().toISOString() });
    }
    const auditor = auditorOf(app.address);
    expect(await auditor.head()).toBe(size);
    const [log, kept] = [await auditor.known(), await auditor.keep(some(new Dice(size), size))];
    expect(proves(kept.proven, log)).toEqual(inTree(kept));
    await stop(app);
    await holdsInImport(await importedFrom(data), [kept], log);
  });
});
