import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSigners, signersOf } from '../../src/proof/log-keys.js';
import { parseVkey } from '../../src/proof/note-keys.js';
import { formatNote, openNote } from '../../src/proof/note.js';
import { StartRefused } from '../../src/start-refused.js';

const NAME = 'zonewatch/018f';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonewatch-keys-'));
  path = join(folder, 'log.key');
});
afterEach(() => rmSync(folder, { recursive: true }));

const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }) as string;
const ed25519 = () => pem(generateKeyPairSync('ed25519').privateKey);
const vkeys = () => signersOf(folder, NAME).map(({ verifier }) => verifier.vkey);

describe('the keys of the log', () => {
  test('are one that is made where there is none, for its owner alone, and stays', () => {
    const [made, ...others] = vkeys();
    expect(others).toEqual([]);
    expect(parseVkey(made!)).toMatchObject({ name: NAME });
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    const held = readFileSync(path, 'utf8');
    expect(held).toMatch(/^-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n$/);
    expect(vkeys()).toEqual([made]);
    expect(readFileSync(path, 'utf8')).toBe(held);
    expect(readdirSync(folder)).toEqual(['log.key']);
  });

  test('are not the same in another folder', () => {
    const other = mkdtempSync(join(tmpdir(), 'zonewatch-keys-'));
    expect(signersOf(other, NAME)[0]!.verifier.vkey).not.toBe(vkeys()[0]);
    rmSync(other, { recursive: true });
  });

  test.each(['\n', '\r\n'])('are all that the file holds, in its order, with %j between lines', (end) => {
    const keys = [ed25519(), ed25519(), ed25519()];
    const alone = keys.map((key) => {
      writeFileSync(path, key);
      return vkeys()[0]!;
    });
    writeFileSync(path, keys.join('\n').replaceAll('-\n', `-${end}`));
    expect(vkeys()).toEqual(alone);
    const note = formatNote(
      'a text\n',
      signersOf(folder, NAME).map((signer) => signer.sign('a text\n')),
    );
    for (const vkey of alone) expect(openNote(Buffer.from(note), [parseVkey(vkey)]).signatures.length).toBe(1);
  });

  test('are not made by whoever only reads them', () => {
    expect(() => readSigners(folder, NAME)).toThrow(StartRefused);
    expect(readdirSync(folder)).toEqual([]);
  });

  const rsa = () => pem(generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey);
  const cutShort = (key: string) => key.slice(0, 50);
  const cases: [what: string, content: () => string, why: string][] = [
    ['is empty', () => '', 'it holds no key'],
    ['is a text', () => 'hunter2\n', 'it holds no key'],
    ['is cut short', () => cutShort(ed25519()), 'it holds no key'],
    ['begins with a key that is cut short', () => `${cutShort(ed25519())}\n${ed25519()}`, 'something else beside its keys'],
    ['ends with a key that is cut short', () => `${ed25519()}${cutShort(ed25519())}`, 'something else beside its keys'],
    ['has a key that is none', () => ed25519().replace(/\n.+\n/, '\nAAAA\n'), ''],
    ['has an RSA key', rsa, 'of type rsa, and only Ed25519'],
    ['has an RSA key beside a good one', () => ed25519() + rsa(), 'of type rsa, and only Ed25519'],
    ['has an Ed448 key', () => pem(generateKeyPairSync('ed448').privateKey), 'of type ed448, and only Ed25519'],
    ['has an X25519 key', () => pem(generateKeyPairSync('x25519').privateKey), 'of type x25519, and only Ed25519'],
    ['has an EC key', () => pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey), 'of type ec, and only Ed25519'],
    ['has a public key', () => generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }) as string, ''],
    [
      'has a key under a password',
      () =>
        generateKeyPairSync('ed25519').privateKey.export({
          format: 'pem',
          type: 'pkcs8',
          cipher: 'aes-256-cbc',
          passphrase: 'hunter2',
        }) as string,
      '',
    ],
    ['has one key twice', () => ed25519().repeat(2), 'it holds one key twice'],
  ];
  test.each(cases)('are refused where the file %s, and it stays as it is', (_, content, why) => {
    const held = content();
    writeFileSync(path, held);
    expect(vkeys).toThrow(StartRefused);
    expect(vkeys).toThrow(`the signing keys in ${path} cannot be used: `);
    expect(vkeys).toThrow(why);
    expect(vkeys).toThrow('Put back the file that was there');
    expect(readFileSync(path, 'utf8')).toBe(held);
  });

  test('are refused where there is a folder of their name', () => {
    mkdirSync(path);
    expect(vkeys).toThrow(StartRefused);
  });

  test('are not told by a refusal', () => {
    const key = ed25519();
    writeFileSync(path, `${key}${key}`);
    const secret = key.split('\n')[1]!;
    expect(vkeys).toThrow(expect.not.objectContaining({ message: expect.stringContaining(secret) as string }) as Error);
  });
});
