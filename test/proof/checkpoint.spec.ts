import { formatCheckpoint, openCheckpoint, parseCheckpoint } from '../../src/proof/checkpoint.js';
import { EMPTY_ROOT, leafHash } from '../../src/proof/hash.js';
import { Signer, parseVkey } from '../../src/proof/note-keys.js';
import { formatNote } from '../../src/proof/note.js';
import { leafOf, mth } from './definition.js';
import { privateKey, readSkey, witness } from './keys.js';
import { base64, vectors } from './vectors.js';

const published = vectors<{
  signed: { name: string; vkey?: string; note: string; origin: string; size: number; root: string }[];
  body: { cases: { name: string; body: string; strict: boolean }[] };
}>('checkpoint');
const tessera = vectors<{ origin: string; vkey: string; skey: string; words: string[]; checkpoints: string[] }>('tessera-log');

const failing = (code: string) => expect.objectContaining({ code });
const textOf = (note: string) => note.slice(0, note.lastIndexOf('\n\n') + 1);

const ORIGIN = 'example.com/record/1';
const signer = new Signer(ORIGIN, privateKey(Buffer.alloc(32, 1)));
const next = new Signer(ORIGIN, privateKey(Buffer.alloc(32, 2)));
const friend = witness('witness.example', Buffer.alloc(32, 3));
const log = { origin: ORIGIN, keys: [signer.verifier], witnesses: [] };
const witnessed = { ...log, witnesses: [parseVkey(friend.vkey)] };
const text = formatCheckpoint({ origin: ORIGIN, size: 7, root: leafHash('any') });
const note = formatNote(text, [signer.sign(text)]);

describe('the text of a checkpoint', () => {
  test.each(published.signed)('is read, and written again: $name', ({ note: signed, origin, size, root }) => {
    const checkpoint = { origin, size, root: base64(root) };
    expect(parseCheckpoint(textOf(signed))).toEqual(checkpoint);
    expect(formatCheckpoint(checkpoint)).toBe(textOf(signed));
  });

  test.each(published.body.cases)('is read strictly: $name', ({ body, strict }) => {
    if (strict) expect(formatCheckpoint(parseCheckpoint(body))).toBe(body);
    else expect(() => parseCheckpoint(body)).toThrow(failing('malformed-checkpoint'));
  });

  const [origin, size, root] = text.split('\n') as [string, string, string];

  test('may have extension lines, which are let through', () => {
    expect(parseCheckpoint(`${text}an extension\nanother\n`)).toEqual(parseCheckpoint(text));
  });

  test.each([
    ['nothing', ''],
    ['no origin', `\n${size}\n${root}\n`],
    ['no size', `${origin}\n\n${root}\n`],
    ['no root', `${origin}\n${size}\n\n`],
    ['no last newline', `${origin}\n${size}\n${root}`],
    ['no last newline after an extension', `${text}an extension`],
    ['a blank extension line', `${text}\nan extension\n`],
    ['a leading zero', `${origin}\n07\n${root}\n`],
    ['a sign', `${origin}\n+7\n${root}\n`],
    ['an exponent', `${origin}\n1e3\n${root}\n`],
    ['a fraction', `${origin}\n7.0\n${root}\n`],
    ['a blank', `${origin}\n 7\n${root}\n`],
    ['a size beyond what can be counted', `${origin}\n9007199254740992\n${root}\n`],
    ['a root of 31 bytes', `${origin}\n${size}\n${Buffer.alloc(31).toString('base64')}\n`],
    ['a root without padding', `${origin}\n${size}\n${root.replace('=', '')}\n`],
    ['a root in the URL alphabet', `${origin}\n${size}\n${Buffer.alloc(32, 0xff).toString('base64url')}=\n`],
    ['another root than that of nothing, for nothing', `${origin}\n0\n${root}\n`],
  ])('is refused with %s', (_, body) => {
    expect(() => parseCheckpoint(body)).toThrow(failing('malformed-checkpoint'));
  });

  test('may tell of no entries, and of as many as can be counted', () => {
    for (const one of [
      { origin, size: 0, root: EMPTY_ROOT },
      { origin, size: Number.MAX_SAFE_INTEGER, root: EMPTY_ROOT },
    ])
      expect(parseCheckpoint(formatCheckpoint(one))).toEqual(one);
  });
});

describe('opening a checkpoint', () => {
  test('of sum.golang.org, whose origin is not the name of its key', () => {
    for (const { vkey, note: signed, origin, size } of published.signed) {
      if (!vkey) continue;
      const known = { origin, keys: [parseVkey(vkey)], witnesses: [] };
      expect(openCheckpoint(Buffer.from(signed), known)).toMatchObject({ origin, size, text: textOf(signed), cosignatures: [] });
    }
  });

  test('of a Tessera log, at each of its sizes, gives its root; signed again, it is the same to the byte', () => {
    const known = { origin: tessera.origin, keys: [parseVkey(tessera.vkey)], witnesses: [] };
    const { name, key } = readSkey(tessera.skey);
    const again = new Signer(name, key);
    const leaves = tessera.words.map(leafOf);
    tessera.checkpoints.forEach((signed, size) => {
      const opened = openCheckpoint(Buffer.from(signed), known);
      expect(opened).toMatchObject({ origin: tessera.origin, size, root: mth(leaves.slice(0, size)) });
      expect(formatNote(opened.text, [again.sign(opened.text)])).toBe(signed);
    });
  });

  test('needs a signature of the log: a witness alone does not vouch for it', () => {
    const line = friend.line(text, 1_700_000_000);
    expect(() => openCheckpoint(Buffer.from(`${text}\n${line}`), witnessed)).toThrow(failing('no-known-signature'));
    expect(openCheckpoint(Buffer.from(note + line), witnessed).cosignatures).toMatchObject([{ time: 1_700_000_000 }]);
    expect(openCheckpoint(Buffer.from(note + line), log).cosignatures).toEqual([]);
    expect(openCheckpoint(Buffer.from(note), witnessed).cosignatures).toEqual([]);
  });

  test('takes any key of the log while one takes the place of another', () => {
    for (const keys of [[signer.verifier], [next.verifier], [next.verifier, signer.verifier]]) {
      const both = formatNote(text, [signer.sign(text), next.sign(text)]);
      expect(
        openCheckpoint(Buffer.from(both), { ...log, keys })
          .signatures.map(({ by }) => by.id)
          .sort(),
      ).toEqual(keys.map(({ id }) => id).sort());
    }
    expect(() => openCheckpoint(Buffer.from(note), { ...log, keys: [next.verifier] })).toThrow(failing('no-known-signature'));
  });

  test('is refused for the checkpoint of another log, and for a signed text that is none', () => {
    expect(() => openCheckpoint(Buffer.from(note), { ...log, origin: 'example.com/record/2' })).toThrow(failing('wrong-origin'));
    const greeting = 'hello\n';
    expect(() => openCheckpoint(Buffer.from(formatNote(greeting, [signer.sign(greeting)])), log)).toThrow(failing('malformed-checkpoint'));
  });
});
