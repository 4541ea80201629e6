import { createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto';
import { readBase64 } from './encoding.js';
import { ProofError } from './proof-error.js';

/** What a key signs, by its number in C2SP: that of a log a note as it stands, that of a witness the note and when it was seen. */
export const LOG_KEY = 0x01;
export const WITNESS_KEY = 0x04;
type KeyType = typeof LOG_KEY | typeof WITNESS_KEY;

const KEY_BYTES = 32;
const TIME_BYTES = 8;

/** The last second that a Date can hold. */
const MAX_TIME = 8.64e12;

/** What stands before the 32 bytes of an Ed25519 key in DER (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** A signature that holds. `bytes` is what follows the key's id in its line, `time` when a witness saw the note, in POSIX seconds. */
export interface Signature {
  by: Verifier;
  bytes: Buffer;
  time?: number;
}

/** Who signs notes: a name and a public key. Its `vkey` is how they are published. */
export class Verifier {
  /** Tells the keys of one name apart: 8 hex digits. */
  readonly id: string;
  private readonly key: KeyObject;

  constructor(
    readonly name: string,
    readonly type: KeyType,
    private readonly publicKey: Buffer,
  ) {
    if (!isName(name)) throw malformed('a key has a name, without spaces and +');
    this.id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), this.typedKey]), 'hex').slice(0, 8);
    this.key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' });
  }

  get vkey(): string {
    return `${this.name}+${this.id}+${this.typedKey.toString('base64')}`;
  }

  /** The signature that the bytes are, or nothing where they are none over this text. */
  verify(text: string, bytes: Buffer): Signature | undefined {
    if (this.type === LOG_KEY) return this.hasSigned(text, bytes) ? { by: this, bytes } : undefined;
    const time = timeOf(bytes);
    if (time === undefined || !this.hasSigned(`cosignature/v1\ntime ${time}\n${text}`, bytes.subarray(TIME_BYTES))) return undefined;
    return { by: this, bytes, time };
  }

  private hasSigned(message: string, signature: Buffer): boolean {
    return verify(null, Buffer.from(message), this.key, signature);
  }

  private get typedKey(): Buffer {
    return Buffer.concat([Buffer.of(this.type), this.publicKey]);
  }
}

/** Signs notes with an Ed25519 private key, under a name. */
export class Signer {
  readonly verifier: Verifier;

  constructor(
    name: string,
    private readonly key: KeyObject,
  ) {
    this.verifier = new Verifier(name, LOG_KEY, createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI.length));
  }

  sign(text: string): Signature {
    return { by: this.verifier, bytes: sign(null, Buffer.from(text), this.key) };
  }
}

/** Reads `<name>+<id>+<base64 of type and key>`. The base64 may have a `+` itself. */
export function parseVkey(vkey: string): Verifier {
  const [, name, encoded] = /^([^+]+)\+[0-9a-f]{8}\+(.+)$/s.exec(vkey) ?? [];
  const bytes = readBase64(encoded ?? '');
  const type = bytes?.[0];
  if (name === undefined || bytes?.length !== 1 + KEY_BYTES) throw malformed('a verifier key is <name>+<id>+<base64>, of 33 bytes');
  if (type !== LOG_KEY && type !== WITNESS_KEY) throw malformed(`keys of type ${type} are not known here`);
  const verifier = new Verifier(name, type, bytes.subarray(1));
  if (verifier.vkey !== vkey) throw malformed('the id of the verifier key is that of another');
  return verifier;
}

/** Whether a key may have this name. Unicode's white space, not `\s`, which is another set. */
export function isName(name: string): boolean {
  return /^[^+\p{White_Space}]+$/u.test(name);
}

/** The time of a cosignature. 0 is none, and one that no calendar here has is no time that a witness can have seen. */
function timeOf(bytes: Buffer): number | undefined {
  if (bytes.length < TIME_BYTES) return undefined;
  const time = Number(bytes.readBigUInt64BE());
  return time > 0 && time <= MAX_TIME ? time : undefined;
}

function malformed(message: string): ProofError {
  return new ProofError('malformed-key', message);
}
