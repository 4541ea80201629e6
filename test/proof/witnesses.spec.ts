import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { formatCheckpoint } from '../../src/proof/checkpoint.js';
import { Signer, parseVkey, type Signature } from '../../src/proof/note-keys.js';
import { formatNote, openNote } from '../../src/proof/note.js';
import { isSatisfied, parsePolicy, type PolicyWitness } from '../../src/proof/policy.js';
import { Witness, type Submission } from '../../src/proof/witness.js';
import { Witnesses, type CosignOptions, type Pace } from '../../src/proof/witnesses.js';
import { rounds } from '../record/rounds.js';
import { leafOf, mth, proof } from './definition.js';
import { privateKey, witness } from './keys.js';
import { hex, vectors } from './vectors.js';
import { WitnessServer, after, answers, conflict, keepsSilent, type Fault } from './witness-server.js';

const ORIGIN = 'example.com/log';
const SIGNER = new Signer(ORIGIN, privateKey(Buffer.alloc(32, 1)));
const LOGS = [{ origin: ORIGIN, publicKey: Buffer.from(SIGNER.verifier.vkey.split('+').slice(2).join('+'), 'base64').subarray(1) }];
const QUICK: Pace = { exchange: 1_000, rest: 20, longestRest: 100 };

/** A log of 64 entries. With another `face` it shows other ones from the fifth on. */
class Log {
  private readonly leaves: Buffer[];

  constructor(face = 'one') {
    this.leaves = Array.from({ length: 64 }, (_, at) => leafOf(at < 4 ? `${at}` : `${face} ${at}`));
  }

  at(size: number, cosignatures: readonly Signature[] = []): Submission {
    const text = this.text(size);
    return { note: Buffer.from(formatNote(text, [SIGNER.sign(text), ...cosignatures])), size };
  }

  text(size: number): string {
    return formatCheckpoint({ origin: ORIGIN, size, root: mth(this.leaves.slice(0, size)) });
  }

  readonly proofs = (old: number, size: number): Buffer[] => {
    if (old === 0 || old >= size) throw new Error('there is nothing to prove');
    return proof(old, this.leaves.slice(0, size));
  };
}

const log = new Log();
const running: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close();
});

function ending<T extends { close(): unknown }>(one: T): T {
  running.push(one);
  return one;
}

async function serve(fault?: Fault, seeds = [101]): Promise<WitnessServer> {
  const keys = seeds.map((seed) => witness(`witness.example/${seed}`, Buffer.alloc(32, seed)));
  return ending(Object.assign(await WitnessServer.start(LOGS, keys), { fault }));
}

const known = ({ url, keys }: WitnessServer): PolicyWitness[] =>
  keys.map(({ vkey }, at) => ({ name: `w${at}`, key: parseVkey(vkey), url }));

function ask(servers: WitnessServer[], of = log, pace = QUICK) {
  const told: string[][] = [];
  const watch = {
    alarm: (...news: string[]) => void told.push(['alarm', ...news]),
    away: (...news: string[]) => void told.push(['away', ...news]),
    back: (...news: string[]) => void told.push(['back', ...news]),
  };
  const witnesses = ending(new Witnesses(servers.flatMap(known), of.proofs, watch, pace));
  const late: Signature[] = [];
  const cosign = (submission: Submission, options: Partial<CosignOptions> = {}) =>
    witnesses.cosign(submission, { patience: 5_000, enough: () => false, late: (one) => late.push(one), ...options });
  return { witnesses, cosign, late, told };
}

const holds = ({ by, bytes }: Signature, size: number, of = log) => by.verify(of.text(size), bytes) !== undefined;
const olds = ({ asked }: WitnessServer) => asked.map(({ body }) => body.slice(0, body.indexOf('\n')));

async function until(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !isSo(); await sleep(5))
    if (performance.now() > end) throw new Error('it never came to that');
}

describe('the witness of these tests', () => {
  const published = vectors<{
    logKey: { ed25519Hex: string; origin: string };
    dialogue: { request: string; statusBySpec: number; body: string; bodyCheck: string }[];
    bodies: { cases: { body: string }[] };
    specExample: { request: string };
  }>('witness');
  const { origin, ed25519Hex } = published.logKey;
  const post = ({ url }: WitnessServer, body: string) => fetch(`${url}/add-checkpoint`, { method: 'POST', body });

  test('answers the published dialogue as the specification has it', async () => {
    const server = ending(await WitnessServer.start([{ origin, publicKey: hex(ed25519Hex) }]));
    for (const { request, statusBySpec, body, bodyCheck } of published.dialogue) {
      const response = await post(server, request);
      expect(response.status).toBe(statusBySpec);
      if (bodyCheck === '==') expect([response.headers.get('content-type'), await response.text()]).toEqual(['text/x.tlog.size', body]);
    }
  });

  test('refuses a malformed request, and knows no log but its own', async () => {
    const server = await serve();
    for (const { body } of published.bodies.cases) expect((await post(server, body)).status).toBe(400);
    expect((await post(server, published.specExample.request)).status).toBe(404);
  });

  test('refuses what its log never signed', async () => {
    const server = await serve();
    const forged = `old 0\n\n${log.at(4).note.toString().replace(/^4$/m, '5')}`;
    expect((await post(server, forged)).status).toBe(403);
    const { note } = log.at(4);
    expect((await post(server, `old 5\n\n${note.toString()}`)).status).toBe(400);
    expect((await post(server, `old 4\n\n${note.toString()}`)).status).toBe(409);
    expect((await post(server, `old 0\n${Buffer.alloc(32).toString('base64')}\n\n${note.toString()}`)).status).toBe(422);
  });
});

describe('a witness', () => {
  test('cosigns one checkpoint after the other, each with the proof from the one before', async () => {
    const server = await serve();
    const { cosign, told } = ask([server]);
    for (const size of [0, 1, 5, 5, 8, 13, 64]) {
      const [signature, ...others] = await cosign(log.at(size));
      expect(others).toEqual([]);
      expect(signature).toMatchObject({ by: { vkey: server.keys[0]!.vkey }, time: server.time });
      expect(holds(signature!, size)).toBe(true);
    }
    expect(olds(server)).toEqual(['old 0', 'old 0', 'old 1', 'old 5', 'old 5', 'old 8', 'old 13']);
    expect(server.asked[3]!.body).toBe(`old 5\n\n${log.at(5).note.toString()}`);
    expect(told).toEqual([]);
  });

  test('is reached over connections that are kept', async () => {
    const server = await serve();
    const { cosign } = ask([server]);
    server.held.set(ORIGIN, { size: 4, root: mth(Array.from({ length: 4 }, (_, at) => leafOf(`${at}`))) });
    for (let size = 5; size < 15; size++) expect(await cosign(log.at(size))).toHaveLength(1);
    expect(server.asked).toHaveLength(11);
    // One that has just answered may not be free again when the next request follows at once.
    expect(server.connections).toBeLessThan(4);
  });

  test('that has cosigned before tells where, and is shown the proof from there', async () => {
    const server = await serve();
    await ask([server]).cosign(log.at(7));
    const again = ask([server]);
    expect(await again.cosign(log.at(20))).toHaveLength(1);
    expect(olds(server).slice(1)).toEqual(['old 0', 'old 7']);
    expect(again.told).toEqual([]);
  });

  test('signs the same checkpoint again at a newer time, though the note has its older line', async () => {
    const server = await serve();
    const { cosign } = ask([server]);
    const first = await cosign(log.at(9));
    server.time += 60;
    const published = log.at(9, first);
    const [second] = await cosign(published);
    expect(second!.time).toBe(first[0]!.time! + 60);
    expect(server.asked[1]!.body).toBe(`old 9\n\n${published.note.toString()}`);
  });

  test('with two keys behind one address is asked once, and signs with both', async () => {
    const server = await serve(undefined, [101, 102]);
    const { cosign, told } = ask([server]);
    expect((await cosign(log.at(3))).map(({ by }) => by.name)).toEqual(['witness.example/101', 'witness.example/102']);
    server.fault = answers(conflict(9));
    await cosign(log.at(5));
    expect([server.asked.length, told[0]!.slice(0, 2)]).toEqual([2, ['alarm', 'w0, w1']]);
  });

  test('may add lines of keys that nobody knows here', async () => {
    const stranger = witness('witness.example/post-quantum', Buffer.alloc(32, 55));
    const server = await serve((honest) => {
      const answer = honest();
      return {
        ...answer,
        body: `${stranger.line(log.text(6), 1)}${answer.body as string}— other.example ${Buffer.alloc(2_432).toString('base64')}\n`,
      };
    });
    const signatures = await ask([server]).cosign(log.at(6));
    expect(signatures.map(({ by }) => by.vkey)).toEqual([server.keys[0]!.vkey]);
  });

  test('without an address is not asked', async () => {
    const witnesses = new Witnesses([{ name: 'w', key: parseVkey(witness('w', Buffer.alloc(32)).vkey) }], log.proofs, {
      alarm,
      away: alarm,
      back: alarm,
    });
    expect(await witnesses.cosign(log.at(1), { patience: 5_000, enough: () => false, late: alarm })).toEqual([]);
    function alarm() {
      throw new Error('nobody was asked');
    }
  });

  test('is one that a policy names, and so are the signatures that count for it', async () => {
    const [one, two] = [await serve(), await serve(undefined, [102])];
    const lines = [one, two].map(({ keys, url }, at) => `witness w${at} ${keys[0]!.vkey} ${url}/\n`).join('');
    const policy = parsePolicy(Buffer.from(`${lines}group both all w0 w1\nquorum both\n`));
    const watch = { alarm: () => {}, away: () => {}, back: () => {} };
    const witnesses = ending(new Witnesses(policy.witnesses, log.proofs, watch));
    const signatures = await witnesses.cosign(log.at(9), { patience: 5_000, enough: (some) => isSatisfied(policy, some), late: () => {} });
    expect(isSatisfied(policy, signatures)).toBe(true);
    const published = log.at(9, signatures).note;
    expect(
      openNote(
        published,
        policy.witnesses.map(({ key }) => key),
      ).signatures,
    ).toHaveLength(2);
  });
});

describe('a log with two faces', () => {
  test.each([
    ['another tree of the same size', 8],
    ['a larger tree that does not continue the one it has seen', 12],
    ['a much larger one', 64],
  ])('that shows a witness %s gets an alarm, no cosignature, and shows it nothing more', async (_, size) => {
    const server = await serve();
    await ask([server]).cosign(log.at(8));
    const fork = new Log('other');
    const { cosign, late, told } = ask([server], fork);
    expect(await cosign(fork.at(size))).toEqual([]);
    expect(told).toEqual([['alarm', 'w0', expect.stringContaining('422')]]);
    expect(olds(server).slice(1)).toEqual(['old 0', 'old 8']);
    expect(await cosign(fork.at(64))).toEqual([]);
    await sleep(3 * QUICK.longestRest);
    expect([server.asked.length, late, told.length]).toEqual([3, [], 1]);
    expect(server.held.get(ORIGIN)!.size).toBe(8);
  });

  test.each<[string, Fault]>([
    ['a size beyond its own', answers(conflict(9))],
    ['a size as large as can be counted', answers(conflict(Number.MAX_SAFE_INTEGER))],
    ['409 without a size', answers({ status: 409 })],
    ['409 with a size of another type', answers({ status: 409, headers: { 'content-type': 'text/plain' }, body: '3\n' })],
    ['409 with what is no size', answers({ status: 409, headers: { 'content-type': 'text/x.tlog.size' }, body: '03\n' })],
    ['409 without a size and without an end', answers({ status: 409, body: 'endless' })],
    ['422 without an end', answers({ status: 422, body: 'endless' })],
    ['422 and silence', answers({ status: 422, body: 'hanging' })],
  ])('gets an alarm for %s', async (_, fault) => {
    const server = await serve(fault);
    const { cosign, told } = ask([server]);
    expect(await cosign(log.at(8))).toEqual([]);
    server.fault = undefined;
    expect(await cosign(log.at(9))).toEqual([]);
    expect(told).toEqual([['alarm', 'w0', expect.any(String)]]);
    expect(server.asked).toHaveLength(1);
  });

  test('that was put back to an older state gets an alarm', async () => {
    const server = await serve();
    await ask([server]).cosign(log.at(30));
    const { cosign, told } = ask([server]);
    expect(await cosign(log.at(20))).toEqual([]);
    expect(told).toEqual([['alarm', 'w0', 'it has cosigned a tree of 30, beyond this one of 20']]);
  });

  test('is none that comes back to an older checkpoint by itself: a witness is shown nothing older than it was before', async () => {
    const server = await serve();
    const { cosign, told } = ask([server]);
    await cosign(log.at(30));
    expect(await cosign(log.at(20))).toEqual([]);
    expect(await cosign(log.at(31))).toHaveLength(1);
    expect([server.asked.length, told]).toEqual([2, []]);
  });
});

describe('a witness that fails', () => {
  const other = witness('witness.example/101', Buffer.alloc(32, 77));
  const own = witness('witness.example/101', Buffer.alloc(32, 101));
  const signed = (text: string): Fault => answers({ status: 200, body: text });
  const longer = `${log.text(8)}\nmore\n`;

  test.each<[string, Fault, RegExp]>([
    ['with 500', answers({ status: 500 }), /500/],
    ['with 404, for it does not know the log', answers({ status: 404 }), /404/],
    ['with 201', answers({ status: 201, body: own.line(log.text(8), 1) }), /201/],
    ['with nothing', signed(''), /its answer is none/],
    ['with garbage', signed('\0\u2014 garbage\n\n\n'), /its answer is none/],
    ['with bytes that are no text', answers({ status: 200, body: Buffer.of(0xff, 0xfe, 0x0a) }), /its answer is none/],
    ['with the key of another alone', signed(other.line(log.text(8), 1)), /its answer is none/],
    ['with the name and the id of its key, and the signature of another', signed(forged()), /its answer is none/],
    ['with a cosignature of another text', signed(own.line(log.text(7), 1)), /its answer is none/],
    ['with a cosignature of a longer text, which its answer completes', signed(`more\n\n${own.line(longer, 1)}`), /another text/],
    ['with a cosignature without a time', signed(own.line(log.text(8), 0)), /its answer is none/],
    ['with a cosignature and no newline', signed(own.line(log.text(8), 1).trimEnd()), /its answer is none/],
    ['with an answer that never ends', answers({ status: 200, body: 'endless' }), /more than 65536 bytes/],
    ['with an answer that stops', answers({ status: 200, body: 'hanging' }), /no answer in 300 ms/],
    [
      'with a 409 that stops',
      answers({ status: 409, headers: { 'content-type': 'text/x.tlog.size' }, body: 'hanging' }),
      /no answer in 300 ms/,
    ],
    ['with silence', keepsSilent, /no answer in 300 ms/],
    ['with its own size, which it denies', answers(conflict(0)), /another size each of 3 times/],
  ])('%s gives no signature, and is asked again later', async (_, fault, why) => {
    const server = await serve(fault);
    const { cosign, late, told } = ask([server], log, { ...QUICK, exchange: 300 });
    expect(await cosign(log.at(8))).toEqual([]);
    expect(told).toEqual([['away', 'w0', expect.stringMatching(why)]]);
    server.fault = undefined;
    await until(() => late.length > 0);
    expect(holds(late[0]!, 8)).toBe(true);
    expect(told.slice(1)).toEqual([['back', 'w0']]);
  });

  function forged(): string {
    const [mark, name, field] = own.line(log.text(8), 1).split(' ');
    const bytes = Buffer.from(field!, 'base64');
    bytes[20]! ^= 1;
    return `${mark} ${name} ${bytes.toString('base64')}\n`;
  }

  test('with a valid line beside a forged one gives no signature', async () => {
    const server = await serve(
      signed(own.line(log.text(8), 1) + witness('witness.example/102', Buffer.alloc(32, 102)).line(log.text(7), 1)),
      [101, 102],
    );
    expect(await ask([server]).cosign(log.at(8))).toEqual([]);
  });

  test.each<['endless' | 'hanging']>([['endless'], ['hanging']])(
    'with an %s answer that nobody has to read is hung up on',
    async (body) => {
      const server = await serve(answers({ status: 422, body }));
      expect(await alone(server, 60_000).submit(log.at(8))).toMatchObject({ kind: 'alarm' });
      // A spare connection may be opened at once, on which nothing is asked.
      await until(() => server.open < server.connections);
    },
  );

  test('again after it was back is told of again, and waited for as if for the first time', async () => {
    const server = await serve(answers({ status: 500 }));
    const { cosign, late, told } = ask([server]);
    for (const times of [1, 2]) {
      await cosign(log.at(8));
      server.fault = undefined;
      await until(() => late.length === times);
      server.fault = answers({ status: 500 });
    }
    expect(told.map(([kind]) => kind)).toEqual(['away', 'back', 'away', 'back']);
  });

  test('by naming one size after the other is asked three times', async () => {
    let size = 0;
    const server = await serve(() => conflict(++size));
    const { cosign, told } = ask([server], log, { ...QUICK, rest: 10_000 });
    expect(await cosign(log.at(8))).toEqual([]);
    expect([olds(server), told[0]![0]]).toEqual([['old 0', 'old 1', 'old 2'], 'away']);
  });

  test('by sending the log elsewhere is not followed', async () => {
    const honest = await serve();
    for (const status of [301, 302, 303, 307, 308]) {
      const server = await serve(answers({ status, headers: { location: `${honest.url}/add-checkpoint` } }));
      const { cosign, told } = ask([server]);
      expect(await cosign(log.at(8))).toEqual([]);
      expect(told[0]!.at(-1)).toBe(`it answers ${status}`);
    }
    expect(honest.asked).toEqual([]);
  });

  test('is asked ever more seldom, for the newest checkpoint, and is told of once', async () => {
    const server = await serve(answers({ status: 500 }));
    const { cosign, told } = ask([server]);
    await cosign(log.at(1));
    expect(await cosign(log.at(2))).toEqual([]);
    await until(() => server.asked.length >= 7);
    const times = server.asked.map(({ at }) => at);
    [20, 40, 80, 100, 100, 100].forEach((rest, at) => {
      const gap = times[at + 1]! - times[at]!;
      expect(gap).toBeGreaterThan(rest - 2);
      expect(gap).toBeLessThan(rest + 300);
    });
    expect(server.asked[1]!.body).toContain(log.text(2));
    expect(told).toHaveLength(1);
  });

  test('for it has too much to do is left alone as long as it asks, within bounds', async () => {
    const server = await serve(answers({ status: 429, headers: { 'retry-after': '1' } }));
    const { cosign } = ask([server]);
    await cosign(log.at(1));
    await until(() => server.asked.length === 2);
    expect(server.asked[1]!.at - server.asked[0]!.at).toBeGreaterThan(990);
    const waits: Record<string, number> = { '7': 7_000, '86400': 300_000, '-5': 0, soon: 0, '1e3': 0, 'Thu, 01 Jan 1970 00:00:00 GMT': 0 };
    waits[new Date(Date.now() + 3_600_000).toUTCString()] = 300_000;
    for (const [text, wait] of Object.entries(waits)) {
      for (const status of [429, 503]) {
        server.fault = answers({ status, headers: { 'retry-after': text } });
        expect(await alone(server).submit(log.at(1))).toEqual({ kind: 'failed', why: `it answers ${status}`, wait });
      }
    }
  });

  test('since nobody is there is asked until somebody is', async () => {
    const gone = await serve();
    await gone.close();
    const { told, cosign, late } = ask([gone]);
    expect(await cosign(log.at(1))).toEqual([]);
    expect(told).toEqual([['away', 'w0', "it can't be reached: ECONNREFUSED"]]);
    ending(await WitnessServer.start(LOGS, [...gone.keys], gone.port));
    await until(() => late.length === 1);
    expect(told.slice(1)).toEqual([['back', 'w0']]);
  });

  test('by breaking off has cosigned all the same, which comes out when it is asked again', async () => {
    const server = await serve((honest) => {
      honest();
      server.fault = undefined;
      return undefined;
    });
    const { cosign, late } = ask([server], log, { ...QUICK, exchange: 200 });
    expect(await cosign(log.at(8))).toEqual([]);
    await until(() => late.length === 1);
    expect(olds(server)).toEqual(['old 0', 'old 0', 'old 8']);
  });
});

describe('several witnesses', () => {
  test('are asked at once, and no longer waited for when they are enough', async () => {
    const [quick, slow] = [await serve(), await serve(after(400), [102])];
    const { cosign, late } = ask([quick, slow]);
    const begun = performance.now();
    const signatures = await cosign(log.at(5), { enough: ({ length }) => length === 1 });
    expect(performance.now() - begun).toBeLessThan(350);
    expect(signatures.map(({ by }) => by.name)).toEqual(['witness.example/101']);
    await until(() => late.length === 1);
    expect([late[0]!.by.name, signatures.length]).toEqual(['witness.example/102', 1]);
    expect(quick.asked[0]!.at).toBeLessThan(slow.asked[0]!.at + 200);
  });

  test('are waited for no longer than patience lasts, and what comes later is handed on', async () => {
    const server = await serve(after(300));
    const { cosign, late } = ask([server]);
    const begun = performance.now();
    expect(await cosign(log.at(5), { patience: 50 })).toEqual([]);
    expect(performance.now() - begun).toBeLessThan(250);
    await until(() => late.length === 1);
    expect(holds(late[0]!, 5)).toBe(true);
  });

  test('are not waited for when none is needed, and sign all the same', async () => {
    const server = await serve(after(100));
    const { cosign, late } = ask([server]);
    expect(await cosign(log.at(5), { enough: () => true })).toEqual([]);
    await until(() => late.length === 1);
  });

  test('have one checkpoint at a time, and then the newest of those that came meanwhile', async () => {
    const server = await serve(after(150));
    const { cosign } = ask([server]);
    const late: Record<number, Signature[]> = { 1: [], 2: [], 3: [], 4: [] };
    const show = (size: number) => cosign(log.at(size), { patience: 20, late: (one) => late[size]!.push(one) });
    for (const size of [1, 2, 3, 4]) expect(await show(size)).toEqual([]);
    expect(server.asked).toHaveLength(1);
    await until(() => late[4]!.length === 1);
    expect(olds(server)).toEqual(['old 0', 'old 1']);
    expect([1, 2, 3, 4].map((size) => late[size]!.length)).toEqual([1, 0, 0, 1]);
    expect([holds(late[1]![0]!, 1), holds(late[4]![0]!, 4)]).toEqual([true, true]);
  });

  test('do their work though one of them fails', async () => {
    const servers = [await serve(keepsSilent), await serve(undefined, [102]), await serve(answers(conflict(99)), [103])];
    const { cosign, told } = ask(servers, log, { ...QUICK, exchange: 200, rest: 60_000, longestRest: 60_000 });
    for (const size of [1, 2, 3]) expect((await cosign(log.at(size))).map(({ by }) => by.name)).toEqual(['witness.example/102']);
    expect(servers.map(({ asked }) => asked.length)).toEqual([1, 3, 1]);
    expect(told.map(([kind]) => kind)).toEqual(['alarm', 'away']);
  });

  test('are broken off when all is closed, and nothing is told or handed on after that', async () => {
    const [silent, failing] = [await serve(keepsSilent), await serve(answers({ status: 500 }), [102])];
    const { witnesses, cosign, late, told } = ask([silent, failing], log, { ...QUICK, exchange: 60_000 });
    const waiting = cosign(log.at(1), { patience: 60_000 });
    await until(() => told.length === 1 && silent.asked.length === 1);
    witnesses.close();
    const asked = failing.asked.length;
    expect(await waiting).toEqual([]);
    expect(await cosign(log.at(2))).toEqual([]);
    await sleep(3 * QUICK.longestRest);
    expect([failing.asked.length - asked <= 1, silent.asked.length, late, told.length]).toEqual([true, 1, [], 1]);
  });
});

function alone(server: WitnessServer, exchange = 2_000): Witness {
  return new Witness(
    server.url,
    server.keys.map(({ vkey }) => parseVkey(vkey)),
    log.proofs,
    exchange,
  );
}

describe('whatever a witness answers', () => {
  const own = witness('witness.example/101', Buffer.alloc(32, 101));
  const line = Buffer.from(own.line(log.text(8), 5));
  const mangled = fc
    .tuple(fc.nat(line.length - 1), fc.uint8Array({ maxLength: 3 }), fc.nat(3))
    .map(([at, octets, cut]) => Buffer.concat([line.subarray(0, at), Buffer.from(octets), line.subarray(at + cut)]));
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((octets) => Buffer.from(octets)),
    fc
      .array(fc.constantFrom(line, Buffer.from('\n'), Buffer.from('— a AAAAAAAA\n'), Buffer.from('more\n')), { maxLength: 5 })
      .map((parts) => Buffer.concat(parts)),
    mangled,
    fc.constant(line),
    fc.nat(12).map((size) => Buffer.from(`${size}\n`)),
  );
  const status = fc.oneof(
    fc.constant(200),
    fc.constantFrom(409, 422, 429, 503),
    fc.integer({ min: 200, max: 599 }).filter((one) => ![204, 205, 304].includes(one)),
  );
  const headers = fc.record(
    {
      'content-type': fc.constantFrom('text/x.tlog.size', 'text/x.tlog.size; charset=utf-8', 'text/plain', ''),
      'retry-after': fc.string({ unit: fc.constantFrom(...'0123456789-eT:Z ') }),
      'content-encoding': fc.constantFrom('gzip', 'br', 'identity'),
      location: fc.constantFrom('/', 'http://127.0.0.1:1/', 'javascript:1'),
    },
    { requiredKeys: [] },
  );

  test('it comes to a signature that holds, a failure or an alarm', async () => {
    const server = await serve();
    const kinds: Record<string, number> = { cosigned: 0, failed: 0, alarm: 0 };
    const answer = fc.record({ status, headers, body });
    await fc.assert(
      fc.asyncProperty(answer, async (given) => {
        server.fault = answers(given);
        const outcome = await alone(server).submit(log.at(8));
        kinds[outcome.kind]!++;
        if (outcome.kind !== 'cosigned') return;
        expect(given.status).toBe(200);
        expect(outcome.signatures.map(({ by, time }) => [by.vkey, time])).toEqual([[own.vkey, 5]]);
        expect(holds(outcome.signatures[0]!, 8)).toBe(true);
      }),
      { seed: 5, numRuns: rounds(300) },
    );
    for (const count of Object.values(kinds)) expect(count).toBeGreaterThan(5);
  });

  test('also where it is no HTTP', async () => {
    const sockets = new Set<Socket>();
    let said = Buffer.alloc(0);
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).once('data', () => socket.end(said));
    }).listen(0, '127.0.0.1');
    ending({ close: () => (sockets.forEach((socket) => socket.destroy()), server.close()) });
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const head = fc.constantFrom(
      '',
      'HTTP/1.1 200 OK\r\n\r\n',
      'HTTP/1.1 409 \r\nContent-Length: 9\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.1 100 Go\r\n\r\n',
    );
    await fc.assert(
      fc.asyncProperty(head, body, async (start, rest) => {
        said = Buffer.concat([Buffer.from(start), rest]);
        const outcome = await new Witness(url, [parseVkey(own.vkey)], log.proofs, 2_000).submit(log.at(8));
        if (outcome.kind === 'cosigned') expect(holds(outcome.signatures[0]!, 8)).toBe(true);
        else expect(outcome.why).toMatch(/^[\x20-\x7e\u2014]+$/);
      }),
      { seed: 5, numRuns: rounds(100) },
    );
  });

  test('a proof that can not be made is a failure too', async () => {
    const server = await serve();
    const broken = () => {
      throw new Error('the record is closed');
    };
    const one = new Witness(server.url, [parseVkey(own.vkey)], broken, 2_000);
    expect(await one.submit(log.at(8))).toMatchObject({ kind: 'cosigned' });
    expect(await one.submit(log.at(9))).toEqual({ kind: 'failed', why: expect.stringContaining('the record is closed'), wait: 0 });
  });
});
