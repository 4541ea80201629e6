import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';

/** An Ed25519 private key out of its 32 bytes. */
export function privateKey(seed: Buffer): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  });
}

/** The key in `PRIVATE+KEY+<name>+<id>+<base64 of type and seed>`, as Go writes one. */
export function readSkey(skey: string): { name: string; key: KeyObject } {
  const [, , name, , ...encoded] = skey.split('+');
  return { name: name!, key: privateKey(Buffer.from(encoded.join('+'), 'base64').subarray(1)) };
}

/** A witness, written from `tlog-cosignature`: its verifier key, and the line with which it signs a text at a time. */
export function witness(name: string, seed: Buffer) {
  const key = privateKey(seed);
  const typed = Buffer.concat([Buffer.of(4), createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)]);
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4);
  return {
    vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}`,
    line(text: string, time: bigint | number): string {
      const stamp = Buffer.alloc(8);
      stamp.writeBigUInt64BE(BigInt(time));
      const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), key);
      return `— ${name} ${Buffer.concat([id, stamp, signature]).toString('base64')}\n`;
    },
  };
}
