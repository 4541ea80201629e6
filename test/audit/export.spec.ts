import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { exportTo } from '../../src/audit/export.js';
import { openExport } from '../../src/audit/export-folder.js';
import { FindingError, WrongUse } from '../../src/audit/finding.js';
import type { Source } from '../../src/audit/source.js';
import { verify } from '../../src/audit/verify.js';
import { filesOf, ownFolder } from './folders.js';
import { ORIGIN, SIGNER, entriesOf, eventAt, memorySource, signerOf } from './made-log.js';

const KEYS = [SIGNER.verifier];
const folder = ownFolder();
let made = 0;
const fresh = () => join(folder, `export-${made++}`);

async function exported(size: number): Promise<string> {
  const path = fresh();
  await exportTo(memorySource(entriesOf(size)), path, { keys: KEYS });
  return path;
}

const verified = async (path: string) => verify(await openExport(path), { keys: KEYS });

test.each([0, 1, 255, 256, 257, 300, 512, 700])('an export of %d events holds, as a stranger reads it', async (size) => {
  const path = await exported(size);
  expect(await verified(path)).toMatchObject({ size, events: size, findings: [], count: 0 });
  expect(await verify(await openExport(path))).toMatchObject({ keysTrusted: false, findings: [] });
});

test('has the tiles that its size demands, and nothing else', async () => {
  const rest = ['checkpoint', 'events.cloudevents.ndjson', 'events.ndjson', 'manifest.json', 'vkey'];
  const tiles = ['tile/0/000', 'tile/0/001', 'tile/0/002.p/188', 'tile/1/000.p/2'];
  const bundles = ['tile/entries/000', 'tile/entries/001', 'tile/entries/002.p/188'];
  expect(filesOf(await exported(700))).toEqual([...rest, ...tiles, ...bundles].sort());
  expect(filesOf(await exported(256))).toEqual([...rest, 'tile/0/000', 'tile/1/000.p/1', 'tile/entries/000'].sort());
  expect(filesOf(await exported(0))).toEqual(rest);
});

test('has the events as lines, byte for byte, and as CloudEvents', async () => {
  const path = await exported(300);
  expect(readFileSync(join(path, 'events.ndjson'), 'utf8')).toBe(
    entriesOf(300)
      .map((entry) => `${entry.toString()}\n`)
      .join(''),
  );
  const lines = readFileSync(join(path, 'events.cloudevents.ndjson'), 'utf8').split('\n');
  expect(lines).toHaveLength(301);
  expect(JSON.parse(lines[41]!)).toEqual({
    specversion: '1.0',
    id: eventAt(42).id,
    source: `urn:zonewatch:${ORIGIN.slice('zonewatch/'.length)}`,
    type: 'org.zonewatch.ZoneReported',
    subject: eventAt(42).stream,
    time: eventAt(42).recordedAt,
    datacontenttype: 'application/json',
    sequence: '0000000000000042',
    data: eventAt(42),
  });
  expect(lines.slice(0, -1).sort((a, b) => (sequenceOf(a) < sequenceOf(b) ? -1 : 1))).toEqual(lines.slice(0, -1));
});

const sequenceOf = (line: string) => (JSON.parse(line) as { sequence: string }).sequence;

test('has a manifest that other tools can check', async () => {
  const path = await exported(300);
  const manifest = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as Record<string, unknown> & { files: object };
  const [origin, size, root] = readFileSync(join(path, 'checkpoint'), 'utf8').split('\n');
  expect(manifest).toMatchObject({ format: 'zonewatch-export/1', origin, epoch: ORIGIN.split('/').at(-1), size: Number(size), root });
  for (const [file, facts] of Object.entries(manifest.files)) {
    const bytes = readFileSync(join(path, file));
    expect(facts).toEqual({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  }
  expect(Object.keys(manifest.files)).toEqual(['checkpoint', 'events.cloudevents.ndjson', 'events.ndjson', 'vkey']);
});

test('is the same, byte for byte, each time and when exported from an export', async () => {
  const [one, other, again] = [await exported(300), await exported(300), fresh()];
  await exportTo(await openExport(one), again);
  for (const path of [other, again])
    for (const file of filesOf(one)) expect(readFileSync(join(path, file)).equals(readFileSync(join(one, file)))).toBe(true);
});

test('goes into an empty folder, and leaves nothing beside it', async () => {
  const path = fresh();
  mkdirSync(path);
  await exportTo(memorySource(entriesOf(3)), path);
  expect((await verified(path)).findings).toEqual([]);
  expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('refuses a folder that has files, a file, and a folder in a place that is not there', async () => {
  const path = await exported(3);
  await expect(exportTo(memorySource(entriesOf(4)), path)).rejects.toThrow(WrongUse);
  expect((await verified(path)).size).toBe(3);
  await expect(exportTo(memorySource(entriesOf(4)), join(path, 'vkey'))).rejects.toThrow(WrongUse);
  await expect(exportTo(memorySource(entriesOf(4)), join(folder, 'nowhere', 'export'))).rejects.toThrow(WrongUse);
});

test('is not made of a record that does not hold, and leaves nothing behind', async () => {
  const path = fresh();
  for (const change of [(entries: Buffer[]) => entries.splice(299, 1), (entries: Buffer[]) => (entries[300] = Buffer.from('null'))]) {
    const entries = entriesOf(700);
    const source = memorySource(entries);
    change(entries);
    await expect(exportTo(source, path)).rejects.toThrow(FindingError);
  }
  const long = entriesOf(700);
  const source = memorySource(long);
  long[300] = Buffer.alloc(70_000);
  await expect(exportTo(source, path)).rejects.toMatchObject({ finding: { sequence: 301 } });
  expect([existsSync(path), readdirSync(folder).filter((name) => name.startsWith('.'))]).toEqual([false, []]);
});

test('is not made of a record that too few witnesses have seen', async () => {
  const path = fresh();
  const quorum = () => ['the witness w has not cosigned'];
  const exporting = exportTo(memorySource(entriesOf(3)), path, { keys: KEYS, quorum });
  await expect(exporting).rejects.toMatchObject({ finding: { code: 'quorum', message: expect.stringContaining('the witness w') } });
  expect([existsSync(path), readdirSync(folder).filter((name) => name.startsWith('.'))]).toEqual([false, []]);
});

test('names the keys of its own log, and none of the others that the auditor trusts', async () => {
  const path = fresh();
  await exportTo(memorySource(entriesOf(3)), path, { keys: [signerOf('zonewatch/another').verifier, ...KEYS] });
  expect(readFileSync(join(path, 'vkey'), 'utf8').trim()).toBe(SIGNER.verifier.vkey);
});

test('is made of the events alone: wrong tiles of the source are told and do not get into it', async () => {
  const path = fresh();
  const source = memorySource(entriesOf(300));
  const report = await exportTo({ ...source, tile: async ({ width }) => Buffer.alloc(width * 32) }, path, { keys: KEYS });
  expect(report.findings[0]).toMatchObject({ code: 'tile-changed', sequence: 1 });
  expect((await verified(path)).findings).toEqual([]);
});

test('that is interrupted leaves nothing behind', async () => {
  const path = fresh();
  const stopping = new AbortController();
  const progress = (done: number) => done >= 600 && stopping.abort(new Error('CTRL-C'));
  await expect(exportTo(memorySource(entriesOf(700)), path, { signal: stopping.signal, progress })).rejects.toThrow('CTRL-C');
  expect([existsSync(path), readdirSync(folder).filter((name) => name.startsWith('.'))]).toEqual([false, []]);
});

test('takes away what killed ones have left under the same name, and nothing else', async () => {
  const others = ['.it.unfinished-0123abc', '.it.unfinished-0123abcd.kept', '.it.unfinished-0123abcg', '.it2.unfinished-0123abcd'];
  for (const name of ['.it.unfinished-0123abcd', ...others]) {
    mkdirSync(join(folder, name, 'export'), { recursive: true });
    writeFileSync(join(folder, name, 'export', 'events.ndjson'), '');
  }
  // What a backup writes is a file.
  writeFileSync(join(folder, '.it.unfinished-89abcdef'), '');
  await exportTo(memorySource(entriesOf(3)), join(folder, 'it'));
  const left = readdirSync(folder).filter((name) => name.startsWith('.'));
  expect(left.sort()).toEqual([...others, '.it.unfinished-89abcdef'].sort());
  for (const name of left) rmSync(join(folder, name), { recursive: true });
});

test('leaves another alone that is at work on the same place, which only one of them gets', async () => {
  const path = fresh();
  const source = memorySource(entriesOf(700));
  const slow: Source = {
    ...source,
    async *entries(after, size) {
      await exportTo(memorySource(entriesOf(3)), path);
      expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toHaveLength(1);
      yield* source.entries(after, size);
    },
  };
  await expect(exportTo(slow, path)).rejects.toThrow(/was taken meanwhile/);
  expect(await verified(path)).toMatchObject({ size: 3, findings: [] });
  expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
});

describe('a folder from outside', () => {
  test('is none where it is not there, is a file or has no checkpoint', async () => {
    for (const path of [join(folder, 'nowhere'), join(await exported(1), 'vkey'), folder])
      await expect(openExport(path)).rejects.toThrow(WrongUse);
  });

  test.each(['tile/entries/000', 'tile/0/000', 'tile/entries', 'tile', 'events.ndjson', 'vkey', 'manifest.json'])(
    'is not followed where %s is a link, even to what was there',
    async (file) => {
      const path = await exported(300);
      const aside = fresh();
      execFileSync('mv', [join(path, file), aside]);
      symlinkSync(aside, join(path, file));
      expect((await verified(path)).count).toBeGreaterThan(0);
    },
  );

  test.each(['tile/entries/000', 'tile/0/000', 'events.ndjson', 'manifest.json'])('does not wait where %s is a pipe', async (file) => {
    const path = await exported(300);
    execFileSync('rm', [join(path, file)]);
    execFileSync('mkfifo', [join(path, file)]);
    expect((await verified(path)).count).toBeGreaterThan(0);
  });

  test.each([
    ['tile/0/001.p/43', 257],
    ['tile/0/007', undefined],
    ['tile/entries/000.p/5', 1],
    ['tile/entries/notes.txt', undefined],
    ['tile/2/000.p/1', 1],
  ])('has a stranger in %s', async (file, sequence) => {
    const path = await exported(300);
    mkdirSync(join(path, file, '..'), { recursive: true });
    writeFileSync(join(path, file), 'x');
    const { findings } = await verified(path);
    expect(findings).toMatchObject([{ code: 'file-changed', message: `${file} is no tile of this record` }]);
    expect(findings[0]!.sequence).toBe(sequence);
  });

  test('is not read whole where a small file is large', async () => {
    const path = await exported(300);
    for (const file of ['tile/0/000', 'manifest.json']) execFileSync('truncate', ['-s', '8G', join(path, file)]);
    expect(statSync(join(path, 'manifest.json')).size).toBe(2 ** 33);
    expect((await verified(path)).count).toBe(2);
    execFileSync('truncate', ['-s', '8G', join(path, 'checkpoint')]);
    expect((await verified(path)).findings).toMatchObject([{ code: 'checkpoint-invalid' }]);
  });

  test('is told which file the manifest does not describe', async () => {
    const path = await exported(3);
    appendFileSync(join(path, 'vkey'), '\n');
    const { findings } = await verified(path);
    expect(findings).toEqual([{ code: 'file-changed', message: 'manifest.json does not agree with vkey' }]);
  });
});
