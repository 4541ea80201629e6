import { canonicalEvent } from '../../src/event/canonical.js';
import { WrongUse } from '../../src/audit/finding.js';
import { verify } from '../../src/audit/verify.js';
import { parseVkey } from '../../src/proof/note-keys.js';
import { witness } from '../proof/keys.js';
import { ORIGIN, SIGNER, checkpointOver, entriesOf, eventAt, memorySource, signerOf } from './made-log.js';

const KEYS = [SIGNER.verifier];
const bytesOf = (...event: Parameters<typeof eventAt>) => Buffer.from(canonicalEvent(eventAt(...event)));

/** A log whose own events are told otherwise, and signed so. */
function toldWith(size: number, changes: Record<number, Parameters<typeof eventAt>[1]>) {
  const entries = entriesOf(size);
  for (const [sequence, change] of Object.entries(changes)) entries[Number(sequence) - 1] = bytesOf(Number(sequence), change);
  return memorySource(entries);
}

describe('an honest record', () => {
  test.each([0, 1, 2, 255, 256, 257, 300, 511, 512, 513, 65_535, 65_536, 65_537])('of %d events holds', async (size) => {
    const seen: number[] = [];
    // What an event says is checked in the same way however many there are.
    const hashesOnly = size > 1_000;
    const report = await verify(memorySource(entriesOf(size)), { keys: KEYS, hashesOnly, progress: (done) => seen.push(done) });
    expect(report).toMatchObject({ origin: ORIGIN, size, events: size, signedBy: [ORIGIN], cosignedBy: [], keysTrusted: true });
    expect([report.findings, report.count]).toEqual([[], 0]);
    expect(seen.at(-1) ?? 0).toBe(size);
  });

  test('holds without the tiles, and by hashes only', async () => {
    const { tile: _, ...bare } = memorySource(entriesOf(700));
    expect((await verify(bare)).findings).toEqual([]);
    expect((await verify(bare, { hashesOnly: true })).findings).toEqual([]);
  });

  test('is told to be taken on the word of its own keys when no others are given', async () => {
    expect(await verify(memorySource(entriesOf(3)))).toMatchObject({ keysTrusted: false, findings: [] });
  });

  test.each([0, 1, 255, 256, 257, 300, 600, 699, 700])('goes on from its checkpoint of %d events', async (size) => {
    const earlier = checkpointOver(entriesOf(size));
    expect((await verify(memorySource(entriesOf(700)), { keys: KEYS, earlier })).findings).toEqual([]);
  });

  test('shows which witnesses have seen it, and whether they are enough', async () => {
    const seer = witness('witness.example', Buffer.alloc(32, 9));
    const entries = entriesOf(10);
    const note = checkpointOver(entries).toString();
    const cosigned = Buffer.from(note + seer.line(note.slice(0, note.indexOf('\n\n') + 1), 1_700_000_000));
    const source = memorySource(entries, { checkpoint: async () => cosigned });
    const quorum = (signatures: readonly unknown[]) => (signatures.length >= 1 ? [] : ['one is lacking', 'and another']);
    const witnesses = [parseVkey(seer.vkey)];
    const report = await verify(source, { keys: KEYS, witnesses, quorum });
    expect(report).toMatchObject({ signedBy: [ORIGIN], cosignedBy: [{ name: 'witness.example', time: 1_700_000_000 }], findings: [] });
    expect((await verify(memorySource(entries), { keys: KEYS, witnesses, quorum })).findings).toMatchObject([
      { code: 'quorum', message: expect.stringContaining('one is lacking; and another') },
    ]);
  });
});

describe('what was changed behind the log', () => {
  test.each([
    [1, 1],
    [2, 1],
    [700, 1],
    [700, 256],
    [700, 257],
    [700, 700],
    [66_000, 65_600],
  ])('of %d events, event %d is named', async (size, sequence) => {
    const entries = entriesOf(size);
    const source = memorySource(entries);
    entries[sequence - 1] = bytesOf(sequence, { recordedBy: 'somebody' });
    const named = { code: 'event-changed', sequence, id: eventAt(sequence).id };
    for (const hashesOnly of size > 1_000 ? [false] : [true, false])
      expect((await verify(source, { keys: KEYS, hashesOnly })).findings).toMatchObject([named]);
  });

  test('of two events in one another is named first, and both are', async () => {
    const entries = entriesOf(700);
    const source = memorySource(entries);
    [entries[300], entries[400]] = [entries[400]!, entries[300]!];
    const { findings } = await verify(source, { keys: KEYS });
    expect(findings.map(({ code, sequence }) => [code, sequence])).toEqual([
      ['event-changed', 301],
      ['event-changed', 401],
    ]);
  });

  test('is named by its place where its bytes have no id left', async () => {
    const entries = entriesOf(40);
    const source = memorySource(entries);
    entries[19] = Buffer.from([0xff, 0x00, 0x7b]);
    expect((await verify(source)).findings).toEqual([{ code: 'event-changed', sequence: 20, message: expect.any(String) }]);
  });

  test('keeps its id where only the id can still be read', async () => {
    const entries = entriesOf(40);
    const source = memorySource(entries);
    entries[19] = Buffer.concat([Buffer.from('{'), entries[19]!]);
    expect((await verify(source)).findings).toMatchObject([{ code: 'event-changed', sequence: 20, id: eventAt(20).id }]);
  });

  test.each([1, 256, 400])('is missed from event %d on where the end is gone', async (first) => {
    const entries = entriesOf(400);
    const source = memorySource(entries);
    entries.length = first - 1;
    expect((await verify(source)).findings).toMatchObject([{ code: 'event-missing', sequence: first }]);
  });

  test('is named from the first event on where one was cut out', async () => {
    const entries = entriesOf(400);
    const source = memorySource(entries);
    entries.splice(99, 1);
    const { findings, count } = await verify(source);
    expect(findings[0]).toMatchObject({ code: 'event-changed', sequence: 100 });
    expect(findings).toHaveLength(100);
    expect(count).toBeGreaterThanOrEqual(100);
  });

  test('cannot be told apart without tiles, and is found all the same', async () => {
    const entries = entriesOf(700);
    const { tile: _, ...source } = memorySource(entries);
    entries[300] = bytesOf(301, { recordedBy: 'somebody' });
    expect((await verify(source)).findings).toMatchObject([{ code: 'root-mismatch' }]);
  });

  test('together with its hash is told as one of the events beneath the next hash that holds', async () => {
    const entries = entriesOf(700);
    const honest = memorySource(entries);
    const forged = [...entries];
    forged[300] = bytesOf(301, { recordedBy: 'somebody' });
    const source = memorySource(forged);
    const tile: typeof honest.tile = (place) => (place.level === 0 ? source : honest).tile!(place);
    const { findings } = await verify({ ...source, checkpoint: honest.checkpoint, tile }, { keys: KEYS });
    expect(findings).toMatchObject([{ code: 'event-changed', sequence: 257, message: expect.stringContaining('257 to 512') }]);
  });

  test('with all of its hashes is found by the root', async () => {
    const forged = entriesOf(700);
    forged[300] = bytesOf(301, { recordedBy: 'somebody' });
    const source = memorySource(forged, { checkpoint: async () => checkpointOver(entriesOf(700)) });
    expect((await verify(source, { keys: KEYS })).findings.map(({ code }) => code)).toContain('root-mismatch');
  });
});

describe('a tile', () => {
  test.each([
    ['0/0', 5, 6],
    ['0/1', 0, 257],
    ['0/2', 3, 516],
    ['1/0', 1, 257],
  ])('%s with a wrong hash at %d touches event %d, and no event is accused', async (path, at, sequence) => {
    const source = memorySource(entriesOf(700));
    const changed: typeof source.tile = async (tile) => {
      const bytes = await source.tile!(tile);
      if (`${tile.level}/${tile.index}` === path) bytes!.fill(1, at * 32, at * 32 + 1);
      return bytes;
    };
    const { findings } = await verify({ ...source, tile: changed }, { keys: KEYS });
    expect(findings).toMatchObject([{ code: 'tile-changed', sequence, id: eventAt(sequence).id }]);
  });

  test('that is not there or has another length is told', async () => {
    const source = memorySource(entriesOf(700));
    const gone = await verify({ ...source, tile: async (tile) => (tile.index === 1 ? undefined : source.tile!(tile)) });
    expect(gone.findings).toMatchObject([{ code: 'tile-changed', sequence: 257, message: 'tile/0/001 is not there' }]);
    const cut = await verify({ ...source, tile: async (tile) => (await source.tile!(tile))!.subarray(0, 100) });
    expect(cut.findings.map(({ sequence }) => sequence)).toEqual([4, 260, 516]);
  });
});

describe('what a log has signed and should not have', () => {
  test.each([
    ['a sequence that is not its place', { sequence: 9 }, 'event-order'],
    ['a revision that leaves one out', { revision: 7 }, 'event-order'],
    ['a revision that is there already', { revision: 0 }, 'event-order'],
    ['a time before the one before it', { recordedAt: '2017-07-06T00:00:01.000Z' }, 'event-order'],
    ['an id that is no UUIDv7', { id: '01900000-0000-4000-8000-000000000014' }, 'event-malformed'],
    ['a stream of no kind', { stream: 'weather-idlib' }, 'event-malformed'],
    ['a time in another form', { recordedAt: '2017-07-06' }, 'event-malformed'],
  ])('%s', async (_, change, code) => {
    const { findings } = await verify(toldWith(40, { 20: change }), { keys: KEYS });
    expect(findings[0]).toMatchObject({ code, sequence: 20 });
    expect((await verify(toldWith(40, { 20: change }), { keys: KEYS, hashesOnly: true })).findings).toEqual([]);
  });

  test('a time that is ahead is told of by the event behind it, and by no other', async () => {
    const { findings, count } = await verify(toldWith(40, { 20: { recordedAt: '2031-07-06T00:00:00.000Z' } }), { keys: KEYS });
    expect([findings.map(({ code, sequence }) => [code, sequence]), count]).toEqual([[['event-order', 21]], 1]);
  });

  test.each([
    ['blanks', (text: string) => text.replace('"about":', '"about": ')],
    ['keys in another order', (text: string) => text.replace(/^\{("about":\[[^\]]*\]),(.*)\}$/, '{$2,$1}')],
    ['a number in another form', (text: string) => text.replace('"version":1}', '"version":1.0}')],
    ['a field that no event has', (text: string) => text.replace('{"about"', '{"Extra":1,"about"')],
    ['an escape that is not needed', (text: string) => text.replace('SANA', '\\u0053ANA')],
    ['nothing but null', () => 'null'],
    ['a list nested deep', () => '['.repeat(60_000)],
    ['a byte that is no UTF-8', (text: string) => Buffer.from(text.replace('SANA', 'SAN\u00ff'), 'latin1')],
  ])('bytes that are not canonical: %s', async (_, change) => {
    const entries = entriesOf(40);
    entries[19] = Buffer.from(change(entries[19]!.toString()) as string);
    const { findings } = await verify(memorySource(entries), { keys: KEYS });
    expect(findings[0]).toMatchObject({ code: 'event-malformed', sequence: 20 });
    expect(findings.filter(({ sequence }) => sequence! > 20)).toEqual([]);
  });
});

describe('a checkpoint', () => {
  test('that another key has signed does not hold', async () => {
    const source = memorySource(entriesOf(3), { checkpoint: async () => checkpointOver(entriesOf(3), [signerOf(ORIGIN, 8)]) });
    expect(await verify(source, { keys: KEYS })).toMatchObject({ events: 0, findings: [{ code: 'checkpoint-invalid' }] });
  });

  test('is not vouched for by a witness alone', async () => {
    const seer = witness(ORIGIN, Buffer.alloc(32, 9));
    const note = checkpointOver(entriesOf(3)).toString();
    const text = note.slice(0, note.indexOf('\n\n') + 1);
    const source = memorySource(entriesOf(3), { checkpoint: async () => Buffer.from(`${text}\n${seer.line(text, 5)}`) });
    expect((await verify(source, { keys: KEYS, witnesses: [parseVkey(seer.vkey)] })).findings).toMatchObject([
      { code: 'checkpoint-invalid' },
    ]);
  });

  test('is not vouched for by a witness whose key is given as that of a log', async () => {
    const seer = witness(ORIGIN, Buffer.alloc(32, 9));
    const text = checkpointOver(entriesOf(3)).toString().split('\n\n')[0]! + '\n';
    const source = memorySource(entriesOf(3), { checkpoint: async () => Buffer.from(`${text}\n${seer.line(text, 5)}`) });
    expect((await verify(source, { keys: [SIGNER.verifier, parseVkey(seer.vkey)] })).findings).toMatchObject([
      { code: 'checkpoint-invalid' },
    ]);
  });

  test('is not vouched for by the key of another log, also where both are trusted', async () => {
    const another = signerOf('zonewatch/another', 8);
    const source = memorySource(entriesOf(3), { checkpoint: async () => checkpointOver(entriesOf(3), [another]) });
    const keys = [SIGNER.verifier, another.verifier];
    expect((await verify(source, { keys })).findings).toMatchObject([{ code: 'checkpoint-invalid' }]);
    const earlier = checkpointOver(entriesOf(2), [another]);
    expect((await verify(memorySource(entriesOf(3)), { keys, earlier })).findings).toMatchObject([{ code: 'not-a-continuation' }]);
    expect((await verify(memorySource(entriesOf(3)), { keys })).findings).toEqual([]);
  });

  test('of a log whose key was not given says so', async () => {
    const { findings } = await verify(memorySource(entriesOf(3)), { keys: [signerOf('zonewatch/another').verifier] });
    expect(findings).toEqual([
      { code: 'checkpoint-invalid', message: expect.stringContaining(`${ORIGIN}, and no key of that log is known`) },
    ]);
  });

  test('does not hold with a cosignature of a time that no Date can hold', async () => {
    const seer = witness('witness.example', Buffer.alloc(32, 9));
    const note = checkpointOver(entriesOf(3)).toString();
    const text = note.slice(0, note.indexOf('\n\n') + 1);
    const seenAt = async (time: number) => {
      const source = memorySource(entriesOf(3), { checkpoint: async () => Buffer.from(note + seer.line(text, time)) });
      return verify(source, { keys: KEYS, witnesses: [parseVkey(seer.vkey)] });
    };
    expect(await seenAt(8.64e12)).toMatchObject({ cosignedBy: [{ time: 8.64e12 }], findings: [] });
    for (const time of [8.64e12 + 1, Number.MAX_SAFE_INTEGER])
      expect(await seenAt(time)).toMatchObject({ cosignedBy: [], findings: [{ code: 'checkpoint-invalid' }] });
  });

  test('is opened with two keys while one takes the place of the other, also where one is given twice', async () => {
    const next = signerOf(ORIGIN, 8);
    const source = memorySource(entriesOf(3), { checkpoint: async () => checkpointOver(entriesOf(3), [SIGNER, next]) });
    const report = await verify(source, { keys: [SIGNER.verifier, next.verifier, SIGNER.verifier] });
    expect(report).toMatchObject({ signedBy: [ORIGIN, ORIGIN], findings: [] });
  });

  test('is not opened by keys of a kind that is not known', async () => {
    const vkeys = async () => ['what is this', SIGNER.verifier.vkey];
    expect((await verify(memorySource(entriesOf(3), { vkeys }))).findings).toEqual([]);
    expect((await verify(memorySource(entriesOf(3), { vkeys: async () => ['x'] }))).findings).toMatchObject([
      { code: 'checkpoint-invalid' },
    ]);
  });
});

describe('an earlier checkpoint', () => {
  const now = () => memorySource(entriesOf(700));
  const findings = async (earlier: Buffer, source = now()) => (await verify(source, { keys: KEYS, earlier })).findings;

  test('that had more events tells which one is gone', async () => {
    expect(await findings(checkpointOver(entriesOf(701)))).toMatchObject([{ code: 'not-a-continuation', sequence: 701 }]);
  });

  test.each([1, 256, 300, 700])('of %d events that had another root tells that they were changed since', async (size) => {
    const before = entriesOf(size);
    before[0] = bytesOf(1, { recordedBy: 'somebody' });
    expect(await findings(checkpointOver(before))).toMatchObject([{ code: 'not-a-continuation' }]);
  });

  test('of another log, or by another key, is not gone on from', async () => {
    const other = 'zonewatch/other';
    expect(await findings(checkpointOver(entriesOf(3), [signerOf(other)], other))).toMatchObject([{ code: 'other-record' }]);
    expect(await findings(checkpointOver(entriesOf(3), [signerOf(ORIGIN, 8)]))).toMatchObject([{ code: 'not-a-continuation' }]);
  });

  test('says nothing against the log where the copy was changed', async () => {
    const entries = entriesOf(700);
    const source = memorySource(entries);
    entries[0] = bytesOf(1, { recordedBy: 'somebody' });
    expect(await findings(checkpointOver(entriesOf(300)), source)).toMatchObject([{ code: 'event-changed', sequence: 1 }]);
  });

  test('that is none is wrong use', async () => {
    const forged = Buffer.from(checkpointOver(entriesOf(3)).toString().replace('\n3\n', '\n4\n'));
    await expect(findings(forged)).rejects.toThrow(WrongUse);
  });
});

test('ends with the reason of its signal, and closes what it checks with', async () => {
  const stopping = new AbortController();
  let closed = 0;
  const source = memorySource(entriesOf(700), {
    check: () => ({ page: async () => [], async *end() {}, close: async () => void closed++ }),
  });
  const progress = (done: number) => done > 0 && stopping.abort(new Error('enough'));
  await expect(verify(source, { signal: stopping.signal, progress })).rejects.toThrow('enough');
  expect(closed).toBe(1);
});

test('drops what does not agree with an event that was changed: the event is to blame', async () => {
  const entries = entriesOf(40);
  const source = memorySource(entries, {
    check: () => ({
      page: async () => [{ code: 'index-changed', sequence: 20, message: 'another' }],
      async *end() {
        yield { code: 'state-changed', sequence: 7, message: 'a state' };
      },
    }),
  });
  entries[19] = bytesOf(20, { recordedBy: 'somebody' });
  const { findings, count } = await verify(source);
  expect(findings.map(({ code, sequence }) => [code, sequence])).toEqual([
    ['state-changed', 7],
    ['event-changed', 20],
  ]);
  expect(count).toBe(2);
});
