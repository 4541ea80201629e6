import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEY, startProcess, type ServiceProcess } from '../support/start-process.js';
import { findingsIn, Newsroom } from './newsroom.js';

const ROUNDS = Number(process.env['DISK_ROUNDS'] ?? 1);
const WRITERS = 64;
const FOLLOWERS = process.env['DISK_ROUNDS'] ? 200 : 24;

let folder: string;
let address: string | undefined;
let running: ServiceProcess;
let newsroom: Newsroom;
const start = async () => {
  running = startProcess(folder, address ? { PORT: new URL(address).port } : {});
  return (address = await running.listening);
};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zonewatch-stopping-'));
  newsroom = new Newsroom();
  await newsroom.open(await start());
});
afterAll(async () => {
  await running.stop('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Lets all write while many follow, and ends the service in the middle of it. */
const endUnderLoad = async (signal: 'SIGTERM' | 'SIGKILL') => {
  newsroom.closed.length = 0;
  await newsroom.follow(address!, FOLLOWERS);
  let ended: ReturnType<ServiceProcess['stop']> | undefined;
  const end = ({ taken }: { taken: number }) => taken >= 400 && (ended = running.stop(signal)) !== undefined;
  await newsroom.write(address!, WRITERS, [end, ({ refused }) => refused >= WRITERS]);
  return (await ended)!;
};

test.each(Array.from({ length: ROUNDS }, (_, at) => at))(
  `a stop under ${WRITERS} writers and ${FOLLOWERS} subscribers answers what it has taken and tells all who follow (%#)`,
  async () => {
    expect(await endUnderLoad('SIGTERM')).toMatchObject({ code: 0, signal: null });
    expect(newsroom.closed.filter(({ code }) => code === 'shutting-down').length).toBe(FOLLOWERS);
    // All was written back and signed: what is left is one file, and a checkpoint over all of it.
    expect(readdirSync(folder).filter((name) => name.startsWith('record.db'))).toEqual(['record.db']);
    const recorded = await newsroom.checkRecord(await start());
    const keys = new Set(recorded.map(({ commandKey }) => commandKey));
    expect(newsroom.unanswered.filter(({ text }) => keys.has(text))).toEqual([]);
    await newsroom.repeat(address!);
    await newsroom.checkFollowers(address!);
  },
  60_000,
);

test.each(Array.from({ length: ROUNDS }, (_, at) => at))(
  `a kill under ${WRITERS} writers and ${FOLLOWERS} subscribers takes nothing that was answered for, and all who follow go on where they were (%#)`,
  async () => {
    expect(await endUnderLoad('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
    await newsroom.checkRecord(await start());
    await newsroom.repeat(address!);
    await newsroom.checkRecord(address!);
    await newsroom.checkFollowers(address!);
  },
  60_000,
);

test('a batch that is under way at a stop ends cleanly: each command that was taken has its reply, and no other is recorded', async () => {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/x-ndjson' };
  const sending = request(`${address}/v1/commands`, { method: 'POST', headers });
  const line = (at: number) => {
    const body = { id: `batch-${at}`, name: { en: `${at}` }, kind: 'other', occurred: '2017' };
    return `${JSON.stringify({ command: 'parties/register', body, idempotencyKey: `batch-${at}` })}\n`;
  };
  let sent = 0;
  const timer = setInterval(() => sending.write(line(sent++)), 1);
  // The batch has no end of its own.
  sending.on('error', () => {});
  const [response] = (await once(sending, 'response')) as [import('node:http').IncomingMessage];
  let text = '';
  let ended: ReturnType<ServiceProcess['stop']> | undefined;
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.length > 20_000) ended ??= running.stop('SIGTERM');
  });
  await once(response, 'end');
  clearInterval(timer);
  sending.destroy();
  expect(await ended).toMatchObject({ code: 0 });
  const replies = text
    .split('\n')
    .filter(Boolean)
    .map((reply) => JSON.parse(reply) as { id: string; line: number });
  expect(replies.map(({ id, line: number }) => `${id} ${number}`)).toEqual(replies.map((_, at) => `batch-${at} ${at + 1}`));
  const recorded = await newsroom.checkRecord(await start());
  expect(recorded.filter(({ type }) => type === 'PartyRegistered').length).toBe(replies.length);
});

test('an auditor finds nothing amiss with what is left of all that', async () => {
  expect(await running.stop('SIGTERM')).toMatchObject({ code: 0 });
  expect(await findingsIn(folder)).toEqual([]);
});
