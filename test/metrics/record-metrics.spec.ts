import { jest } from '@jest/globals';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';
import { samplesIn } from './samples.js';

let app: TestApp;
beforeEach(async () => {
  app = await startApp();
});
afterEach(() => stopApp(app));

const samples = async () => samplesIn((await app.get('/metrics')).text);
const party = (id: string) => app.post('/v1/parties', { id, name: { en: id }, kind: 'other', occurred: '2017' });

const lost = (reason: string) => `zonewatch_commit_failures_total{reason="${reason}"}`;
const failing = (reason: string) => `zonewatch_writer_failing{reason="${reason}"}`;

test('groups that were lost are counted by what kept them from being written, and the writer is failing until one is written', async () => {
  await party('first');
  const { db, disk, projector } = app.record.writer;
  expect(await samples()).toMatchObject({ [lost('read-only')]: 0, [failing('read-only')]: 0, zonewatch_events_appended_total: 1 });
  const store = projector.store.bind(projector);
  // As where the disk turns read-only while a group is open.
  jest.spyOn(projector, 'store').mockImplementationOnce(() => {
    db.pragma('query_only = ON');
    store();
  });
  for (const id of ['lost', 'not-begun']) expect(await party(id)).toMatchObject({ status: 503, json: { reason: 'read-only' } });
  const during = { [lost('read-only')]: 1, [lost('disk-full')]: 0, [failing('read-only')]: 1, [failing('disk-full')]: 0 };
  expect(await samples()).toMatchObject({ ...during, zonewatch_events_appended_total: 1, zonewatch_record_sequence: 1 });
  const isWritten = new Promise<void>((resolve) => disk.onChange((failure) => failure ?? resolve()));
  db.pragma('query_only = OFF');
  await isWritten;
  expect((await party('taken')).status).toBe(201);
  const after = { ...during, [failing('read-only')]: 0 };
  expect(await samples()).toMatchObject({ ...after, zonewatch_events_appended_total: 2, zonewatch_record_sequence: 2 });
});

test('the states that are behind the record are told by how many events', async () => {
  for (const id of ['a', 'b', 'c']) await party(id);
  const lag = async () => (await samples())['zonewatch_projection_lag_events'];
  expect(await lag()).toBe(0);
  const behindItsBack = new Database(join(app.folder, 'record.db'));
  try {
    // As where the states of the last two were never stored.
    behindItsBack.prepare("UPDATE states SET changed = 0 WHERE stream IN ('party-b', 'party-c')").run();
    expect(await lag()).toBe(2);
    behindItsBack.prepare('UPDATE states SET changed = 0').run();
    expect(await lag()).toBe(3);
  } finally {
    behindItsBack.close();
  }
  await party('d');
  expect(await lag()).toBe(0);
});
