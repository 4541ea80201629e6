import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { exportTo } from '../../src/audit/export.js';
import { openExport } from '../../src/audit/export-folder.js';
import { WrongUse } from '../../src/audit/finding.js';
import { openService as open, type ServiceOptions } from '../../src/audit/service.js';
import { verify } from '../../src/audit/verify.js';
import { filesOf, ownFolder } from './folders.js';
import { SIGNER, entriesOf, eventAt, memorySource } from './made-log.js';
import { serveFolder, type Serving } from './static-server.js';

const SIZE = 1_500;
const KEYS = [SIGNER.verifier];
const folder = ownFolder();
const honest = join(folder, 'honest');
const changed = join(folder, 'changed');
const closing: (() => Promise<void>)[] = [];

beforeAll(() => exportTo(memorySource(entriesOf(SIZE)), honest, { keys: KEYS }));
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(changed, { recursive: true, force: true });
});

function openService(url: string, options?: ServiceOptions) {
  const source = open(url, options);
  closing.push(() => source.close());
  return source;
}

async function serving(path = honest, options: Serving = {}) {
  const server = await serveFolder(path, options);
  closing.push(server.close);
  return server;
}

async function changing(change: (path: string) => void) {
  cpSync(honest, changed, { recursive: true });
  change(changed);
  return (await serving(changed)).url;
}

test('a log that a static server gives out holds', async () => {
  const { url, asked } = await serving();
  expect(await verify(openService(url), { keys: KEYS })).toMatchObject({ size: SIZE, events: SIZE, findings: [] });
  expect(await verify(openService(`${url}/`))).toMatchObject({ keysTrusted: false, findings: [] });
  const known = new Set(filesOf(honest));
  expect(asked.filter(({ path }) => !known.has(path))).toEqual([]);
});

test('gives its token for the entries, and for nothing else', async () => {
  const { url, asked } = await serving(honest, { token: 'key' });
  expect((await verify(openService(url, { token: 'key' }))).findings).toEqual([]);
  const given = asked.filter(({ authorization }) => authorization === 'Bearer key').map(({ path }) => path);
  expect(given.length).toBe(6);
  expect(given.every((path) => path.startsWith('tile/entries/'))).toBe(true);
});

test('tells what to do where the token is missing, wrong or no auditor’s', async () => {
  const { url } = await serving(honest, { token: 'key' });
  await expect(verify(openService(url))).rejects.toThrow(/401.*ZONEWATCH_TOKEN/);
  await expect(verify(openService(url, { token: 'other' }))).rejects.toThrow(/403.*auditor/);
  await expect(verify(openService(url, { token: 'other' }))).rejects.toThrow(WrongUse);
});

test('names the event that was changed, and the tile', async () => {
  const event = await changing((path) => {
    const bundle = join(path, 'tile/entries/001');
    writeFileSync(bundle, readFileSync(bundle).toString('latin1').replace('Idlib 300', 'Idlib 3oo'), 'latin1');
  });
  expect((await verify(openService(event))).findings).toMatchObject([{ code: 'event-changed', sequence: 300, id: eventAt(300).id }]);
});

test('names an event and a hash of its tile that were changed both, where neither can be told from the other', async () => {
  const both = await changing((path) => {
    const bundle = join(path, 'tile/entries/001');
    writeFileSync(bundle, readFileSync(bundle).toString('latin1').replace('Idlib 300', 'Idlib 3oo'), 'latin1');
    const hashes = readFileSync(join(path, 'tile/0/001'));
    hashes[32 * 10]! ^= 1;
    writeFileSync(join(path, 'tile/0/001'), hashes);
  });
  expect((await verify(openService(both))).findings).toMatchObject([
    { code: 'event-changed', sequence: 267, message: expect.stringContaining('or its hash') },
    { code: 'event-changed', sequence: 300, message: expect.stringContaining('or its hash') },
  ]);
});

test('tells which tile is wrong, missing or too long, and accuses no event', async () => {
  const wrong = await changing((path) => {
    const hashes = readFileSync(join(path, 'tile/0/001'));
    hashes[32 * 10]! ^= 1;
    writeFileSync(join(path, 'tile/0/001'), hashes);
    rmSync(join(path, 'tile/0/003'));
    appendFileSync(join(path, 'tile/1/000.p/5'), 'more');
  });
  expect((await verify(openService(wrong))).findings.map(({ code, sequence }) => [code, sequence])).toEqual([
    ['tile-changed', 267],
    ['tile-changed', 769],
    ['tile-changed', 1025],
  ]);
});

test('misses events whose bundle is gone or cut', async () => {
  const gone = await changing((path) => rmSync(join(path, 'tile/entries/002')));
  expect((await verify(openService(gone))).findings).toMatchObject([{ code: 'event-missing', sequence: 513 }]);
});

test('takes a full bundle and a full tile where the log has let go of those that were not full', async () => {
  const older = join(folder, 'older');
  await exportTo(memorySource(entriesOf(1_400)), older);
  const url = await changing((path) => cpSync(join(older, 'checkpoint'), join(path, 'checkpoint')));
  // 1,400 events end within the bundle and the tile that 1,500 fill no further: here they are made full.
  const whole = join(folder, 'whole');
  await exportTo(memorySource(entriesOf(1_536)), whole);
  for (const file of ['tile/0/005', 'tile/entries/005']) cpSync(join(whole, file), join(changed, file));
  for (const file of ['tile/0/005.p', 'tile/entries/005.p']) rmSync(join(changed, file), { recursive: true });
  expect(await verify(openService(url), { keys: KEYS })).toMatchObject({ size: 1_400, findings: [] });
});

test('asks again when the service is busy, breaks off or comes back', async () => {
  const failed = new Set<string>();
  const instead: Serving['instead'] = (path, response, request) => {
    if (failed.has(path)) return false;
    failed.add(path);
    if (failed.size % 3 === 0) request.socket.destroy();
    else response.writeHead(failed.size % 3 === 1 ? 429 : 503).end();
    return true;
  };
  const { url } = await serving(honest, { instead });
  expect((await verify(openService(url))).findings).toEqual([]);
}, 90_000);

test('does not follow where it is sent', async () => {
  const other = await serving(honest);
  const { url } = await serving(honest, {
    instead: (path, response) =>
      path.startsWith('tile/entries') ? (response.writeHead(302, { location: `${other.url}/log/${path}` }).end(), true) : false,
  });
  await expect(verify(openService(url, { token: 'key' }))).rejects.toThrow(/302.*not followed/);
  expect(other.asked).toEqual([]);
});

test('does not take more than a body can have, packed or not', async () => {
  const endless = Buffer.alloc(64 * 2 ** 20);
  for (const [headers, body] of [
    [{}, endless],
    [{ 'content-encoding': 'gzip' }, gzipSync(endless)],
  ] as const) {
    const instead: Serving['instead'] = (path, response) =>
      path.startsWith('tile/0/') && (response.writeHead(200, headers).end(body), true);
    const { url } = await serving(honest, { instead });
    const { findings } = await verify(openService(url), { keys: KEYS });
    expect(findings[0]).toMatchObject({ code: 'tile-changed', message: 'tile/0/000 has 8193 bytes and not 8192' });
  }
});

test('takes what is packed', async () => {
  const instead: Serving['instead'] = (path, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(readFileSync(join(honest, path))));
    return true;
  };
  expect((await verify(openService((await serving(honest, { instead })).url))).findings).toEqual([]);
});

test('keeps a few requests in flight, not more', async () => {
  let [now, most] = [0, 0];
  const instead: Serving['instead'] = (path, response) => {
    if (!path.startsWith('tile/entries')) return false;
    most = Math.max(most, ++now);
    setTimeout(() => (now--, response.writeHead(200).end(readFileSync(join(honest, path)))), 20);
    return true;
  };
  await verify(openService((await serving(honest, { instead })).url));
  expect(most).toBe(4);
});

test('is wrong use where there is no log, no service or no address', async () => {
  mkdirSync(changed);
  const { url } = await serving(changed);
  await expect(verify(openService(url))).rejects.toThrow(WrongUse);
  await expect(verify(openService(url))).rejects.toThrow(/no log/);
  for (const address of ['nowhere', 'ftp://127.0.0.1', 'http://user:secret@127.0.0.1'])
    expect(() => openService(address)).toThrow(WrongUse);
  expect(() => openService('http://user:secret@127.0.0.1')).not.toThrow(/secret/);
});

test('gives up on a service that is not there, after a while', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await expect(verify(openService(`http://127.0.0.1:${port}`, { patience: 300 }))).rejects.toThrow(/can't be had.*ECONNREFUSED/);
});

test('ends with the reason of its signal, in the middle of an answer', async () => {
  const stopping = new AbortController();
  const instead: Serving['instead'] = (path, response) => {
    if (!path.startsWith('tile/entries')) return false;
    response.writeHead(200).write('some');
    stopping.abort(new Error('CTRL-C'));
    return true;
  };
  const { url } = await serving(honest, { instead });
  const { signal } = stopping;
  await expect(verify(openService(url, { signal }), { signal })).rejects.toThrow('CTRL-C');
});

test('an export of a service is that of its log', async () => {
  const { url } = await serving(honest, { token: 'key' });
  const target = join(folder, 'from-service');
  await exportTo(openService(url, { token: 'key' }), target, { keys: KEYS });
  expect(filesOf(target)).toEqual(filesOf(honest));
  for (const file of filesOf(honest)) expect(readFileSync(join(target, file)).equals(readFileSync(join(honest, file)))).toBe(true);
  expect((await verify(await openExport(target))).findings).toEqual([]);
});
