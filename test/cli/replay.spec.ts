import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WrongUse } from '../../src/audit/finding.js';
import type { Source } from '../../src/audit/source.js';
import { replayRecord, type ReplayCommand } from '../../src/cli/replay.js';
import { openRecord } from '../../src/record/record.js';
import { entriesOf, sourceOf } from '../audit/signed-entries.js';
import { tellSample } from '../record/told.js';

describe('zonewatch replay', () => {
  let source: Source;
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zonewatch-told-'));
    const record = openRecord(folder);
    await tellSample(record);
    source = sourceOf(entriesOf(record));
    await record.close();
    rmSync(folder, { recursive: true });
  });
  afterEach(() => jest.restoreAllMocks());

  const printed = async (options: ReplayCommand) => {
    const lines: string[] = [];
    jest.spyOn(console, 'log').mockImplementation((text: string) => void lines.push(...text.split('\n')));
    await replayRecord(source, options, new AbortController().signal);
    return lines;
  };

  test('prints each event as a line, and under it the fields that changed', async () => {
    const lines = await printed({ from: '64', to: '64' });
    expect(lines).toEqual([
      expect.stringMatching(/^ {5}64 {2}2017-05-05 +AgreementEnteredIntoForce +agreement-memorandum/),
      '         agreement-memorandum-de-escalation-areas  status: "agreed" → "in-force"',
    ]);
  });

  test('prints of a list what joined it and what left it', async () => {
    const lines = await printed({ from: '66', to: '66' });
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/commitments: - .*"halt-begins".*"overdue"/),
      expect.stringMatching(/commitments: \+ .*"halt-begins".*"fulfilled"/),
    ]);
  });

  test('keeps Arabic from turning around what stands beside it', async () => {
    const lines = await printed({ subject: ['zone-idlib'], to: '45' });
    expect(lines).toContain('         zone-idlib  name: nothing → {"ar":\u2068"إدلب"\u2069,"en":"Idlib"}');
  });

  test('prints one JSON object a line', async () => {
    const lines = await printed({ json: true });
    expect(lines).toHaveLength(237);
    const [first] = lines.map((line) => JSON.parse(line) as { event: object; changes: object[] });
    expect(first).toMatchObject({ event: { sequence: 1 }, changes: [{ stream: expect.any(String), state: { sequence: 1 } }] });
  });

  test('prints the states at a place in the record, as of a day', async () => {
    const lines = await printed({ atSequence: '80', asOf: '2017-07-06', subject: ['zone-idlib'] });
    expect(lines[0]).toBe('zone-idlib@0 (event 45)');
    expect(lines).toContain('         status: "proposed"');
    const [state] = await printed({ atSequence: '80', subject: ['zone-idlib'], json: true });
    expect(JSON.parse(state!)).toMatchObject({ stream: 'zone-idlib', revision: 0 });
  });

  test('shows how far it has come to these states where somebody watches, and takes that away before the first', async () => {
    const seen: string[] = [];
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => seen.push(String(text)) > 0);
    jest.spyOn(console, 'log').mockImplementation(() => void seen.push('a state'));
    const { isTTY } = process.stderr;
    process.stderr.isTTY = true;
    await replayRecord(source, { atSequence: '80' }, new AbortController().signal).finally(() => (process.stderr.isTTY = isTTY));
    expect(seen[0]).toContain('0 of 80 events');
    const first = seen.indexOf('a state');
    expect(seen.slice(first - 2, first)).toEqual([expect.stringMatching(/80 of 80 events, .+ 0 s left$/), '\r\x1b[K']);
    expect(new Set(seen.slice(first))).toEqual(new Set(['a state']));
  });

  test('keeps to the speed that was asked for', async () => {
    const started = performance.now();
    await printed({ to: '11', speed: '50' });
    expect(performance.now() - started).toBeGreaterThanOrEqual(190);
  });

  test('waits also where the next event is further away than a timer can be set to', async () => {
    const print = jest.spyOn(console, 'log').mockImplementation(() => {});
    const replaying = replayRecord(source, { to: '11', speed: '0.0000001' }, AbortSignal.timeout(500));
    await expect(replaying).rejects.toThrow('abort');
    expect(print).toHaveBeenCalledTimes(1);
  });

  test.each<ReplayCommand>([
    { speed: '0' },
    { speed: 'fast' },
    { from: '-1' },
    { to: '1e3' },
    { asOf: '2017-13' },
    { asOf: '2017-07-05T10:00' },
    { knownAt: 'now' },
    { atSequence: '5', from: '3' },
    { atSequence: '5', knownAt: '2020' },
    { subject: ['idlib'] },
  ])('refuses %j', async (options) => {
    await expect(printed(options)).rejects.toThrow(WrongUse);
  });
});
