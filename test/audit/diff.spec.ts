import { canonicalEvent } from '../../src/event/canonical.js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBareCheckpoint } from '../../src/audit/bare-checkpoint.js';
import { diff, type BareCheckpoint } from '../../src/audit/diff.js';
import { openExport } from '../../src/audit/export-folder.js';
import { exportTo } from '../../src/audit/export.js';
import { WrongUse } from '../../src/audit/finding.js';
import { openService } from '../../src/audit/service.js';
import { ownFolder } from './folders.js';
import { ORIGIN, SIGNER, checkpointOver, entriesOf, eventAt, memorySource, signerOf } from './made-log.js';
import { serveFolder } from './static-server.js';

const KEYS = [SIGNER.verifier];
const folder = ownFolder();

const other = (sequence: number) =>
  Buffer.from(canonicalEvent(eventAt(sequence, { recordedBy: 'another', id: eventAt(sequence + 5_000).id })));

/** A log in which an event is another than in all the others, and signed so. */
function forked(size: number, ...sequences: number[]) {
  const entries = entriesOf(size);
  for (const sequence of sequences) entries[sequence - 1] = other(sequence);
  return entries;
}

function bare(entries: readonly Buffer[], signer = SIGNER, origin = ORIGIN): BareCheckpoint {
  return { name: 'checkpoint', checkpoint: async () => checkpointOver(entries, [signer], origin) };
}

const log = (entries: Buffer[]) => memorySource(entries);

describe('two sources', () => {
  test('with the same events are the same, also under another name', async () => {
    expect(await diff(log(entriesOf(700)), log(entriesOf(700)), { keys: KEYS })).toMatchObject({
      result: 'same',
      findings: [],
      keysTrusted: true,
    });
    const imported = 'elsewhere/epoch';
    const signer = signerOf(imported, 3);
    const renamed = memorySource(entriesOf(700), {
      checkpoint: async () => checkpointOver(entriesOf(700), [signer], imported),
      vkeys: async () => [signer.verifier.vkey],
    });
    expect(await diff(log(entriesOf(700)), renamed)).toMatchObject({
      result: 'same',
      a: { origin: ORIGIN },
      b: { origin: imported },
      keysTrusted: false,
    });
  });

  test.each([
    [0, 700],
    [1, 2],
    [256, 257],
    [300, 700],
    [511, 512],
  ])('of %d and %d events go on from one another, whichever way round', async (few, many) => {
    const by = many - few;
    expect(await diff(log(entriesOf(few)), log(entriesOf(many)))).toMatchObject({ result: 'continues', longer: { side: 'b', by } });
    expect(await diff(log(entriesOf(many)), log(entriesOf(few)))).toMatchObject({ result: 'continues', longer: { side: 'a', by } });
  });

  test.each([
    [700, 700, 1],
    [700, 700, 700],
    [300, 700, 257],
    [700, 300, 300],
  ])('of %d and %d events contradict one another from event %d on', async (ofA, ofB, sequence) => {
    const { result, first, findings, longer } = await diff(log(entriesOf(ofA)), log(forked(ofB, sequence, Math.min(ofB, sequence + 9))));
    expect([result, longer, findings]).toEqual(['contradicts', undefined, []]);
    expect(first).toEqual({ sequence, a: eventAt(sequence).id, b: eventAt(sequence + 5_000).id });
  });

  test('that differ behind the end of the shorter one go on all the same', async () => {
    expect((await diff(log(entriesOf(300)), log(forked(700, 301)))).result).toBe('continues');
  });

  test('of which one is not what its log has signed prove nothing, and it is told which', async () => {
    const entries = entriesOf(700);
    const lying = log(entries);
    entries[299] = other(300);
    const { result, findings, first } = await diff(log(entriesOf(700)), lying);
    expect(result).toBe('unproven');
    expect(findings).toMatchObject([{ side: 'b', code: 'event-changed', sequence: 300 }]);
    expect(first).toBeUndefined();
    expect((await diff(lying, log(forked(700, 10)))).first).toMatchObject({ sequence: 10 });
  });

  test('of which one has a checkpoint that was cut prove nothing, and only the other is told to be signed', async () => {
    const note = checkpointOver(entriesOf(300));
    const cut = memorySource(entriesOf(300), { checkpoint: async () => note.subarray(0, note.length - 60) });
    for (const keys of [{ keys: KEYS }, {}])
      expect(await diff(log(entriesOf(300)), cut, keys)).toMatchObject({
        result: 'unproven',
        a: { isSigned: true },
        b: { isSigned: false },
        findings: [{ side: 'b', code: 'checkpoint-invalid' }],
      });
  });

  test('are read one after the other, each with a progress of its own, and together where they part', async () => {
    const told: string[] = [];
    const progress = (done: number, of: number) => told.push(`${done}/${of}`);
    await diff(log(entriesOf(300)), log(entriesOf(500)), { progress });
    expect(told.splice(0)).toEqual(['0/300', '300/300', '0/500', '300/500', '500/500']);
    await diff(log(entriesOf(300)), log(forked(500, 3)), { progress });
    expect(told.slice(5)).toEqual(['0/300', '1/300', '2/300']);
  });

  test('of which one has wrong tiles are compared by their events', async () => {
    const wrong = memorySource(entriesOf(700), { tile: async ({ width }) => Buffer.alloc(width * 32) });
    const { result, findings } = await diff(wrong, log(entriesOf(300)));
    expect(result).toBe('continues');
    expect(findings[0]).toMatchObject({ side: 'a', code: 'tile-changed' });
  });
});

describe('two bare checkpoints', () => {
  test('of one size are compared by their roots', async () => {
    expect(await diff(bare(entriesOf(300)), bare(entriesOf(300)), { keys: KEYS })).toMatchObject({ result: 'same', a: { isSigned: true } });
    expect(await diff(bare(entriesOf(300)), bare(forked(300, 1)), { keys: KEYS })).toMatchObject({ result: 'contradicts' });
  });

  test('are compared without a key too, and it is told that nobody vouches for them', async () => {
    expect(await diff(bare(entriesOf(300)), bare(entriesOf(300)))).toMatchObject({
      result: 'same',
      a: { isSigned: false },
      b: { isSigned: false },
    });
  });

  test('prove nothing where one of them was signed by another', async () => {
    const { result, findings } = await diff(bare(entriesOf(300)), bare(forked(300, 1), signerOf(ORIGIN, 9)), { keys: KEYS });
    expect([result, findings]).toMatchObject(['unproven', [{ side: 'b', code: 'checkpoint-invalid' }]]);
  });

  test('of two sizes take the events of a log', async () => {
    await expect(diff(bare(entriesOf(300)), bare(entriesOf(500)), { keys: KEYS })).rejects.toThrow(WrongUse);
    const asked = { keys: KEYS, log: log(entriesOf(700)) };
    expect(await diff(bare(entriesOf(300)), bare(entriesOf(500)), asked)).toMatchObject({
      result: 'continues',
      longer: { side: 'b', by: 200 },
    });
    expect(await diff(bare(forked(300, 7)), bare(entriesOf(500)), asked)).toMatchObject({ result: 'contradicts' });
    expect(await diff(bare(entriesOf(300)), bare(forked(500, 7)), asked)).toMatchObject({
      result: 'unproven',
      findings: [{ side: 'b', code: 'not-a-continuation' }],
    });
    await expect(diff(bare(entriesOf(300)), bare(entriesOf(800)), asked)).rejects.toThrow(WrongUse);
  });
});

describe('a bare checkpoint and a source', () => {
  test.each([0, 255, 300, 700])('of %d events is gone on from', async (size) => {
    const { result, a } = await diff(bare(entriesOf(size)), log(entriesOf(700)));
    expect([result, a.isSigned]).toEqual([size === 700 ? 'same' : 'continues', true]);
  });

  test('contradict one another where the log was changed since', async () => {
    expect(await diff(bare(forked(300, 5)), log(entriesOf(700)))).toMatchObject({ result: 'contradicts', findings: [] });
    expect(await diff(log(entriesOf(700)), bare(forked(700, 5)))).toMatchObject({ result: 'contradicts', findings: [] });
  });

  test('that was forged accuses nobody: it is blamed, by the keys of the other side or of the log', async () => {
    const forged: BareCheckpoint = {
      name: 'forged',
      checkpoint: async () => {
        const [origin, size, root, ...signed] = checkpointOver(entriesOf(300)).toString().split('\n');
        return Buffer.from([origin, size, root!.startsWith('A') ? `B${root!.slice(1)}` : `A${root!.slice(1)}`, ...signed].join('\n'));
      },
    };
    const blamed = (side: string) => ({
      result: 'unproven',
      [side]: { isSigned: false },
      findings: [{ side, code: 'checkpoint-invalid' }],
    });
    expect(await diff(forged, log(entriesOf(700)))).toMatchObject(blamed('a'));
    expect(await diff(log(entriesOf(700)), forged)).toMatchObject(blamed('b'));
    expect(await diff(log(entriesOf(300)), forged)).toMatchObject(blamed('b'));
    expect((await diff(forged, bare(entriesOf(500)), { log: log(entriesOf(700)) })).findings).toMatchObject(blamed('a').findings);
  });

  test('of a log whose keys nobody knows prove nothing where they differ, and are compared where they agree', async () => {
    const origin = 'zonewatch/unknown';
    const unknown = (entries: readonly Buffer[]) => bare(entries, signerOf(origin), origin);
    const { result, findings } = await diff(unknown(forked(300, 5)), log(entriesOf(700)));
    expect([result, findings]).toMatchObject(['unproven', [{ side: 'a', code: 'checkpoint-invalid' }]]);
    expect(findings[0]!.message).toContain(origin);
    const agreeing = await diff(unknown(entriesOf(300)), log(entriesOf(700)));
    expect(agreeing).toMatchObject({ result: 'continues', a: { isSigned: false }, findings: [] });
    const two = await diff(bare(entriesOf(300)), bare(forked(300, 1)));
    expect([two.result, two.findings.map(({ side }) => side)]).toEqual(['unproven', ['a', 'b']]);
  });

  test('that too few witnesses have seen prove nothing', async () => {
    const quorum = () => ['the witness w has not cosigned'];
    const { result, findings, a } = await diff(bare(entriesOf(300)), log(entriesOf(700)), { keys: KEYS, quorum });
    expect([result, a.isSigned]).toEqual(['unproven', true]);
    expect(findings.map(({ side, code }) => [side, code])).toEqual([
      ['a', 'quorum'],
      ['b', 'quorum'],
    ]);
  });

  test('with more events than the source takes a log that has them', async () => {
    await expect(diff(bare(entriesOf(700)), log(entriesOf(300)))).rejects.toThrow(/--log/);
    expect((await diff(bare(entriesOf(700)), log(entriesOf(300)), { log: log(entriesOf(701)) })).result).toBe('continues');
  });

  test('that is none is wrong use', async () => {
    const path = join(folder, 'none');
    writeFileSync(path, 'nothing of the kind');
    await expect(diff(await openBareCheckpoint(path), log(entriesOf(3)))).rejects.toThrow(WrongUse);
    await expect(openBareCheckpoint(join(folder, 'nowhere'))).rejects.toThrow(WrongUse);
    await expect(openBareCheckpoint(folder)).rejects.toThrow(WrongUse);
  });
});

test('an export is compared with a later one, and with a service', async () => {
  const [before, after, fork] = ['before', 'after', 'fork'].map((name) => join(folder, name)) as [string, string, string];
  await exportTo(memorySource(entriesOf(300)), before);
  await exportTo(memorySource(entriesOf(700)), after);
  await exportTo(memorySource(forked(700, 280)), fork);
  const server = await serveFolder(after);
  try {
    const service = openService(server.url);
    for (const later of [await openExport(after), service])
      expect(await diff(await openExport(before), later, { keys: KEYS })).toMatchObject({
        result: 'continues',
        longer: { side: 'b', by: 400 },
      });
    const [earlier, changed] = [await openExport(before), await openExport(fork)];
    for (const pair of [[changed, service] as const, [earlier, changed] as const])
      expect(await diff(...pair)).toMatchObject({ result: 'contradicts', first: { sequence: 280 }, findings: [] });
    const kept = await openBareCheckpoint(join(before, 'checkpoint'));
    expect((await diff(kept, service)).result).toBe('continues');
    await service.close();
  } finally {
    await server.close();
  }
});
