import { mkdirSync, readFileSync, rmSync, rmdirSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { openCheckpoint } from '../../src/proof/checkpoint.js';
import { parseBundle } from '../../src/proof/entry-bundle.js';
import { parseVkey } from '../../src/proof/note-keys.js';
import { tilePath } from '../../src/proof/tile-path.js';
import { verifyTlogProof } from '../../src/proof/tlog-proof.js';
import { KEY, startApp, stopApp, type TestApp } from '../support/start-app.js';
import { extend, leafOf, mth, proof } from './definition.js';
import { growTo } from './grown.js';

const TEXT = 'text/plain; charset=utf-8';
const PROBLEM = 'application/problem+json; charset=utf-8';

interface Got {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

let app: TestApp;
const up = async () => {
  app = await startApp();
};
const down = () => stopApp(app);

/** Asks for a path as it is written: `fetch` would tidy it first, and unpack what comes. */
const ask = (path: string, headers: Record<string, string> = {}): Promise<Got> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(app.address);
    const sent = request({ hostname, port, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    sent.on('error', reject);
    sent.end();
  });
const asAuditor = { authorization: `Bearer ${KEY}` };

const checkpoint = async () => {
  const { body } = await ask('/log/vkey');
  const keys = body.toString().trimEnd().split('\n').map(parseVkey);
  const origin = keys[0]!.name;
  const known = { origin, keys, witnesses: [] };
  const { body: note } = await ask('/log/checkpoint');
  return { known, note, ...openCheckpoint(note, known) };
};
/** Grows the record, and waits for the checkpoint over it. */
const grow = async (size: number) => {
  growTo(app.record, size);
  const limit = performance.now() + 10_000;
  while ((await checkpoint()).size < size) {
    if (performance.now() > limit) throw new Error(`no checkpoint has covered ${size} events`);
    await passed(20);
  }
};
const entries = () => app.record.reader.entries(0, app.record.reader.head);

describe('the tiles', () => {
  beforeAll(up);
  afterAll(down);

  const expectTile = async (path: string, hashes: readonly Buffer[]) => {
    const { status, headers, body } = await ask(`/log/${path}`);
    expect([path, status]).toEqual([path, 200]);
    expect(body.equals(Buffer.concat(hashes))).toBe(true);
    const lasts = path.includes('.p/') ? 'public, max-age=60' : 'public, max-age=604800, immutable';
    expect([headers['content-type'], headers['cache-control']]).toEqual(['application/octet-stream', lasts]);
  };
  const expectNone = async (path: string) => {
    const { status, headers, body } = await ask(`/log/${path}`, asAuditor);
    expect([path, status, headers['cache-control'], headers['content-type']]).toEqual([path, 404, 'no-store', PROBLEM]);
    expect(JSON.parse(body.toString())).toMatchObject({ code: 'not-found' });
  };
  /** The hashes of a level, by the definition. */
  const above = (hashes: readonly Buffer[]) =>
    Array.from({ length: Math.floor(hashes.length / 256) }, (_, at) => mth(hashes.slice(at * 256, at * 256 + 256)));

  test.each([1, 255, 256, 257, 65_536, 65_537])('are those of RFC 6962 at every level with %i events', async (size) => {
    await grow(size);
    const bundles = entries();
    let hashes = bundles.map(leafOf);
    for (let level = 0; level < 4; level++, hashes = above(hashes)) {
      const full = Math.floor(hashes.length / 256);
      const rest = hashes.length % 256;
      for (const index of new Set([0, 1, full >> 1, full - 1]))
        if (index >= 0 && index < full)
          await expectTile(tilePath({ level, index, width: 256 }), hashes.slice(index * 256, index * 256 + 256));
      // A tile that is full by now is still there by an earlier width, and so is each width of the last one.
      for (const index of new Set([full - 1, full])) {
        const widths = index === full ? rest : 255;
        for (const width of new Set([1, widths >> 1, widths]))
          if (index >= 0 && width > 0 && width <= widths)
            await expectTile(tilePath({ level, index, width }), hashes.slice(index * 256, index * 256 + width));
      }
      await expectNone(tilePath({ level, index: full, width: 256 }));
      if (rest < 255) await expectNone(tilePath({ level, index: full, width: rest + 1 }));
    }
    const last = Math.floor((size - 1) / 256);
    const width = size - last * 256;
    const { status, body } = await ask(`/log/${tilePath({ level: 'entries', index: last, width })}`, asAuditor);
    expect(status).toBe(200);
    expect(parseBundle(body).map(String)).toEqual(bundles.slice(last * 256).map(String));
  });
});

describe('the log over HTTP', () => {
  beforeAll(async () => {
    await up();
    await grow(300);
  });
  afterAll(down);

  test('has a checkpoint and its keys for everybody, asked for anew each time', async () => {
    for (const path of ['/log/checkpoint', '/log/vkey', '/log/consistency?old=1&new=2']) {
      for (const headers of [{}, { authorization: 'Bearer a-key-of-somebody-else' }]) {
        const got = await ask(path, headers);
        expect([got.status, got.headers['content-type'], got.headers['cache-control']]).toEqual([200, TEXT, 'no-cache']);
      }
    }
    const { origin, size, root, note } = await checkpoint();
    expect([origin, size]).toEqual([`zonewatch/${app.record.reader.epoch}`, 300]);
    expect(root).toEqual(mth(entries().map(leafOf)));
    expect(note).toEqual(readFileSync(join(app.folder, 'checkpoint')));
    expect((await ask('/log/vkey')).body.toString()).toMatch(/^zonewatch\/[0-9a-f-]{36}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n$/);
  });

  test('gives entries to a key that may, and no other', async () => {
    const path = '/log/tile/entries/000';
    const mine = await ask(path, asAuditor);
    expect(mine.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'cache-control': 'private, max-age=604800, immutable',
      vary: 'accept-encoding',
    });
    expect(parseBundle(mine.body).map(String)).toEqual(entries().slice(0, 256).map(String));
    expect((await ask('/log/tile/entries/001.p/44', asAuditor)).headers['cache-control']).toBe('private, max-age=60');
    for (const headers of [{}, { authorization: 'Bearer a-key-of-somebody-else' }, { authorization: 'Basic YTpi' }]) {
      for (const shut of [path, '/log/tile/%65ntries/000', '/log/tile/entries/nonsense']) {
        const { status, headers: said, body } = await ask(shut, headers);
        expect([shut, status, said['www-authenticate'], said['cache-control']]).toEqual([shut, 401, 'Bearer', 'no-store']);
        expect(JSON.parse(body.toString())).toMatchObject({ code: 'unauthorized' });
      }
    }
  });

  test.each([
    ['gzip', true],
    ['gzip, deflate, br', true],
    ['br;q=1.0, GZIP;q=0.5', true],
    ['deflate,gzip ; q=0.001', true],
    ['gzip;q=0', false],
    ['br, gzip; q=0.000, identity', false],
    ['identity', false],
    ['notgzip', false],
    ['', false],
  ])('packs entries for whoever accepts "%s": %s', async (accepted, isPacked) => {
    const plain = await ask('/log/tile/entries/000', asAuditor);
    expect(plain.headers['content-encoding']).toBeUndefined();
    const { headers, body } = await ask('/log/tile/entries/000', { ...asAuditor, 'accept-encoding': accepted });
    expect(headers['content-encoding']).toBe(isPacked ? 'gzip' : undefined);
    expect((isPacked ? gunzipSync(body) : body).equals(plain.body)).toBe(true);
    expect(headers['content-length']).toBe(String(body.length));
  });

  test.each([
    '0/x000/000',
    '0/x001/000',
    '0/000.p/0',
    '0/000.p/00',
    '0/000.p/256',
    '0/000.p/257',
    '0/000.p/064',
    '0/000.p/-1',
    '0/000.p/1e1',
    '0/000.p/+1',
    '0/000.p/',
    '0/000.p',
    '0/000.p/1/',
    '0/000.p/9007199254740993',
    '0/000/',
    '0/0',
    '0/00',
    '0/0000',
    '0/-01',
    '0/00a',
    '00/000',
    '-1/000',
    '64/000',
    '1.5/000',
    '1e0/000',
    '0',
    '0/',
    '',
    '/',
    '//0/000',
    '0//000',
    '0/%2e%2e/0/000',
    '0/../0/000',
    '../checkpoint',
    '%2e%2e/checkpoint',
    '0/000%00',
    '0/000%0a',
    '0/000%20',
    '0/%D9%A0%D9%A0%D9%A0',
    '0/%EF%BC%90%EF%BC%90%EF%BC%90',
    '0/x999/x999/x999/x999/x999/x999/999',
    `0/${'x001/'.repeat(15)}001`,
    `0/${'x000/'.repeat(2_000)}000`,
    `${'9'.repeat(5_000)}/000`,
    `0/000.p/${'1'.repeat(5_000)}`,
    'entries%2F000',
    'entries%2f000.p%2f1',
    'entries%252F000',
    'entries/',
    'entries',
    'entries/x000/000',
    'entries/000.p/256',
    'entries/000.p/0',
    'entries/../0/000',
    'entries/%2e%2e/0/000',
    'entries/entries/000',
    'data/000',
    'constructor/000',
    '__proto__/000',
  ])('has no tile at %s', async (path) => {
    const { status, headers, body } = await ask(`/log/tile/${path}`, asAuditor);
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([404, PROBLEM, 'no-store']);
    expect(JSON.parse(body.toString())).toMatchObject({ status: 404, code: 'not-found' });
  });

  test.each(['0/000%', '0/%zz', '0/%C0%AE', '%E0%A4%A'])('refuses a path that can not be read: %s', async (path) => {
    const { status, headers } = await ask(`/log/tile/${path}`);
    expect([400, 404]).toContain(status);
    expect(headers['content-type']).toBe(PROBLEM);
  });

  test('proves that each tree begins with those before it, hash for hash as RFC 6962 has it', async () => {
    const leaves = entries().map(leafOf);
    for (const [old, size] of [
      [1, 1],
      [1, 2],
      [3, 7],
      [4, 7],
      [255, 256],
      [256, 257],
      [256, 300],
      [129, 300],
      [299, 300],
      [300, 300],
    ] as const) {
      const { status, body } = await ask(`/log/consistency?old=${old}&new=${size}`);
      expect(status).toBe(200);
      const held = leaves.slice(0, size);
      expect(body.toString()).toBe(
        proof(old, held)
          .map((hash) => `${hash.toString('base64')}\n`)
          .join(''),
      );
      const hashes = body
        .toString()
        .split('\n')
        .filter(Boolean)
        .map((line) => Buffer.from(line, 'base64'));
      expect(extend(old, size, mth(leaves.slice(0, old)), mth(held), hashes)).toBe(true);
    }
  });

  test.each(['old=0&new=300', 'old=0&new=0', 'old=300&new=300', 'old=0&new=1', 'new=7&old=7'])('needs no proof for %s', async (query) => {
    const { status, body } = await ask(`/log/consistency?${query}`);
    expect([status, body.length]).toEqual([200, 0]);
  });

  test.each([
    ['', 'old whole', 'new whole'],
    ['old=1', 'new whole'],
    ['new=1', 'old whole'],
    ['old=&new=1', 'old whole'],
    ['old=1e2&new=300', 'old whole'],
    ['old=0x10&new=300', 'old whole'],
    ['old=%2B5&new=300', 'old whole'],
    ['old=+5&new=300', 'old whole'],
    ['old=007&new=300', 'old whole'],
    ['old=5.0&new=300', 'old whole'],
    ['old=-1&new=300', 'old whole'],
    ['old=1_0&new=300', 'old whole'],
    ['old=%205&new=300', 'old whole'],
    ['old=5%0a&new=300', 'old whole'],
    ['old=%D9%A5&new=300', 'old whole'],
    ['old=1&new=9007199254740993', 'new whole'],
    ['old=1&new=99999999999999999999', 'new whole'],
    [`old=1&new=${'9'.repeat(5_000)}`, 'new whole'],
    ['old=Infinity&new=NaN', 'old whole', 'new whole'],
    ['old=7&new=3', 'old at-most'],
    ['old=1&new=2&size=3', 'size unknown-parameter'],
    ['old[]=1&new=2', 'old whole', 'old[] unknown-parameter'],
    ['old=1&new=2&__proto__=3', '__proto__ unknown-parameter'],
  ])('refuses the query %s', async (query, ...faults) => {
    const { status, headers, body } = await ask(`/log/consistency?${query}`);
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([400, PROBLEM, 'no-store']);
    const { code, errors } = JSON.parse(body.toString()) as { code: string; errors: { field: string; rule: string }[] };
    expect([code, ...errors.map(({ field, rule }) => `${field} ${rule}`)]).toEqual(['bad-query', ...faults]);
  });

  test.each(['old=1&old=1&new=2', 'old=1&new=2&new=2'])('refuses a size that is given twice: %s', async (query) => {
    const { status, body } = await ask(`/log/consistency?${query}`);
    expect(status).toBe(400);
    expect(body.toString()).toContain('may be given once');
  });

  test.each(['old=1&new=301', 'old=0&new=301', 'old=301&new=301', `old=1&new=${Number.MAX_SAFE_INTEGER}`])(
    'tells nothing beyond the checkpoint: %s',
    async (query) => {
      const { status, body } = await ask(`/log/consistency?${query}`);
      expect([status, JSON.parse(body.toString())]).toMatchObject([400, { code: 'future-position' }]);
    },
  );

  test('proves an event by its id and by its place, for whoever may read', async () => {
    const { known } = await checkpoint();
    for (const index of [0, 255, 256, 299]) {
      const entry = entries()[index]!;
      const { id, stream, revision } = JSON.parse(entry.toString()) as { id: string; stream: string; revision: number };
      for (const name of [id, `${stream}@${revision}`, `${stream}%40${revision}`]) {
        const { status, headers, body } = await ask(`/v1/events/${name}/proof`);
        expect([status, headers['content-type'], headers['cache-control']]).toEqual([200, TEXT, 'no-cache']);
        expect(verifyTlogProof(body, entry, known)).toMatchObject({ index, size: 300 });
      }
    }
    const id = (JSON.parse(entries()[0]!.toString()) as { id: string }).id;
    expect((await ask(`/v1/events/${id}/proof`, { authorization: 'Bearer a-key-of-somebody-else' })).status).toBe(401);
    expect((await ask(`/v1/events/${id}/proof?at=1`)).status).toBe(400);
  });

  test.each([
    '018f0000-0000-7000-8000-000000000000',
    'zone-z0@999',
    'zone-nowhere@0',
    'zone-z0',
    'zone-z0@00',
    'zone-z0@-1',
    'zone-z0@1e0',
    'zone-z0@',
    '@0',
    '1',
    '%00',
    '..%2f..%2fcheckpoint',
    '%F0%9F%95%8A',
    'x'.repeat(90),
  ])('has no proof of %s', async (name) => {
    const { status, headers, body } = await ask(`/v1/events/${name}/proof`);
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([404, PROBLEM, 'no-store']);
    expect((JSON.parse(body.toString()) as { code: string }).code).toMatch(/^(no-such-event|not-found)$/);
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('takes no %s', async (method) => {
    for (const path of ['/log/checkpoint', '/log/tile/0/000', '/log/vkey']) {
      expect((await app.call(method, path)).status).toBe(404);
    }
  });
});

describe('what is not signed yet', () => {
  beforeEach(up);
  afterEach(down);

  const report = async (id: string) => {
    const sources = [{ publisher: 'TASS' }];
    const { status, json } = await app.post('/v1/zones', { id, name: { en: id }, occurred: '2017-05-04', sources });
    expect(status).toBe(201);
    return json as { eventId: string; sequence: number };
  };

  test('is not told, and comes when it is signed', async () => {
    await grow(10);
    const inTheWay = join(app.folder, 'checkpoint.unfinished');
    mkdirSync(inTheWay);
    growTo(app.record, 300);
    for (const path of ['tile/0/000', 'tile/0/000.p/11', 'tile/0/001.p/1', 'tile/1/000.p/1', 'tile/entries/000', 'tile/entries/000.p/11']) {
      const { status, headers } = await ask(`/log/${path}`, asAuditor);
      expect([path, status, headers['cache-control']]).toEqual([path, 404, 'no-store']);
    }
    expect((await ask('/log/consistency?old=10&new=11')).status).toBe(400);
    expect((await ask('/log/tile/0/000.p/10')).body.length).toBe(320);
    expect((await checkpoint()).size).toBe(10);
    const { id } = JSON.parse(entries()[299]!.toString()) as { id: string };
    const proven = ask(`/v1/events/${id}/proof`);
    await passed(300);
    rmdirSync(inTheWay);
    const { status, body } = await proven;
    expect(status).toBe(200);
    expect(verifyTlogProof(body, entries()[299]!, (await checkpoint()).known)).toMatchObject({ index: 299, size: 300 });
    expect((await ask('/log/tile/1/000.p/1')).status).toBe(200);
  });

  test('is signed for the proof that is asked for right after each reply, within a second', async () => {
    const { known } = await checkpoint();
    for (let at = 0; at < 3; at++) {
      const { eventId, sequence } = await report(`z${at}`);
      const replied = performance.now();
      const { status, body } = await ask(`/v1/events/${eventId}/proof`);
      expect(performance.now() - replied).toBeLessThan(1_000);
      expect(status).toBe(200);
      expect(verifyTlogProof(body, entries()[sequence - 1]!, known).index).toBe(sequence - 1);
    }
  });

  test('of a new record is nothing at all', async () => {
    expect(await checkpoint()).toMatchObject({ size: 0, root: mth([]) });
    for (const path of ['tile/0/000', 'tile/0/000.p/1', 'tile/entries/000.p/1', 'tile/63/000.p/1'])
      expect((await ask(`/log/${path}`, asAuditor)).status).toBe(404);
    expect(await ask('/log/consistency?old=0&new=0')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    expect((await ask('/log/consistency?old=0&new=1')).status).toBe(400);
  });
});

test('a proof that waits for its checkpoint has it before the service ends', async () => {
  await up();
  const parties = Array.from({ length: 20 }, (_, at) => ({
    command: 'parties/register',
    body: { id: `p${at}`, name: { en: 'P' }, kind: 'other', occurred: '2017' },
  }));
  await ask('/v1/events/party-none@0/proof');
  await app.feed(parties);
  const proofs = parties.map(({ body }) => ask(`/v1/events/party-${body.id}@0/proof`));
  await passed(50);
  const ended = app.close();
  expect((await Promise.all(proofs)).map(({ status }) => status)).toEqual(parties.map(() => 200));
  await ended;
  rmSync(app.folder, { recursive: true });
});
