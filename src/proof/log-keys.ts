import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SECRET, writeWhole } from '../record/write-whole.js';
import { StartRefused } from '../start-refused.js';
import { Signer } from './note-keys.js';

const FILE = 'log.key';

const PEM = /-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/g;
const BLANK = /^\s*$/;

/**
 * Who signs the checkpoints of a data folder: the Ed25519 keys in `log.key` (PEM, PKCS #8), of which one is made where there is none. All
 * sign and all are published, so that a new key can stand beside the old one until every reader knows it: that is how a key is changed.
 */
export function signersOf(folder: string, name: string): Signer[] {
  const path = join(folder, FILE);
  if (!existsSync(path))
    writeWhole(path, generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string, SECRET);
  return readSigners(folder, name);
}

/** Those whose keys are there. */
export function readSigners(folder: string, name: string): Signer[] {
  const path = join(folder, FILE);
  const signers = readKeys(path).map((key) => new Signer(name, key));
  if (new Set(signers.map(({ verifier }) => verifier.vkey)).size < signers.length) throw unusable(path, 'it holds one key twice');
  return signers;
}

function readKeys(path: string): KeyObject[] {
  try {
    // From a pipe or a device it would be read without end.
    if (!statSync(path).isFile()) throw new Error('it is no file');
    const text = readFileSync(path, 'utf8');
    const keys = (text.match(PEM) ?? []).map((pem) => createPrivateKey(pem));
    if (keys.length === 0) throw new Error('it holds no key');
    // A key that is cut short would be passed over, and then not sign.
    if (!BLANK.test(text.replaceAll(PEM, ''))) throw new Error('it holds something else beside its keys');
    const other = keys.find(({ asymmetricKeyType }) => asymmetricKeyType !== 'ed25519');
    if (other) throw new Error(`it holds a key of type ${other.asymmetricKeyType}, and only Ed25519 signs here`);
    return keys;
  } catch (error) {
    throw unusable(path, (error as Error).message);
  }
}

function unusable(path: string, why: string): StartRefused {
  return new StartRefused(
    `the signing keys in ${path} cannot be used: ${why}. Put back the file that was there; without its key nobody can tell this record from a forgery.`,
  );
}
