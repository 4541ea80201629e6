import { formatCheckpoint } from '../../src/proof/checkpoint.js';
import { Signer, parseVkey } from '../../src/proof/note-keys.js';
import { formatNote } from '../../src/proof/note.js';
import { formatTlogProof, parseTlogProof, verifyTlogProof } from '../../src/proof/tlog-proof.js';
import { leafOf, mth, path } from './definition.js';
import { privateKey } from './keys.js';
import { base64, vectors } from './vectors.js';

const published = vectors<{
  format: { cases: { index: number; hashes: string[]; checkpoint: string; extra?: string; want: string }[] };
  malformed: { cases: { name: string; proof: string }[] };
  verify: {
    origin: string;
    logVkey: string;
    witnessVkey: string;
    cosignatureTime: number;
    valid: { index: number; leafUtf8: string; proof: string; witness?: boolean }[];
    invalid: { name: string; leafUtf8: string; proof: string }[];
    witnessMissing: { leafUtf8: string; proof: string };
  };
}>('tlog-proof');

const { verify } = published;
const log = { origin: verify.origin, keys: [parseVkey(verify.logVkey)], witnesses: [parseVkey(verify.witnessVkey)] };
const failing = (code: string) => expect.objectContaining({ code });

describe('the text of a proof', () => {
  test.each(published.format.cases)('of entry $index is read, and written again but for its extra data', ({ want, extra, ...one }) => {
    const proof = { index: one.index, hashes: one.hashes.map(base64), checkpoint: Buffer.from(one.checkpoint) };
    expect(parseTlogProof(Buffer.from(want))).toEqual(proof);
    expect(formatTlogProof(proof)).toBe(extra ? want.replace(`extra ${extra}\n`, '') : want);
  });

  test.each([
    ...published.malformed.cases,
    { name: 'nothing', proof: '' },
    { name: 'extra without data', proof: 'c2sp.org/tlog-proof@v1\nextra \nindex 0\n\ncheckpoint\n' },
    { name: 'extra after the index', proof: 'c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\ncheckpoint\n' },
    { name: 'extra twice', proof: 'c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 0\n\ncheckpoint\n' },
    { name: 'blank before the header', proof: ' c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint\n' },
    { name: 'a word before the index', proof: 'c2sp.org/tlog-proof@v1\nan index 0\n\ncheckpoint\n' },
    { name: 'blank after the index', proof: 'c2sp.org/tlog-proof@v1\nindex 0 \n\ncheckpoint\n' },
    { name: 'an index that cannot be counted', proof: 'c2sp.org/tlog-proof@v1\nindex 9007199254740992\n\ncheckpoint\n' },
    { name: '64 hashes', proof: `c2sp.org/tlog-proof@v1\nindex 0\n${`${'A'.repeat(43)}=\n`.repeat(64)}\ncheckpoint\n` },
  ])('is refused: $name', ({ proof }) => {
    expect(() => parseTlogProof(Buffer.from(proof))).toThrow(failing('malformed-proof'));
  });

  test('keeps the checkpoint to the byte, and may have 63 hashes', () => {
    const checkpoint = Buffer.from('a\n\nb\n\n— c \n\r\n');
    const hashes = Array.from({ length: 63 }, () => Buffer.alloc(32, 5));
    expect(parseTlogProof(Buffer.from(formatTlogProof({ index: 1, hashes, checkpoint })))).toEqual({ index: 1, hashes, checkpoint });
  });
});

describe('the proof of an entry', () => {
  test.each(verify.valid)('$leafUtf8 at $index holds', ({ index, leafUtf8, proof, witness }) => {
    for (const entry of [leafUtf8, Buffer.from(leafUtf8)]) {
      const proven = verifyTlogProof(Buffer.from(proof), entry, log);
      expect(proven).toMatchObject({ index, origin: verify.origin });
      expect(proven.cosignatures.map(({ time }) => time)).toEqual(witness === false ? [] : [verify.cosignatureTime]);
    }
  });

  const WHY: Record<string, string> = {
    'checkpoint size changed': 'invalid-signature',
    'another origin, so the signature fails': 'invalid-signature',
    'no log signature, only the witness': 'no-known-signature',
  };

  test.each(verify.invalid)('does not hold: $name', ({ name, leafUtf8, proof }) => {
    expect(() => verifyTlogProof(Buffer.from(proof), leafUtf8, log)).toThrow(failing(WHY[name] ?? 'not-included'));
  });

  test('tells which witnesses have signed, for its reader to judge', () => {
    const { leafUtf8, proof } = verify.witnessMissing;
    expect(verifyTlogProof(Buffer.from(proof), leafUtf8, log).cosignatures).toEqual([]);
  });

  test('holds as this service makes it, for each entry of a record', () => {
    const signer = new Signer('example.com/record/1', privateKey(Buffer.alloc(32, 1)));
    const events = Array.from({ length: 11 }, (_, at) => `{"id":"event-${at}","sequence":${at + 1}}`);
    const leaves = events.map(leafOf);
    const origin = signer.verifier.name;
    const text = formatCheckpoint({ origin, size: events.length, root: mth(leaves) });
    const checkpoint = Buffer.from(formatNote(text, [signer.sign(text)]));
    events.forEach((event, index) => {
      const proof = Buffer.from(formatTlogProof({ index, hashes: path(index, leaves), checkpoint }));
      const known = { origin, keys: [signer.verifier], witnesses: [] };
      expect(verifyTlogProof(proof, event, known)).toMatchObject({ index, size: 11 });
      expect(() => verifyTlogProof(proof, `${event}\n`, known)).toThrow(failing('not-included'));
      expect(() => verifyTlogProof(proof, event, { ...known, origin: 'example.com/record/2' })).toThrow(failing('wrong-origin'));
    });
  });
});
