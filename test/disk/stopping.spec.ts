import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { KEY, startProcess, type ServiceProcess } from '../support/start-process.js';
import { findingsIn, Newsroom } from './newsroom.js';

const ROUNDS = Number(process.env['DISK_ROUNDS'] ?? 1);
const WRITERS = 64;
const FOLLOWERS = 200;
/** When a stop ends all the same (docs/OPERATE.md), and how long it has where nobody is slow, in milliseconds. */
const DEADLINE = 10_000;
const PROMPT = 5_000;

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

/** Asks the service to end: how it did, and how many milliseconds that took. */
const stop = async (signal: 'SIGTERM' | 'SIGKILL') => {
  const began = performance.now();
  return { ...(await running.stop(signal)), took: performance.now() - began };
};

/** Lets all write while many follow, and ends the service in the middle of it. */
const endUnderLoad = async (signal: 'SIGTERM' | 'SIGKILL') => {
  newsroom.closed.length = 0;
  await newsroom.follow(address!, FOLLOWERS);
  let ended: ReturnType<typeof stop> | undefined;
  const end = ({ taken }: { taken: number }) => taken >= 400 && (ended = stop(signal)) !== undefined;
  await newsroom.write(address!, WRITERS, [end, ({ refused }) => refused >= WRITERS]);
  return (await ended)!;
};

test.each(Array.from({ length: ROUNDS }, (_, at) => at))(
  `a stop under ${WRITERS} writers and ${FOLLOWERS} subscribers answers what it has taken and tells all who follow (%#)`,
  async () => {
    const { took, ...ended } = await endUnderLoad('SIGTERM');
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(took).toBeLessThan(PROMPT);
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

describe('clients that never finish', () => {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/x-ndjson' };
  /** The head of a request, when something of the answer has come; nothing more is read. */
  const hold = async (head: string) => {
    const socket = connect(Number(new URL(address!).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`${head}\r\nhost: x\r\nauthorization: Bearer ${KEY}\r\n\r\n`);
    await once(socket, 'data');
    return socket.pause();
  };
  /** A body that is under way and goes no further, and a stream that nobody reads. */
  const holdBoth = async () => {
    const type = 'content-type: application/json\r\ncontent-length: 200';
    const slow = await hold(`POST /v1/parties HTTP/1.1\r\nexpect: 100-continue\r\n${type}`);
    slow.write('{"id":');
    const unread = await hold('GET /v1/feed?after=start HTTP/1.1');
    const metrics = await (await fetch(`${address}/metrics`, { headers })).text();
    expect(metrics).toContain('zonewatch_feed_subscriptions{transport="sse",state="paging"} 1');
    return () => [slow, unread].forEach((socket) => socket.destroy());
  };
  beforeAll(async () => {
    // More than what lies between two sockets takes.
    const party = (at: number) => ({ id: `large-${at}`, name: { en: 'x'.repeat(45_000) }, kind: 'other', occurred: '2017' });
    const lines = Array.from({ length: 200 }, (_, at) => JSON.stringify({ command: 'parties/register', body: party(at) }));
    await (await fetch(`${address}/v1/commands`, { method: 'POST', headers, body: lines.join('\n') })).text();
  });

  test('hold a stop up until its deadline at the most', async () => {
    const letGo = await holdBoth();
    const { took, ...ended } = await stop('SIGTERM');
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(took).toBeLessThan(DEADLINE + 2_000);
    letGo();
    await start();
  });

  test('are waited for no more at a second signal, unless it comes with the first', async () => {
    const letGo = await holdBoth();
    const first = stop('SIGTERM');
    await passed(200);
    running.child.kill('SIGTERM');
    await passed(1_300);
    expect([running.child.exitCode, running.child.signalCode]).toEqual([null, null]);
    const { took, ...ended } = await stop('SIGTERM');
    expect(ended).toMatchObject({ code: 0, signal: null });
    // At once, on a machine that has other things to do.
    expect(took).toBeLessThan(2_000);
    await first;
    letGo();
    await start();
  });
});

test('an auditor finds nothing amiss with what is left of all that', async () => {
  expect(await running.stop('SIGTERM')).toMatchObject({ code: 0 });
  expect(await findingsIn(folder)).toEqual([]);
});
