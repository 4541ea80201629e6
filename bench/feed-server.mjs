// One end of bench/feed.mjs, as a process of its own: our feed, or plain socket.io with the same payloads. It is told what to send over IPC.
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { report, setUp, ZONES } from './workload.mjs';

const kind = process.argv[2];
const server = kind === 'ours' ? await ours() : await plain();
process.send({ address: server.address });
process.on('message', async ({ singles = 0, burst = 0 }) => {
  if (singles) for (let at = 0; at < singles; at++) await server.one();
  if (burst) await server.many(burst);
  process.send({ sent: true, memory: process.memoryUsage().rss });
});
process.on('disconnect', () => server.close());

/** The feed: each event is recorded first, durably, and then sent. */
async function ours() {
  const { startService } = await import('../dist/service.js');
  const { Commands } = await import('../dist/decider/commands.js');
  const folder = mkdtempSync(join(tmpdir(), 'zonewatch-feed-'));
  const config = { port: 0, host: '127.0.0.1', data: folder, adminKey: 'the-key-of-the-bench' };
  const service = await startService(config, { feedLimits: { connections: 100_000 } });
  const commands = service.app.get(Commands);
  for (const line of setUp()) await commands.submit({ ...line, caller: 'bench' });
  let number = 0;
  const one = () => commands.submit({ ...report(number, number++ % ZONES), caller: 'bench' });
  return {
    address: service.address,
    one,
    many: (count) => Promise.all(Array.from({ length: count }, one)),
    close: async () => {
      await service.close();
      rmSync(folder, { recursive: true, force: true });
      process.exit();
    },
  };
}

/** Plain socket.io: one packet for each event to everyone, as it comes. */
async function plain() {
  const { Server } = await import('socket.io');
  const http = createServer();
  const io = new Server(http, { serveClient: false, perMessageDeflate: false });
  io.of('/feed').on('connection', () => {});
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  let number = 0;
  const event = () => ({
    about: ['party-opposition', 'party-syria', 'zone-zone-1'],
    id: '01a20a45-a190-7740-9a1e-7c5e2cdab098',
    recordedAt: '2026-01-01T00:00:00.000Z',
    recordedBy: 'bench',
    revision: number,
    sequence: number,
    stream: 'zone-zone-1',
    type: 'ZoneIncidentReported',
    version: 1,
    ...report(number, number++ % ZONES).body,
  });
  const frame = () => ({ subscription: 'x'.repeat(32), from: number, to: number + 1, events: [event()] });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const one = async () => {
    io.of('/feed').emit('events', frame());
    await turn();
  };
  return {
    address: `http://127.0.0.1:${http.address().port}`,
    one,
    many: async (count) => {
      for (let at = 0; at < count; at++) io.of('/feed').emit('events', frame());
    },
    close: () => process.exit(),
  };
}
