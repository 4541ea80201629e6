import { canonicalEvent } from '../../src/event/canonical.js';
import type { Source } from '../../src/audit/source.js';
import { verify } from '../../src/audit/verify.js';
import { tileWidth, type Tile } from '../../src/proof/tile-path.js';
import { Dice } from '../record/random-command.js';
import { PATIENCE, rounds } from '../record/rounds.js';
import { SIGNER, entriesOf, eventAt, memorySource } from './made-log.js';

const KEYS = [SIGNER.verifier];
const HASH = 32;

/** Some places below a number, each once, in order. */
function places(dice: Dice, count: number, below: number): number[] {
  return [...new Set(Array.from({ length: count }, () => dice.below(below)))].sort((a, b) => a - b);
}

const changed = (sequence: number) => Buffer.from(canonicalEvent(eventAt(sequence, { recordedBy: 'somebody' })));

/** Turns a bit of some hashes of the tiles of a level. */
function wrongHashes(source: Source, level: number, hashes: readonly number[]): Source {
  const tile = async (asked: Omit<Tile, 'level'> & { level: number }) => {
    const bytes = await source.tile!(asked);
    if (asked.level === level)
      for (const hash of hashes.filter((place) => Math.floor(place / 256) === asked.index)) bytes![(hash % 256) * HASH]! ^= 1;
    return bytes;
  };
  return { ...source, tile };
}

test.each([
  [3, 10],
  [256, 10],
  [1_000, 15],
])(
  'of %d events, those that were changed are named, each and no other',
  async (size, count) => {
    const honest = entriesOf(size);
    const dice = new Dice(size);
    for (let round = 0; round < rounds(count); round++) {
      const entries = [...honest];
      const source = memorySource(entries);
      const which = places(dice, dice.below(6), size);
      for (const at of which) entries[at] = changed(at + 1);
      const { findings, count: found } = await verify(source, { keys: KEYS });
      expect(findings.map(({ code, sequence, id }) => [code, sequence, id])).toEqual(
        which.map((at) => ['event-changed', at + 1, eventAt(at + 1).id]),
      );
      expect(found).toBe(which.length);
    }
  },
  PATIENCE,
);

test.each([
  [300, 0, 10],
  [1_000, 0, 15],
  [1_000, 1, 5],
  [66_000, 1, 1],
  [66_000, 2, 1],
])(
  'of %d events, wrong hashes of level %d are named as such, and no event is accused',
  async (size, level, count) => {
    const source = memorySource(entriesOf(size));
    const dice = new Dice(size + level);
    const hashes = Math.floor(size / 256 ** level);
    for (let round = 0; round < rounds(count); round++) {
      const which = places(dice, 1 + dice.below(5), hashes);
      const firsts = which.filter((hash, at) => Math.floor(hash / 256) !== Math.floor((which[at - 1] ?? -1) / 256));
      const { findings } = await verify(wrongHashes(source, level, which), { keys: KEYS });
      expect(findings.map(({ code, sequence }) => [code, sequence])).toEqual(
        firsts.map((hash) => ['tile-changed', hash * 256 ** level + 1]),
      );
    }
  },
  PATIENCE,
);

test(
  'an event and a hash of another tile are told apart',
  async () => {
    const dice = new Dice(5);
    const honest = entriesOf(1_000);
    for (let round = 0; round < rounds(15); round++) {
      const [event, hash] = [dice.below(1_000), dice.below(768)];
      if (Math.floor(event / 256) === Math.floor(hash / 256)) continue;
      const entries = [...honest];
      const source = wrongHashes(memorySource(entries), 0, [hash]);
      entries[event] = changed(event + 1);
      const found = (await verify(source, { keys: KEYS })).findings.map(({ code, sequence }) => [code, sequence] as const);
      const told = [['event-changed', event + 1] as const, ['tile-changed', hash + 1] as const].sort(([, a], [, b]) => a - b);
      expect(found).toEqual(told);
    }
  },
  PATIENCE,
);

test('more changes than are kept are counted, and the first are kept', async () => {
  const entries = entriesOf(1_000);
  const source = memorySource(entries);
  for (let at = 200; at < 900; at++) entries[at] = changed(at + 1);
  const { findings, count } = await verify(source, { keys: KEYS });
  expect(findings.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 100 }, (_, at) => 201 + at));
  expect(count).toBe(700);
});

test('a wrong tile is not lost behind one that is all wrong', async () => {
  const source = memorySource(entriesOf(1_000));
  const all = Array.from({ length: 256 }, (_, at) => at);
  const { findings } = await verify(wrongHashes(source, 0, [...all, 300, 999]), { keys: KEYS });
  expect(findings.map(({ sequence }) => sequence)).toEqual([1, 301, 1_000]);
});

test('a log without tiles of hashes that it should have is told of each of them', async () => {
  const source = memorySource(entriesOf(1_000));
  const asked = new Set<string>();
  const { findings } = await verify({
    ...source,
    tile: async ({ level, index, width }) => {
      if (width === tileWidth({ level, index }, 1_000)) asked.add(`${level}/${index}`);
      return undefined;
    },
  });
  expect([...asked].sort()).toEqual(['0/0', '0/1', '0/2', '0/3', '1/0']);
  expect(findings.map(({ code }) => code)).toEqual(Array.from({ length: 5 }, () => 'tile-changed'));
});
