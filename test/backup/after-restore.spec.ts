import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { diff } from '../../src/audit/diff.js';
import { openSource } from '../../src/audit/open-source.js';
import { backupTo } from '../../src/backup/backup.js';
import { restoreInto } from '../../src/backup/restore.js';
import { follow, memoryStore } from '../../src/client/index.js';
import { zonewatch } from '../cli/in-process.js';
import { sample } from '../support/sample.js';
import { KEY, startApp, type TestApp } from '../support/start-app.js';
import { ownFolder } from './made.js';

// Before their folder is taken away.
afterAll(async () => {
  await restored.close();
  await old.close();
});

/** The record went on behind the backup, and so does the restored one: two histories that begin alike. */
const place = ownFolder();
const [file, folder] = [join(place, 'backup'), join(place, 'restored')];
const BACKED_UP = 100;
let old: TestApp;
let restored: TestApp;
let oldEpoch: string;
let oldHead: number;
let oldCheckpoint: string;

beforeAll(async () => {
  const lines = sample();
  const [first, more] = [lines.slice(0, BACKED_UP), lines.slice(BACKED_UP, BACKED_UP + 20)];
  old = await startApp({ folder: join(place, 'old') });
  await old.feed(first);
  await covered(old);
  oldCheckpoint = (await old.get('/log/checkpoint')).text;
  const { report } = await backupTo(old.folder, file);
  await old.feed(more);
  oldEpoch = old.record.reader.epoch;
  oldHead = old.record.writer.head;
  await restoreInto(folder, file);
  restored = await startApp({ folder });
  expect(restored.record.writer.head).toBe(report.size);
});
/** Waits until a checkpoint covers all that there is. */
const covered = async (app: TestApp) => {
  const { data } = (await app.get(`/v1/events?after=${app.record.writer.head - 1}`)).json;
  expect((await app.get(`/v1/events/${data[0].id}/proof`)).status).toBe(200);
};
const compared = async (a: string, b: string) => {
  const sources = [await openSource(a, { token: KEY }), await openSource(b, { token: KEY })] as const;
  try {
    return await diff(...sources);
  } finally {
    for (const source of sources) await source.close();
  }
};

test('a socket that was at a place of the old record is told that this is another one', async () => {
  const socket = io(`${restored.address}/feed`, { auth: { token: KEY }, transports: ['websocket'] });
  try {
    const reply: unknown = await socket.timeout(5_000).emitWithAck('subscribe', { after: 50, epoch: oldEpoch });
    expect(reply).toMatchObject({ ok: false, error: { code: 'other-record', retry: false } });
  } finally {
    socket.close();
  }
});

test('a stream that resumes there is gone', async () => {
  const answer = await restored.call('GET', '/v1/feed', { headers: { 'last-event-id': `${oldEpoch}:50` } });
  expect([answer.status, answer.json.code]).toEqual([410, 'other-record']);
});

test('a client with a position there ends with that word, and one that begins anew has every event', async () => {
  const ended = async () => {
    const store = memoryStore({ epoch: oldEpoch, position: 50 });
    for await (const event of follow({ url: restored.address, token: KEY, store })) return event;
    return undefined;
  };
  await expect(ended()).rejects.toMatchObject({ code: 'other-record' });
  const head = restored.record.writer.head;
  let seen = 0;
  for await (const { sequence } of follow({ url: restored.address, token: KEY, after: 'start' })) {
    expect(sequence).toBe(++seen);
    if (sequence === head) break;
  }
  expect(seen).toBe(head);
});

test('reads and checkpoints name the new epoch, and the key is a new one', async () => {
  const { json } = await restored.get('/v1/zones');
  expect(json.epoch).not.toBe(oldEpoch);
  const origin = async (app: TestApp) => (await app.get('/log/checkpoint')).text.split('\n')[0];
  expect(await origin(restored)).toBe(`zonewatch/${json.epoch}`);
  expect(await origin(old)).toBe(`zonewatch/${oldEpoch}`);
  const key = async (app: TestApp) => (await app.get('/log/vkey')).text.trim().split('+').at(-1);
  expect(await key(restored)).not.toBe(await key(old));
});

test('an auditor with a checkpoint of the old record is told so, and that what it covers is there', async () => {
  const kept = join(place, 'kept');
  writeFileSync(kept, oldCheckpoint);
  const told = await zonewatch('verify', restored.address, '--token', KEY, '--checkpoint', kept);
  expect([told.status, told.stdout + told.stderr]).toEqual([
    1,
    expect.stringMatching(/the earlier checkpoint is one of zonewatch\/\S+, and this record is .+\[other-record\]/),
  ]);
  const compared = await zonewatch('diff', kept, restored.address, '--token', KEY);
  expect([compared.status, compared.stdout]).toEqual([0, expect.stringContaining('They are of two logs [other-record].')]);
});

test('a comparison tells first that the old record goes on from it, then where the two part', async () => {
  await covered(old);
  const behind = await compared(old.folder, folder);
  expect(behind).toMatchObject({
    result: 'continues',
    isOneLog: false,
    findings: [],
    longer: { side: 'a', by: oldHead - restored.record.writer.head },
  });
  const size = restored.record.writer.head;
  await restored.post('/v1/parties', { id: 'another', name: { en: 'Another' }, kind: 'other', occurred: '2017-05-04' });
  await covered(restored);
  const parted = await compared(old.address, restored.address);
  expect(parted).toMatchObject({ result: 'contradicts', first: { sequence: size + 1 } });
  expect(await compared(file, folder)).toMatchObject({ result: 'continues', longer: { side: 'b', by: 1 } });
});
