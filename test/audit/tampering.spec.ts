import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportTo } from '../../src/audit/export.js';
import { openExport } from '../../src/audit/export-folder.js';
import { FindingError, WrongUse, type Finding } from '../../src/audit/finding.js';
import { openSource } from '../../src/audit/open-source.js';
import { verify } from '../../src/audit/verify.js';
import { parseTilePath } from '../../src/proof/tile-path.js';
import { canonicalEvent } from '../../src/event/canonical.js';
import type { Source } from '../../src/audit/source.js';
import { Dice } from '../record/random-command.js';
import { PATIENCE, rounds } from '../record/rounds.js';
import { filesOf, ownFolder } from './folders.js';
import { SIGNER, entriesOf, eventAt, memorySource } from './made-log.js';

const SIZE = 600;
const ROUNDS = rounds(90);

const folder = ownFolder();
const honest = join(folder, 'honest');
const changed = join(folder, 'changed');
let files: string[];

beforeAll(async () => {
  await exportTo(memorySource(entriesOf(SIZE)), honest, { keys: [SIGNER.verifier] });
  files = filesOf(honest);
});

/** The first event that a change at a byte of a file touches; undefined where the file is not about events one by one. */
function touched(file: string, at: number): number | undefined {
  const tile = parseTilePath(file);
  if (tile?.level === 'entries')
    return tile.index * 256 + 1 + placeIn(entriesOf(SIZE).slice(tile.index * 256, (tile.index + 1) * 256), at, 2, 0);
  if (tile) return (tile.index * 256 + Math.min(Math.floor(at / 32), tile.width - 1)) * 256 ** (tile.level as number) + 1;
  if (!file.endsWith('.ndjson')) return undefined;
  const lines = readFileSync(join(honest, file)).toString('latin1').split('\n').slice(0, -1);
  return 1 + placeIn(lines, at, 0, 1);
}

function placeIn(parts: readonly { length: number }[], at: number, before: number, behind: number): number {
  let end = 0;
  const place = parts.findIndex(({ length }) => (end += before + length + behind) > at);
  return place < 0 ? parts.length - 1 : place;
}

/** Changes a file in one of the ways that somebody with access to it has. Gives what was done, and where it begins. */
function tamper(dice: Dice, file: string): { how: string; at: number } {
  const path = join(changed, file);
  const bytes = readFileSync(path);
  const at = dice.below(bytes.length);
  const how = dice.pick(['flip', 'cut', 'append', 'remove', 'swap', 'insert', 'delete']);
  if (how === 'flip') bytes[at]! ^= 1 << dice.below(8);
  if (how === 'swap') bytes.copy(bytes, at, 0, Math.min(40, bytes.length - at));
  if (how === 'flip' || how === 'swap') writeFileSync(path, bytes);
  if (how === 'insert') writeFileSync(path, Buffer.concat([bytes.subarray(0, at), Buffer.from('7'), bytes.subarray(at)]));
  if (how === 'delete') writeFileSync(path, Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]));
  if (how === 'cut') truncateSync(path, at);
  if (how === 'append') appendFileSync(path, '\n');
  if (how === 'remove') rmSync(path);
  const now = how === 'remove' ? Buffer.of() : readFileSync(path);
  const first = readFileSync(join(honest, file)).findIndex((byte, place) => byte !== now[place]);
  return { how, at: how === 'append' ? bytes.length : first };
}

async function findingsOf(path: string, opening = openExport): Promise<readonly Finding[]> {
  try {
    return (await verify(await opening(path), { keys: [SIGNER.verifier] })).findings;
  } catch (error) {
    if (error instanceof FindingError) return [error.finding];
    throw error;
  }
}

test(
  `finds each of ${ROUNDS} changes to an export, and names the first event that it touches`,
  async () => {
    const dice = new Dice(20170705);
    const seen = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const file = files[round % files.length]!;
      rmSync(changed, { recursive: true, force: true });
      cpSync(honest, changed, { recursive: true });
      const { how, at } = tamper(dice, file);
      // What a change left as it was is no change.
      if (at < 0) continue;
      seen.add(`${file} ${how}`);
      const findings = await findingsOf(changed);
      const told = `round ${round}: ${how} ${file} at ${at}: ${JSON.stringify(findings)}`;
      expect([findings.length > 0, told]).toEqual([true, told]);
      const sequence = touched(file, at);
      if (sequence === undefined) continue;
      expect([findings[0]!.sequence, told]).toEqual([sequence, told]);
      // An event that was changed may carry another id by now; any other touched event is named by its own.
      if (findings[0]!.code === 'tile-changed') expect(findings[0]!.id).toBe(eventAt(sequence).id);
    }
    expect(seen.size).toBeGreaterThan(40);
  },
  PATIENCE,
);

test('accuses no honest export, however often it is copied', async () => {
  for (let round = 0; round < 5; round++) {
    rmSync(changed, { recursive: true, force: true });
    cpSync(honest, changed, { recursive: true });
    expect(await findingsOf(changed)).toEqual([]);
  }
});

describe('an export', () => {
  const copied = () => {
    rmSync(changed, { recursive: true, force: true });
    cpSync(honest, changed, { recursive: true });
    return changed;
  };

  test('without its manifest is one all the same, whose manifest is missing', async () => {
    rmSync(join(copied(), 'manifest.json'));
    expect(await findingsOf(changed, openSource)).toEqual([{ code: 'file-changed', message: 'manifest.json is not there' }]);
  });

  test('without its checkpoint does not hold, and without either is none', async () => {
    rmSync(join(copied(), 'checkpoint'));
    expect(await findingsOf(changed, openSource)).toMatchObject([{ code: 'checkpoint-invalid' }]);
    rmSync(join(changed, 'manifest.json'));
    await expect(openSource(changed)).rejects.toThrow(WrongUse);
  });

  test('with a record.db beside its manifest could be either, and is refused', async () => {
    writeFileSync(join(copied(), 'record.db'), '');
    await expect(openSource(changed)).rejects.toThrow(/both a record\.db and a manifest\.json/);
    await expect(openSource(changed)).rejects.toThrow(WrongUse);
  });

  test('tells of files and folders that are none of its own', async () => {
    mkdirSync(join(copied(), 'notes'));
    writeFileSync(join(changed, `more${'\u001b'}[2J`), '');
    writeFileSync(join(changed, 'n'.repeat(255)), '');
    const told = (await findingsOf(changed)).map(({ code, message }) => `${code}: ${message}`).sort();
    expect(told).toEqual([
      'file-changed: more\\u{1b}[2J is no file of an export',
      `file-changed: ${'n'.repeat(255)} is no file of an export`,
      'file-changed: notes is no file of an export',
    ]);
  });

  const manifests = [
    `{"files":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
    '{"files":{"vkey":' + '['.repeat(30_000) + ']'.repeat(30_000) + '}}',
  ];
  test.each([...manifests, 'null', '{"files":5}', '{"files":null}', '[]', ''])(
    'whose manifest is odd tells so, and no more (%#)',
    async (manifest) => {
      writeFileSync(join(copied(), 'manifest.json'), manifest);
      expect(await findingsOf(changed)).toMatchObject([
        { code: 'file-changed', message: expect.stringMatching(/^manifest\.json does not agree with/) },
      ]);
    },
  );

  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
  const odd = (field: string, value: string) => {
    const said = Object.entries(JSON.parse(canonicalEvent(eventAt(3))) as object).map(([name, own]) => [name, JSON.stringify(own)]);
    return `{${said.map(([name, own]) => `"${name}":${name === field ? value : own}`).join()}}`;
  };
  const values = ['{"toString":0}', '{"valueOf":0}', 'null', 'true', '[]', '[null]', '{"__proto__":null}', deep];
  const fields = [
    'sequence',
    'revision',
    'version',
    'stream',
    'id',
    'type',
    'recordedAt',
    'recordedBy',
    'occurred',
    'about',
    'sources',
    'data',
  ];
  const fits = new Set(['about []', 'sources []', 'data {"toString":0}', 'data {"valueOf":0}']);
  const cases = fields
    .flatMap((field) => values.map((value) => [field, value] as const))
    .filter(([field, value]) => !fits.has(`${field} ${value}`));
  test('of events with fields of other types tells of each, and never of the reader', async () => {
    const path = join(folder, 'odd');
    await exportTo(memorySource(entriesOf(4)), path, { keys: [SIGNER.verifier] });
    for (const [field, value] of cases) {
      const entries = entriesOf(4);
      entries[2] = Buffer.from(odd(field, value));
      const { findings } = await verify(await openSigned(path, entries), { keys: [SIGNER.verifier] });
      const codes = findings.filter(({ sequence }) => sequence === 3).map(({ code }) => code);
      expect([field, value.slice(0, 30), codes]).toEqual([field, value.slice(0, 30), expect.arrayContaining(['event-malformed'])]);
      expect(JSON.stringify(findings)).not.toMatch(/convert|call stack|undefined|function/);
    }
  });
});

/** An export whose log has signed other events than its files have as lines. */
async function openSigned(path: string, entries: Buffer[]): Promise<Source> {
  const source = await openExport(path);
  return { ...memorySource(entries), check: source.check!.bind(source) };
}
