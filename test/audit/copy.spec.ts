import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FindingError } from '../../src/audit/finding.js';
import type { RecordedEvent } from '../../src/event/event.js';
import { Copy } from '../../src/audit/copy.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';
import { EVENT_TYPES } from '../../src/subjects.js';
import { PATIENCE, rounds } from '../record/rounds.js';
import { entriesOf } from './signed-entries.js';
import { contentsOf } from './contents.js';
import { tellStory } from './story.js';
import { closeDesks, exist, openDesk } from '../support/desk.js';
import { tellSample } from '../record/told.js';

const STORIES = rounds(4);
const COMMANDS = 300;

describe('a copy', () => {
  const folders: string[] = [];
  const open: OpenRecord[] = [];
  const opened = () => {
    const folder = mkdtempSync(join(tmpdir(), 'zonewatch-copy-'));
    folders.push(folder);
    const record = openRecord(folder);
    open.push(record);
    return record;
  };
  afterEach(async () => {
    for (const record of open.splice(0)) await record.close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
    await closeDesks();
  });

  const copied = (entries: readonly Buffer[]) => {
    const record = opened();
    const copy = new Copy(record.writer);
    for (const entry of entries) copy.write(copy.read(entry));
    copy.flush();
    return record;
  };
  test('of the Astana sample is the same in every table', async () => {
    const original = opened();
    await tellSample(original);
    const copy = copied(entriesOf(original));
    expect(contentsOf(copy)).toEqual(contentsOf(original));
  });

  test(
    `of what ${STORIES * COMMANDS} random commands left is the same in every table`,
    async () => {
      const types = new Set<string>();
      const told = async (seed: number) => {
        const original = opened();
        await tellStory(original, seed, COMMANDS);
        const entries = entriesOf(original);
        for (const entry of entries) types.add((JSON.parse(entry.toString()) as RecordedEvent).type);
        const copy = copied(entries);
        expect(contentsOf(copy)).toEqual(contentsOf(original));
      };
      await fc.assert(fc.asyncProperty(fc.noShrink(fc.integer()), told), { numRuns: STORIES, seed: 20_170_705 });
      expect([...types].sort()).toEqual([...EVENT_TYPES].sort());
    },
    PATIENCE,
  );

  test('takes a corroboration that came from a repeat without sources', async () => {
    const desk = openDesk();
    const rename = { name: { en: 'Another name' }, occurred: '2017' };
    await desk.given(...exist('party-russia', 'statement-one', 'statement-two'));
    await desk.when('parties/rename russia', { ...rename, accordingTo: ['statement-one'] });
    const { event } = await desk.when('parties/rename russia', { ...rename, accordingTo: ['statement-two'] });
    expect(event).toMatchObject({ type: 'EventCorroborated', sources: [] });
    expect(entriesOf(copied(entriesOf(desk.record)))).toEqual(entriesOf(desk.record));
  });

  test('commits in groups', async () => {
    const original = opened();
    await tellStory(original, 7, 700);
    const record = opened();
    const copy = new Copy(record.writer);
    const groups: number[] = [];
    record.writer.onCommit((events) => groups.push(events.length));
    const entries = entriesOf(original);
    for (const entry of entries) copy.write(copy.read(entry));
    expect(groups).toEqual(Array.from({ length: Math.floor(entries.length / 256) }, () => 256));
    copy.flush();
    expect(groups.reduce((sum, count) => sum + count)).toBe(entries.length);
  });

  test('stops at the first bit that is another, wherever that is', async () => {
    const original = opened();
    await tellSample(original);
    const entries = entriesOf(original).slice(0, 40);
    const flips = fc.record({ at: fc.nat(entries.length - 1), byte: fc.nat(), bit: fc.nat(7) });
    fc.assert(
      fc.property(flips, ({ at, byte, bit }) => {
        const record = opened();
        const copy = new Copy(record.writer);
        for (const entry of entries.slice(0, at)) copy.write(copy.read(entry));
        const spoilt = Buffer.from(entries[at]!);
        spoilt[byte % spoilt.length]! ^= 1 << bit;
        // A bit in a text may make another text, which is an event too: its bytes are then the ones that were given, and no others.
        try {
          copy.write(copy.read(spoilt));
          copy.flush();
          expect(record.reader.entries(at, at + 1)).toEqual([spoilt]);
        } catch (error) {
          expect(error).toBeInstanceOf(FindingError);
          expect((error as FindingError).finding.sequence).toBe(at + 1);
        }
      }),
      { numRuns: rounds(30), seed: 4 },
    );
  });
});
