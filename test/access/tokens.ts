import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createHttpServer } from 'node:http';

export const SECRET = 'a-shared-secret-of-32-characters';

export const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token that is signed by hand, so that it can be wrong in every way. */
export function token(
  claims: object,
  { header = { alg: 'HS256', typ: 'JWT' }, key = SECRET }: { header?: object; key?: string | Buffer | KeyObject } = {},
) {
  const said = `${part(header)}.${part(claims)}`;
  const { alg } = header as { alg: string };
  const signature = () => {
    if (alg.toLowerCase() === 'none') return Buffer.alloc(0);
    if (alg.startsWith('HS'))
      return createHmac(`sha${alg.slice(2)}`, key as string)
        .update(said)
        .digest();
    if (alg === 'EdDSA') return sign(null, Buffer.from(said), key as KeyObject);
    return sign(`sha${alg.slice(2)}`, Buffer.from(said), { key: key as KeyObject, dsaEncoding: 'ieee-p1363' });
  };
  return `${said}.${signature().toString('base64url')}`;
}

/** A key pair as an issuer has it. */
export function issuerKey(kid: string, alg: 'EdDSA' | 'RS256' = 'EdDSA') {
  const { publicKey, privateKey } = alg === 'RS256' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
  return { jwk, publicKey, token: (claims: object) => token(claims, { header: { alg, kid }, key: privateKey }) };
}

/** Serves a set of keys, which may change, and counts how often it is asked for. */
export async function keySet(keys: object[]) {
  const served = { keys, asked: 0, fails: false };
  const server = createHttpServer((_request, response) => {
    served.asked += 1;
    if (served.fails) return void response.writeHead(500).end();
    return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: served.keys }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { served, url: `http://127.0.0.1:${port}/keys.json`, stop };
}

/** An address where nobody answers. */
export async function deadAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}/keys.json`;
}
