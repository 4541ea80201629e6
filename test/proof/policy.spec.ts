import fc from 'fast-check';
import { Signer, parseVkey, type Signature, type Verifier } from '../../src/proof/note-keys.js';
import { isSatisfied, missing, parsePolicy } from '../../src/proof/policy.js';
import { ProofError } from '../../src/proof/proof-error.js';
import { rounds } from '../record/rounds.js';
import { privateKey, witness } from './keys.js';

const log = (name: string, seed: number) => new Signer(name, privateKey(Buffer.alloc(32, seed))).verifier.vkey;
const key = (seed: number, name = `witness.example/${seed}`) => witness(name, Buffer.alloc(32, seed)).vkey;
const policy = (...lines: string[]) => parsePolicy(Buffer.from(lines.map((line) => `${line}\n`).join('')));
const verifiers = new Map<string, Verifier>();
const verifier = (vkey: string) => verifiers.get(vkey) ?? verifiers.set(vkey, parseVkey(vkey)).get(vkey)!;
const by = (...vkeys: string[]): Signature[] => vkeys.map((vkey) => ({ by: verifier(vkey), bytes: Buffer.alloc(72), time: 1 }));
const refusal = (message: string) => expect.objectContaining({ code: 'malformed-policy', message: expect.stringContaining(message) });

const LOG = log('example.com/log', 1);
const X = [key(11), key(12), key(13)];
const Y = [key(21), key(22), key(23)];
const EXAMPLE = [
  `log ${LOG}`,
  '',
  ...X.map((vkey, at) => `witness X${at + 1} ${vkey}`),
  'group X-witnesses 2 X1 X2 X3',
  '',
  ...Y.map((vkey, at) => `witness Y${at + 1} ${vkey}`),
  'group Y-witnesses any Y1 Y2 Y3',
  '',
  'group X-and-Y all X-witnesses Y-witnesses',
  'quorum X-and-Y',
];

describe('the policy that the format gives as its example', () => {
  const example = policy(...EXAMPLE);

  test('has its log and its witnesses', () => {
    expect(example.logs.map(({ key: { vkey } }) => vkey)).toEqual([LOG]);
    expect(example.witnesses.map(({ name, key: { vkey } }) => [name, vkey])).toEqual([
      ...X.map((vkey, at) => [`X${at + 1}`, vkey]),
      ...Y.map((vkey, at) => [`Y${at + 1}`, vkey]),
    ]);
  });

  test('is satisfied by two of the one group and one of the other, in all 64 cases', () => {
    const all = [...X, ...Y];
    for (let chosen = 0; chosen < 64; chosen++) {
      const vkeys = all.filter((_, at) => chosen & (1 << at));
      const isEnough = vkeys.filter((vkey) => X.includes(vkey)).length >= 2 && vkeys.some((vkey) => Y.includes(vkey));
      expect(isSatisfied(example, by(...vkeys))).toBe(isEnough);
      expect(missing(example, by(...vkeys)).length === 0).toBe(isEnough);
    }
  });

  test('counts a witness once, and strangers not at all', () => {
    const other = key(11, 'another-name.example');
    expect(isSatisfied(example, by(X[0]!, X[0]!, Y[0]!))).toBe(false);
    expect(isSatisfied(example, by(X[0]!, other, key(99), LOG, Y[0]!))).toBe(false);
  });

  test('says what is missing, from the quorum down', () => {
    expect(missing(example, by(X[1]!, Y[0]!))).toEqual([
      'X-and-Y has 1 of 2, without X-witnesses',
      'X-witnesses has 1 of 2, without X1, X3',
    ]);
    expect(missing(example, by())).toHaveLength(3);
  });
});

describe('a policy', () => {
  test('may ask for one witness, or for none', () => {
    const one = policy(`witness w ${key(1)}`, 'quorum w');
    expect([isSatisfied(one, by()), isSatisfied(one, by(key(1)))]).toEqual([false, true]);
    expect(missing(one, by())).toEqual(['the witness w has not cosigned']);
    const none = policy('quorum none');
    expect(none).toEqual({ logs: [], witnesses: [], quorum: undefined });
    expect([isSatisfied(none, by()), missing(none, by())]).toEqual([true, []]);
  });

  test('has blanks and tabs where it likes, and comments of any octets', () => {
    const text = Buffer.concat([
      Buffer.from('  # '),
      Buffer.of(0xff, 0x80),
      Buffer.from(`\n \t\n\t witness\t\tw  ${key(1)} \t\n quorum \t w\t\n#`),
      Buffer.from('\n'),
    ]);
    expect(parsePolicy(text).quorum).toMatchObject({ name: 'w' });
  });

  test('knows names by their octets: a K is no Kelvin sign', () => {
    const { witnesses } = policy(`witness K ${key(1)}`, `witness \u212a ${key(2)}`, 'quorum \u212a');
    expect(witnesses.map(({ name }) => name)).toEqual(['K', '\u212a']);
    expect(() => policy(`witness Č ${key(1)}`, 'quorum C\u030c')).toThrow(refusal('line 2:'));
  });

  test('may name a witness like a keyword', () => {
    expect(policy(`witness log ${key(1)}`, `witness all ${key(2)}`, 'group any all all log', 'quorum any').quorum).toMatchObject({
      threshold: 2,
    });
  });

  test('has addresses, which need no slash at their end', () => {
    const { logs, witnesses } = policy(
      `log ${LOG} https://example.com/log/`,
      `witness a ${key(1)} http://127.0.0.1:8080`,
      `witness b ${key(2)} https://bücher.example/w/1/`,
      `witness c ${key(3)}`,
      'quorum none',
    );
    expect(logs.map(({ url }) => url)).toEqual(['https://example.com/log']);
    expect(witnesses.map(({ url }) => url)).toEqual(['http://127.0.0.1:8080', 'https://xn--bcher-kva.example/w/1', undefined]);
  });

  test('has addresses in any script, however often they are read', () => {
    const lines = [`log ${LOG} https://bücher.example`, 'quorum none'];
    for (let time = 0; time < 10_000; time++) policy(...lines);
  });

  test('may have 48 logs, witnesses and groups, and no more', () => {
    const many = (count: number) => [
      ...Array.from({ length: count }, (_, at) => `log ${log('l', at + 1)}`),
      ...Array.from({ length: count }, (_, at) => `witness w${at} ${key(at + 1)}`),
      ...Array.from({ length: count }, (_, at) => `group g${at} 1 w${at}${at ? ` g${at - 1}` : ''}`),
      `quorum g${count - 1}`,
    ];
    expect(isSatisfied(policy(...many(48)), by(key(1)))).toBe(true);
    for (const kind of ['log', 'witness', 'group']) {
      const [last] = many(49)
        .filter((line) => line.startsWith(`${kind} `))
        .slice(-1);
      expect(() => policy(...many(48), last!)).toThrow(refusal('line 146: at most 48'));
    }
    expect(() => parsePolicy(Buffer.alloc(65_537, '\n'))).toThrow(refusal('65536 bytes'));
  });

  const W = `witness w ${key(1)}`;
  const V = `witness v ${key(2)}`;
  test.each<[string, string[], string]>([
    ['no quorum', [W], 'has a quorum line'],
    ['nothing', [], 'has a quorum line'],
    ['two quorums', [W, 'quorum w', 'quorum none'], 'line 3: a policy has one quorum line'],
    ['a quorum of two names', [W, V, 'quorum w v'], 'line 3: quorum'],
    ['a quorum without a name', ['quorum'], 'line 1: quorum'],
    ['a quorum before its name', ['quorum w', W], 'line 1: a name is'],
    ['another keyword', ['Quorum none'], 'line 1: a line begins'],
    ['a comment behind a line', [W, 'quorum w # all'], 'line 2: quorum'],
    ['a byte order mark', ['\ufeffquorum none'], 'line 1: a line begins'],
    ['a carriage return', ['quorum none\r'], 'line 1: a policy has no control'],
    ['a control character in a comment', ['#\x1b[2J', 'quorum none'], 'line 1: a policy has no control'],
    ['a delete character', ['# \x7f', 'quorum none'], 'line 1: a policy has no control'],
    ['a log without a key', ['log', 'quorum none'], 'line 1: log'],
    ['a log with too much', [`log ${LOG} http://a b`, 'quorum none'], 'line 1: log'],
    ['a log with a mangled key', [`log ${LOG}A`, 'quorum none'], 'line 1: a verifier key'],
    ['a log with the key of a witness', [`log ${key(1)}`, 'quorum none'], 'line 1: a log has a key of type 1'],
    ['a witness with the key of a log', [`witness w ${LOG}`, 'quorum none'], 'line 1: a witness has a key of type 4'],
    ['a witness without a key', ['witness w', 'quorum none'], 'line 1: witness'],
    ['a log twice', [`log ${LOG}`, `log ${LOG}`, 'quorum none'], 'line 2: a key stands'],
    ['a log twice, by two names', [`log ${LOG}`, `log ${log('a', 1)}`, 'quorum none'], 'line 2: a key stands'],
    ['a witness twice, by two names', [W, `witness v ${key(1, 'a')}`, 'quorum w'], 'line 2: a key stands'],
    ['a name twice', [W, `witness w ${key(2)}`, 'quorum w'], 'line 2: a name is defined once'],
    ['a group with the name of a witness', [W, 'group w 1 w', 'quorum w'], 'line 2: a name is defined once'],
    ['a witness called none', [`witness none ${key(1)}`, 'quorum none'], 'line 1: none is no name'],
    ['a group called none', [W, 'group none any w', 'quorum none'], 'line 2: none is no name'],
    ['none as a member', [W, 'group g any w none', 'quorum g'], 'line 2: a name is that of'],
    ['a member not defined yet', [W, 'group g any w v', V, 'quorum g'], 'line 2: a name is that of'],
    ['a group within itself', [W, 'group g any w g', 'quorum g'], 'line 2: a name is that of'],
    ['a member twice in a group', [W, 'group g 2 w w', 'quorum g'], 'line 2: a name is a member once'],
    ['a member of two groups', [W, V, 'group g any w', 'group h any v w', 'quorum g'], 'line 4: a name is a member once'],
    ['a group of none', [W, 'group g all', 'quorum w'], 'line 2: group'],
    ['a group without a number', [W, 'group g w', 'quorum w'], 'line 2: group'],
    ['a group that needs none', [W, 'group g 0 w', 'quorum g'], 'line 2: a group needs 1 to 1'],
    ['a group that needs more than it has', [W, V, 'group g 3 w v', 'quorum g'], 'line 3: a group needs 1 to 2'],
    ['a number that is none', [W, V, 'group g 01 w v', 'quorum g'], 'line 3: a group needs'],
    ['a number below none', [W, V, 'group g -1 w v', 'quorum g'], 'line 3: a group needs'],
    ['a word for a number', [W, V, 'group g most w v', 'quorum g'], 'line 3: a group needs'],
    ...[
      'example.com',
      'ftp://example.com',
      'file:///etc',
      'http://a:b@example.com',
      'http://a@b',
      'https://a/?b',
      'https://a/?',
      'https://a#',
      'http://',
      '/',
    ].map((url): [string, string[], string] => [`the address ${url}`, [`${W} ${url}`, 'quorum w'], 'line 1: an address is']),
  ])('is refused with %s', (_, lines, message) => {
    expect(() => policy(...lines)).toThrow(refusal(message));
  });

  test('is refused where it is cut short, even where it would still be one', () => {
    expect(() => parsePolicy(Buffer.from(`${W}\n${V.replace(' v ', ' ww ')}\nquorum w`))).toThrow(refusal('line 3: a line ends'));
    const whole = Buffer.from(EXAMPLE.map((line) => `${line}\n`).join(''));
    for (let length = 0; length < whole.length; length++) expect(() => parsePolicy(whole.subarray(0, length))).toThrow(refusal(''));
  });

  test('is refused with a name or a key that is no UTF-8', () => {
    const odd = Buffer.from(`witness \xff ${key(1)}\nquorum none\n`, 'latin1');
    expect(() => parsePolicy(odd)).toThrow(refusal('line 1: names, keys and addresses are UTF-8'));
  });

  test('tells what it is told wrong, whatever it is told', () => {
    const words = [
      'log',
      'witness',
      'group',
      'quorum',
      'none',
      'all',
      'any',
      '0',
      '1',
      '2',
      'a',
      'b',
      'c',
      '#',
      '__proto__',
      'constructor',
    ];
    const item = fc.constantFrom(...words, LOG, key(1), key(2), key(3), 'http://a.example', '\0', '\u00e9');
    const lines = fc.array(
      fc.array(item, { maxLength: 6 }).map((items) => `${items.join(' ')}\n`),
      { maxLength: 8 },
    );
    const some = lines.map((those) => Buffer.from(those.join('')));
    const any = fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets));
    const mangled = fc.tuple(fc.nat(600), fc.nat(255)).map(([at, octet]) => {
      const octets = Buffer.from(EXAMPLE.map((line) => `${line}\n`).join(''));
      octets[at] = octet;
      return octets;
    });
    fc.assert(
      fc.property(fc.oneof(some, any, mangled), (octets) => {
        try {
          const read = parsePolicy(octets);
          expect(isSatisfied(read, [])).toBe(read.quorum === undefined);
        } catch (error) {
          expect(error).toBeInstanceOf(ProofError);
          expect(error).toEqual(refusal(''));
        }
      }),
      { seed: 5, numRuns: rounds(1_000) },
    );
  });

  test('asks for what its groups say, however they are nested', () => {
    interface Model {
      name: string;
      holds(signed: Set<number>): boolean;
    }
    const vkeys = Array.from({ length: 6 }, (_, at) => key(at + 1));
    const choices = fc.array(fc.record({ size: fc.integer({ min: 1, max: 4 }), need: fc.nat(3), from: fc.nat(20) }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(choices, (groups) => {
        let free: Model[] = vkeys.map((_, at) => ({ name: `w${at}`, holds: (signed) => signed.has(at) }));
        const lines = vkeys.map((vkey, at) => `witness w${at} ${vkey}`);
        groups.forEach(({ size, need, from }, at) => {
          const turned = [...free.slice(from % free.length), ...free.slice(0, from % free.length)];
          const members = turned.slice(0, size);
          const threshold = 1 + (need % members.length);
          const word = threshold === members.length && need % 2 ? 'all' : threshold === 1 && need % 2 ? 'any' : threshold;
          lines.push(`group g${at} ${word} ${members.map(({ name }) => name).join(' ')}`);
          free = [
            ...turned.slice(size),
            { name: `g${at}`, holds: (signed) => members.filter((one) => one.holds(signed)).length >= threshold },
          ];
        });
        const quorum = free.at(-1)!;
        const read = policy(...lines, `quorum ${quorum.name}`);
        for (let chosen = 0; chosen < 64; chosen++) {
          const signed = new Set([...vkeys.keys()].filter((at) => chosen & (1 << at)));
          const signatures = by(...[...signed].map((at) => vkeys[at]!));
          expect(isSatisfied(read, signatures)).toBe(quorum.holds(signed));
        }
      }),
      { seed: 5, numRuns: rounds(50) },
    );
  });
});
