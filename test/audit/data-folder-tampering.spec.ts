import Database from 'better-sqlite3';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { closeSync, cpSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FindingError, WrongUse, type Finding } from '../../src/audit/finding.js';
import { edgeRoot } from '../../src/audit/rehash.js';
import type { VerifyOptions } from '../../src/audit/verify.js';
import type { RecordedEvent } from '../../src/event/event.js';
import { formatCheckpoint } from '../../src/proof/checkpoint.js';
import { leafHash } from '../../src/proof/hash.js';
import { readSigners } from '../../src/proof/log-keys.js';
import { Signer } from '../../src/proof/note-keys.js';
import { formatNote } from '../../src/proof/note.js';
import { grow } from '../../src/proof/tiles.js';
import { Dice } from '../record/random-command.js';
import { ATTACKS, attack, type Depth } from './attacks.js';
import { misnamed, wronged, type Touched } from './blamed.js';
import { ownFolder } from './folders.js';
import { copied, eventsIn, firstDifference, makeFolder, toldBy, verifyFolder, type Made, type Told } from './signed-folder.js';

/** How many by SQL, in all and of each kind at least, and how many by spoilt bytes. A long run takes thousands, and another seed. */
const CASES = Number(process.env['TAMPERING_CASES'] ?? 80);
const AT_LEAST = 10;
const SEED = Number(process.env['TAMPERING_SEED'] ?? 20170504);
const PATIENCE = 60_000 + CASES * 300;

/** Full tiles, a tail, and events that nobody has signed yet, one of which fills a tile. The smaller one is fast, and mostly taken. */
const MADE: readonly Made[] = [
  { seed: 11, signed: 290, behind: 12 },
  { seed: 12, signed: 500, behind: 24 },
];

const folder = ownFolder();
const honest = MADE.map(({ seed }) => join(folder, `honest-${seed}`));
const killed = join(folder, 'killed');
const copy = join(folder, 'copy');
let told: Told[];

beforeAll(async () => {
  for (const [at, made] of MADE.entries()) await makeFolder(honest[at]!, { ...made, ...(at === 0 && { killed }) });
  told = honest.map((each) => toldBy(each)!);
});

type Outcome = readonly Finding[] | 'refused';

/** What a verification ends with. Anything but findings and a refusal is a crash, and fails the test. */
async function outcome(options: VerifyOptions = {}): Promise<Outcome> {
  try {
    return (await verifyFolder(copy, options)).findings;
  } catch (error) {
    if (error instanceof FindingError) return [error.finding];
    if (error instanceof WrongUse) return 'refused';
    throw error;
  }
}

describe('by SQL', () => {
  const each = Math.max(AT_LEAST, Math.ceil(CASES / Object.keys(ATTACKS).length));

  test.each(Object.entries(ATTACKS))(
    'finds what was done to it, and names the first event: %s',
    async (name, how) => {
      const dice = new Dice(SEED + name.length * 1_000 + name.charCodeAt(0));
      for (let left = each; left > 0;) {
        const base = dice.chance(75) ? 0 : 1;
        copied(honest[base]!, copy);
        const expected = attack(copy, dice, MADE[base]!.signed, how);
        if (!expected) continue;
        left--;
        const findings = await outcome();
        const shown = `${JSON.stringify(expected)} in ${base}: ${JSON.stringify(findings)}`;
        expect([findings === 'refused', shown]).toEqual([expected.refused ?? false, shown]);
        if (findings === 'refused') continue;
        const fault = misnamed(findings, expected, told[base]!.events, eventsIn(copy));
        expect([fault, shown]).toEqual([undefined, shown]);
      }
    },
    PATIENCE,
  );

  test.each<[string, number, Depth, Touched & { how: string }]>([
    ['the first of a tile, by the hashes over it', 0, 'leaf and hashes of the tile', { how: 'forged', pair: 1 }],
    ['one that no checkpoint covers yet, also by its tile', 1, 'bytes', { how: 'forged', event: 505 }],
  ])('names %s', async (_, base, depth, touched) => {
    copied(honest[base]!, copy);
    attack(copy, new Dice(SEED), MADE[base]!.signed, (attacker) => {
      const sequence = (touched.pair ?? touched.event)!;
      attacker.write(sequence, { ...attacker.event(sequence), recordedBy: 'somebody' }, depth);
      return touched;
    });
    const findings = (await outcome()) as Finding[];
    expect(misnamed(findings, touched, told[base]!.events, eventsIn(copy))).toBeUndefined();
  });
});

/** What SQLite reads at once. */
const PAGE = 4_096;

/** Spoils bytes somewhere in a file, and gives where. */
function spoil(file: string, dice: Dice): string {
  const { size } = statSync(file);
  const bytes = openSync(file, 'r+');
  const at = dice.chance(15) ? dice.below(PAGE) : dice.below(size);
  const how = dice.pick(['flip', 'flip', 'flip', 'flips', 'zeros', 'page', 'text']);
  try {
    const write = (place: number, change: (byte: number) => number) => {
      const one = Buffer.alloc(1);
      readSync(bytes, one, 0, 1, place);
      one[0] = change(one[0]!);
      writeSync(bytes, one, 0, 1, place);
    };
    if (how === 'flip') write(at, (byte) => byte ^ (1 << dice.below(8)));
    if (how === 'flips')
      for (let left = 2 + dice.below(9); left > 0; left--) write(dice.below(size), (byte) => byte ^ (1 << dice.below(8)));
    if (how === 'zeros') writeSync(bytes, Buffer.alloc(Math.min(1 + dice.below(64), size - at)), 0, undefined, at);
    if (how === 'page') writeSync(bytes, Buffer.alloc(PAGE), 0, PAGE, at - (at % PAGE));
    if (how === 'text') write(at, () => 0x30 + dice.below(10));
  } finally {
    closeSync(bytes);
  }
  return `${how} at ${at}`;
}

describe('by spoilt bytes', () => {
  test(
    'finds every one that changes what the record tells, names the first event that it changes, and wrongs no other',
    async () => {
      const dice = new Dice(SEED);
      const seen = { changed: 0, same: 0, refused: 0 };
      for (let left = CASES; left > 0; left--) {
        const base = dice.chance(75) ? 0 : 1;
        copied(honest[base]!, copy);
        const how = spoil(join(copy, 'record.db'), dice);
        const now = toldBy(copy);
        const findings = await outcome();
        const shown = `${how} in ${base}: ${JSON.stringify(findings)}`;
        const isChanged = JSON.stringify(now) !== JSON.stringify(told[base]!) || firstDifference(told[base]!, now!) !== undefined;
        if (findings === 'refused') seen.refused++;
        else if (isChanged) {
          seen.changed++;
          expect([findings.length > 0, shown]).toEqual([true, shown]);
        } else seen.same++;
        if (findings === 'refused' || !now) continue;
        const isOnePlace = /^(?:flip|text) /.test(how);
        // Where an event and the hash of another in the same tile are spoilt, nothing tells them apart, and the message says so.
        const sure = isOnePlace ? findings : findings.filter(({ message }) => !message.includes('or its hash in a tile'));
        expect([wronged(sure, told[base]!.events, now.events), shown]).toEqual([undefined, shown]);
        const { code, sequence } = findings[0] ?? {};
        const first = firstDifference(told[base]!, now);
        // What else was spoilt may be of an earlier event.
        if (first !== undefined) expect([isOnePlace ? sequence === first : sequence! <= first, shown]).toEqual([true, shown]);
        else if (now.states !== told[base]!.states) expect([sequence !== undefined || code === 'unreadable', shown]).toEqual([true, shown]);
      }
      expect(seen.changed).toBeGreaterThan(CASES / 4);
      expect(seen.refused).toBeLessThan(CASES / 10);
    },
    PATIENCE,
  );

  test('names the row that can’t be read, and what was changed before it', async () => {
    copied(honest[0]!, copy);
    attack(copy, new Dice(SEED), MADE[0]!.signed, (attacker) => {
      attacker.write(20, { ...attacker.event(20), recordedBy: 'somebody' }, 'bytes');
      return { how: 'forged', event: 20 };
    });
    const { id, stream } = JSON.parse(Buffer.from(told[0]!.events.get(57)!, 'hex').toString()) as RecordedEvent;
    const path = join(copy, 'record.db');
    const bytes = readFileSync(path);
    // The length of the row's header stands as far before its first text.
    const text = bytes.indexOf(id + stream);
    const header = Array.from({ length: 64 }, (_, at) => at).find((at) => at > 8 && bytes[text - at] === at)!;
    bytes[text - header] = 0x7f;
    writeFileSync(path, bytes);
    expect(await outcome()).toMatchObject([
      { code: 'event-changed', sequence: 20 },
      { code: 'unreadable', sequence: 57 },
    ]);
  });

  test(
    'in the log that SIGKILL left finds every one but the loss of last events that nobody has signed',
    async () => {
      const dice = new Dice(SEED);
      const whole = told[0]!;
      for (let left = CASES / 4; left > 0; left--) {
        copied(killed, copy);
        const how = spoil(join(copy, 'record.db-wal'), dice);
        const now = toldBy(copy);
        const findings = await outcome();
        const shown = `${how}: ${JSON.stringify(findings)}`;
        if (findings === 'refused' || findings.length > 0) continue;
        const held = [...(now?.events ?? [])];
        expect([held.length >= MADE[0]!.signed, shown]).toEqual([true, shown]);
        expect(held).toEqual([...whole.events].slice(0, held.length));
      }
    },
    PATIENCE,
  );
});

describe('by somebody who makes all anew', () => {
  const originIn = (at: string) => readFileSync(join(at, 'checkpoint'), 'utf8').split('\n')[0]!;
  const own = () => readSigners(honest[0]!, originIn(honest[0]!));
  const note = () => readFileSync(join(honest[0]!, 'checkpoint'));

  /** Tells one event otherwise, and all that follows from it, and signs it. */
  function forge(by?: Signer): void {
    copied(honest[0]!, copy);
    attack(copy, new Dice(SEED), MADE[0]!.signed, (attacker) => {
      const event = attacker.event(100);
      attacker.write(100, { ...event, recordedBy: 'somebody' }, 'everything');
      return { how: 'forged' };
    });
    if (!by) return;
    const db = new Database(join(copy, 'record.db'), { readonly: true });
    const entries = db.prepare<[], Buffer>('SELECT CAST(bytes AS BLOB) FROM events ORDER BY sequence').pluck().all();
    db.close();
    const size = MADE[0]!.signed;
    const { edge } = grow([], entries.slice(0, size).map(leafHash));
    const text = formatCheckpoint({ origin: originIn(copy), size, root: edgeRoot(edge, size) });
    writeFileSync(join(copy, 'checkpoint'), formatNote(text, [by.sign(text)]));
  }

  test('is found by the root that was signed', async () => {
    forge();
    expect(await outcome()).toMatchObject([{ code: 'root-mismatch' }]);
  });

  test('and signs it with another key is found by the key, and only by it', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    forge(new Signer(originIn(honest[0]!), privateKey));
    expect(await outcome()).toMatchObject([{ code: 'checkpoint-invalid' }]);
    writeFileSync(join(copy, 'log.key'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
    expect(await outcome({ keys: own().map(({ verifier }) => verifier) })).toMatchObject([{ code: 'checkpoint-invalid' }]);
    expect(await outcome()).toEqual([]);
  });

  test("and signs it with the log's own key is found by an earlier checkpoint, and only by it", async () => {
    forge(own()[0]);
    expect(await outcome()).toEqual([]);
    expect(await outcome({ earlier: note() })).toMatchObject([{ code: 'not-a-continuation' }]);
  });
});

describe('the checkpoint', () => {
  const path = join(copy, 'checkpoint');
  const bytes = () => readFileSync(join(honest[0]!, 'checkpoint'));
  beforeEach(() => copied(honest[0]!, copy));

  test('does not hold with any of its bytes flipped, but for the two bits that its signature does not use', async () => {
    const dice = new Dice(SEED);
    const note = bytes();
    for (let at = 0; at < note.length; at++) {
      const bit = dice.below(8);
      const flipped = Buffer.from(note);
      flipped[at]! ^= 1 << bit;
      writeFileSync(path, flipped);
      const findings = await outcome({ hashesOnly: true });
      const shown = `bit ${bit} of byte ${at} of ${note.length}: ${JSON.stringify(findings)}`;
      const isSame = signatureIn(flipped) === signatureIn(note) && at > note.lastIndexOf('=') - 2 && at < note.lastIndexOf('=');
      expect([findings === 'refused' ? -1 : findings.length, shown]).toEqual([isSame ? 0 : 1, shown]);
      if (!isSame) expect((findings as Finding[])[0]!.code).toBe('checkpoint-invalid');
    }
  });

  const signatureIn = (note: Buffer) => Buffer.from(note.toString().trimEnd().split(' ').at(-1)!, 'base64').toString('hex');

  test('does not hold when it is cut anywhere, is empty, is too long or is gone', async () => {
    const note = bytes();
    for (let length = 0; length < note.length; length += 7) {
      writeFileSync(path, note.subarray(0, length));
      expect(await outcome({ hashesOnly: true })).toMatchObject([{ code: 'checkpoint-invalid' }]);
    }
    writeFileSync(path, Buffer.alloc(3 * 2 ** 20, 'a\n'));
    expect(await outcome()).toMatchObject([{ code: 'checkpoint-invalid' }]);
    rmSync(path);
    expect(await outcome()).toMatchObject([{ code: 'checkpoint-invalid' }]);
  });

  test('of another record does not hold', async () => {
    cpSync(join(honest[1]!, 'checkpoint'), path);
    expect(await outcome()).toMatchObject([{ code: 'checkpoint-invalid' }]);
    cpSync(join(honest[1]!, 'log.key'), join(copy, 'log.key'));
    expect((await outcome())[0]).toMatchObject({ code: 'event-missing', sequence: 303 });
  });

  test('that is older holds: only whoever has a newer one can tell', async () => {
    const [signer] = readSigners(copy, bytes().toString().split('\n')[0]!);
    const db = new Database(join(copy, 'record.db'), { readonly: true });
    const entries = db.prepare<[], Buffer>('SELECT CAST(bytes AS BLOB) FROM events WHERE sequence <= 200 ORDER BY sequence').pluck().all();
    db.close();
    const text = formatCheckpoint({ origin: signer!.verifier.name, size: 200, root: edgeRoot(grow([], entries.map(leafHash)).edge, 200) });
    writeFileSync(path, formatNote(text, [signer!.sign(text)]));
    expect(await outcome()).toEqual([]);
    expect(await outcome({ earlier: bytes() })).toMatchObject([{ code: 'not-a-continuation', sequence: 201 }]);
  });
});

describe('on the command line', () => {
  const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
  const run = (...more: string[]) =>
    new Promise<{ code: number; output: string }>((resolve) =>
      execFile(process.execPath, [CLI, 'verify', copy, '--json', ...more], (error, output) =>
        resolve({ code: error ? Number(error.code) : 0, output }),
      ),
    );

  test('what holds ends with 0, what does not with 1 and the event, and what is no record with 2', async () => {
    copied(honest[0]!, copy);
    const holding = await run();
    expect([holding.code, JSON.parse(holding.output)]).toMatchObject([0, { holds: true, count: 0 }]);
    attack(copy, new Dice(SEED), MADE[0]!.signed, (attacker) => {
      attacker.write(77, { ...attacker.event(77), recordedBy: 'somebody' }, 'bytes');
      return { how: 'forged' };
    });
    const forged = await run();
    expect([forged.code, JSON.parse(forged.output)]).toMatchObject([
      1,
      { holds: false, findings: [{ code: 'event-changed', sequence: 77 }] },
    ]);
    writeFileSync(join(copy, 'record.db'), Buffer.alloc(8_192, 7));
    const spoilt = await run();
    expect([spoilt.code, JSON.parse(spoilt.output)]).toMatchObject([1, { holds: false, findings: [{ code: 'unreadable' }] }]);
    rmSync(join(copy, 'record.db'));
    expect(await run()).toEqual({ code: 2, output: '' });
  });
});
