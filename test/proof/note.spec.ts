import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { Signer, parseVkey } from '../../src/proof/note-keys.js';
import { formatNote, openNote } from '../../src/proof/note.js';
import { privateKey, readSkey, witness } from './keys.js';
import { base64, hex, vectors } from './vectors.js';

interface OpenCase {
  name: string;
  verifiers: string[];
  note?: string;
  noteBase64?: string;
  noteHead?: string;
  repeat?: string;
  times?: number;
  verified?: string[];
  error?: string;
}

const published = vectors<{
  sign: { skey?: string; seedHex?: string; name?: string; vkey: string; text: string; note: string }[];
  open: OpenCase[];
  vkeys: { valid: { vkey: string; name: string; keyId: string; type: number }[]; invalid: { vkey: string }[] };
}>('signed-note');
const cosigned = vectors<{
  cosigned: { name: string; vkey: string; cosigner: string; seedPhrase: string; time: number; note: string }[];
  vkeys: { cases: { vkey: string; type: number }[] };
}>('cosignature');

const failing = (code: string) => expect.objectContaining({ code });
const names = (note: string | Buffer, ...vkeys: string[]) =>
  openNote(Buffer.from(note), vkeys.map(parseVkey)).signatures.map(({ by }) => by.name);

const seed = Buffer.alloc(32, 1);
const signer = new Signer('example.com/log', privateKey(seed));
const other = new Signer('example.com/log', privateKey(Buffer.alloc(32, 2)));
const TEXT = 'example.com/log\n\nČeasefire\n';
const NOTE = formatNote(TEXT, [signer.sign(TEXT)]);
const [LINE] = NOTE.slice(TEXT.length + 1).split('\n');

describe('a verifier key', () => {
  test.each(published.vkeys.valid)('of $name is read and written', ({ vkey, name, keyId, type }) => {
    const verifier = parseVkey(vkey);
    expect(verifier).toMatchObject({ name, id: keyId, type, vkey });
  });

  test.each(cosigned.vkeys.cases)('is of a witness where its type says so: $vkey', ({ vkey, type }) => {
    expect(parseVkey(vkey)).toMatchObject({ type, vkey });
  });

  test.each(published.vkeys.invalid)('$vkey is refused', ({ vkey }) => {
    expect(() => parseVkey(vkey)).toThrow(failing('malformed-key'));
  });

  test('is of 32 bytes, even where the id of more or fewer fits', () => {
    for (const length of [0, 1, 31, 32, 33, 64]) {
      const typed = Buffer.concat([Buffer.of(1), Buffer.alloc(length, 7)]);
      const id = createHash('sha256').update('a\n').update(typed).digest('hex').slice(0, 8);
      expect(isVkey(`a+${id}+${typed.toString('base64')}`)).toBe(length === 32);
    }
  });

  test('is refused where anything is missing from it or changed in it', () => {
    for (const { vkey } of published.vkeys.valid) {
      for (let from = 0; from < vkey.length; from++) {
        for (let to = from + 1; to <= vkey.length; to++) {
          if (to - from < vkey.length) expect(isVkey(vkey.slice(from, to))).toBe(false);
        }
        const bytes = Buffer.from(vkey);
        bytes[from]!++;
        expect(isVkey(bytes.toString('latin1'))).toBe(false);
      }
    }
  });

  test('has no name that a signature line could not have', () => {
    for (const name of ['', 'a b', 'a+b', 'a\tb', 'a\u00a0b', 'a\u0085b', 'a\u2028b', 'a\u3000b']) {
      expect(() => new Signer(name, privateKey(seed))).toThrow(failing('malformed-key'));
    }
    expect(new Signer('a\ufeffb', privateKey(seed)).verifier.name).toBe('a\ufeffb');
  });

  function isVkey(text: string): boolean {
    try {
      return Boolean(parseVkey(text));
    } catch (error) {
      expect(error).toEqual(failing('malformed-key'));
      return false;
    }
  }
});

describe('signing a note', () => {
  test('gives the published bytes', () => {
    const earlier: Signer[] = [];
    for (const { skey, seedHex, name, vkey, text, note } of published.sign) {
      const key = skey ? readSkey(skey) : { name: name!, key: privateKey(hex(seedHex!)) };
      const own = new Signer(key.name, key.key);
      expect(own.verifier.vkey).toBe(vkey);
      earlier.push(own);
      const signatures = earlier.map((one) => one.sign(text));
      expect(formatNote(text, signatures)).toBe(note);
    }
  });

  test('by two keys of one name gives a line for each', () => {
    const note = formatNote(TEXT, [signer.sign(TEXT), other.sign(TEXT)]);
    for (const { verifier } of [signer, other]) {
      expect(openNote(Buffer.from(note), [verifier]).signatures.map(({ by }) => by)).toEqual([verifier]);
    }
  });

  test('again takes the place of the line that the key has', () => {
    const friend = witness('witness.example', seed);
    const verifier = parseVkey(friend.vkey);
    const at = (time: number) => openNote(Buffer.from(`${TEXT}\n${friend.line(TEXT, time)}`), [verifier]).signatures;
    const note = formatNote(TEXT, [...at(1_000), signer.sign(TEXT), ...at(2_000)]);
    expect(note).toBe(`${TEXT}\n${friend.line(TEXT, 2_000)}${LINE}\n`);
  });

  test('is refused for what is no text of lines', () => {
    for (const text of ['', 'no newline', 'a\r\n', 'a\0b\n', 'a\tb\n']) {
      expect(() => formatNote(text, [signer.sign(text)])).toThrow(failing('malformed-note'));
    }
  });
});

describe('opening a note', () => {
  test.each(published.open.map((one) => [one.name, one] as const))('%s', (_, { verifiers, verified, error, ...one }) => {
    const note = one.noteBase64 ? base64(one.noteBase64) : Buffer.from(one.note ?? one.noteHead! + one.repeat!.repeat(one.times!));
    const open = () => names(note, ...verifiers);
    if (verified) expect(open()).toEqual(verified);
    else expect(open).toThrow(failing(CODES[error!.replace(/ \(.*/, '')]!));
  });

  const CODES: Record<string, string> = {
    malformed: 'malformed-note',
    'ambiguous key': 'ambiguous-key',
    'invalid signature': 'invalid-signature',
    'no verifiable signature': 'no-known-signature',
  };

  test('gives the text with its blank lines, to the byte', () => {
    expect(openNote(Buffer.from(NOTE), [signer.verifier])).toEqual({ text: TEXT, signatures: [signer.sign(TEXT)] });
    const marked = `\ufeff${TEXT}`;
    expect(openNote(Buffer.from(formatNote(marked, [signer.sign(marked)])), [signer.verifier]).text).toBe(marked);
  });

  test('passes over a line where only the name or only the id is known', () => {
    const { name, id, vkey } = signer.verifier;
    const line = (by: string, key: string) => `— ${by} ${Buffer.concat([hex(key), Buffer.alloc(64)]).toString('base64')}\n`;
    expect(names(`${TEXT}\n${line(name, '00000000')}${line('another.example', id)}${LINE}\n`, vkey)).toEqual([name]);
    expect(() => names(`${TEXT}\n${line(name, '00000000')}`, vkey)).toThrow(failing('no-known-signature'));
    expect(() => names(`${NOTE}${line(name, id)}`, other.verifier.vkey, vkey)).not.toThrow();
    expect(() => names(`${TEXT}\n${line(name, id)}${LINE}\n`, vkey)).toThrow(failing('invalid-signature'));
  });

  test('fails as a whole for one known line that does not hold, whoever else has signed', () => {
    const wrong = { ...other.sign(TEXT), bytes: signer.sign(TEXT).bytes };
    const note = formatNote(TEXT, [signer.sign(TEXT), wrong]);
    expect(() => names(note, signer.verifier.vkey, other.verifier.vkey)).toThrow(failing('invalid-signature'));
    expect(names(note, signer.verifier.vkey)).toEqual([signer.verifier.name]);
    for (const bytes of [Buffer.alloc(1), Buffer.alloc(63), Buffer.alloc(65), Buffer.concat([signer.sign(TEXT).bytes, Buffer.of(0)])]) {
      const cut = formatNote(TEXT, [{ by: signer.verifier, bytes }]);
      expect(() => names(cut, signer.verifier.vkey)).toThrow(failing('invalid-signature'));
    }
  });

  test('takes 100 lines, and base64 with bits left over, as Go does', () => {
    expect(names(TEXT + '\n' + `${LINE}\n`.repeat(100), signer.verifier.vkey)).toEqual([signer.verifier.name]);
    const loose = NOTE.replace(/(.)=\n$/, (_, last: string) => `${String.fromCharCode(last.charCodeAt(0) + 1)}=\n`);
    expect(loose).not.toBe(NOTE);
    expect(names(loose, signer.verifier.vkey)).toEqual([signer.verifier.name]);
  });

  test.each([
    ['no bytes', ''],
    ['a blank line alone', '\n\n'],
    ['another character for the last newline', NOTE.replace(/\n$/, 'x')],
    ['a carriage return', NOTE.replace('\n', '\r\n')],
    ['a tab', NOTE.replace(' ', '\t')],
    ['a hyphen for the dash', NOTE.replace('—', '-')],
    ['no blank after the dash', NOTE.replace('— ', '—')],
    ['two blanks', NOTE.replace('— ', '—  ')],
    ['no signature in a line', NOTE.replace(/ \S+\n$/, '\n')],
    ['an empty signature', NOTE.replace(/ \S+\n$/, ' \n')],
    ['an id alone', NOTE.replace(/ \S+\n$/, ' AAAAAA==\n')],
    ['base64 of the URL alphabet', NOTE.replace(/ \S+\n$/, ' _-__AAAA\n')],
    ['base64 without its padding', NOTE.replace(/=+\n$/, '\n')],
    ['base64 with its padding in the middle', NOTE.replace(/ \S+\n$/, ' AAAA==AAAAAA\n')],
    ['a signature of ten million digits, one of them wrong', NOTE.replace(/ \S+\n$/, ` ${'A'.repeat(10_000_003)}!\n`)],
    ['a blank after the signature', NOTE.replace(/\n$/, ' \n')],
    ['a name with a plus', `${NOTE}— a+b AAAAAAAA\n`],
    ['a name with a space of Unicode', `${NOTE}— a\u2003b AAAAAAAA\n`],
    ['a line that is none', `${NOTE}what is this\n`],
    ['a blank line at the end', `${NOTE}\n`],
  ])('is refused with %s', (_, note) => {
    expect(() => names(note, signer.verifier.vkey)).toThrow(failing('malformed-note'));
  });

  test('fails with any byte of the text changed', () => {
    fc.assert(
      fc.property(fc.nat(Buffer.byteLength(TEXT) - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const bytes = Buffer.from(NOTE);
        bytes[at]! ^= by;
        expect(() => openNote(bytes, [signer.verifier])).toThrow();
      }),
    );
  });
});

describe('a cosignature', () => {
  test.each(cosigned.cosigned)('of $name holds, at its time, and no other line is asked for', ({ vkey, cosigner, time, note }) => {
    const { signatures } = openNote(Buffer.from(note), [parseVkey(vkey)]);
    expect(signatures).toEqual([expect.objectContaining({ time })]);
    expect(signatures[0]!.by.name).toBe(cosigner);
  });

  test.each(cosigned.cosigned)('of $name is what the witness of these tests writes', ({ vkey, cosigner, seedPhrase, time, note }) => {
    const again = witness(cosigner, createHash('sha256').update(seedPhrase).digest());
    expect(again.vkey).toBe(vkey);
    expect(note).toContain(again.line(note.slice(0, note.lastIndexOf('\n\n') + 1), time));
  });

  test.each(cosigned.cosigned)('of $name fails for another text, or at another time', ({ vkey, note }) => {
    const verifier = parseVkey(vkey);
    expect(() => openNote(Buffer.from(note.replace('\n300\n', '\n301\n')), [verifier])).toThrow(failing('invalid-signature'));
    const [signature] = openNote(Buffer.from(note), [verifier]).signatures;
    const bytes = Buffer.from(signature!.bytes);
    bytes[7]! ^= 1;
    const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
    expect(() => openNote(Buffer.from(formatNote(text, [{ by: verifier, bytes }])), [verifier])).toThrow(failing('invalid-signature'));
  });

  test('has a time that can be one', () => {
    const friend = witness('witness.example', seed);
    const open = (time: bigint) =>
      openNote(Buffer.from(`${TEXT}\n${friend.line(TEXT, time)}`), [parseVkey(friend.vkey)]).signatures[0]!.time;
    expect(open(1n)).toBe(1);
    expect(open(8_640_000_000_000n)).toBe(8.64e12);
    for (const time of [0n, 8_640_000_000_001n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n])
      expect(() => open(time)).toThrow(failing('invalid-signature'));
  });

  test('is no plain signature, nor the other way round', () => {
    const friend = witness(signer.verifier.name, seed);
    const verifier = parseVkey(friend.vkey);
    expect(verifier.id).not.toBe(signer.verifier.id);
    for (const bytes of [signer.sign(TEXT).bytes, Buffer.alloc(1), Buffer.alloc(8, 1), Buffer.alloc(7)]) {
      const note = formatNote(TEXT, [{ by: verifier, bytes }]);
      expect(() => names(note, friend.vkey)).toThrow(failing('invalid-signature'));
    }
  });
});
