// One end of bench/feed.mjs, as a process of its own: our feed, or one that it is compared with, with the same payload. It sends what it is
// told to, and tells when: ours when an event had become durable, the others when they began to send it.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer, now, sleep } from './feed-process.mjs';
import { report, setUp, ZONES } from './workload.mjs';

/** More zones than the workload has, for as many filters. */
const FILTERED_ZONES = 1_000;

let times = [];
let number = 0;

/** The feed: each event is recorded first, durably, and then sent. */
async function ours() {
  const { readConfig } = await import('../dist/config.js');
  const { startService } = await import('../dist/service.js');
  const { Commands } = await import('../dist/decider/commands.js');
  const folder = mkdtempSync(join(tmpdir(), 'zonewatch-feed-'));
  const config = { ...readConfig({ ZONEWATCH_PUBLIC_READ: 'true' }), port: 0, data: folder, adminKey: 'the-key-of-the-bench' };
  const service = await startService(config, { feedLimits: { connections: 100_000, connectionsPerAddress: 100_000 } });
  // Before all others who are told of a commit.
  service.record.writer.listeners.unshift((events) => {
    const at = now();
    for (let left = events.length; left > 0; left--) times.push(at);
  });
  const commands = service.app.get(Commands);
  const submit = (line) => commands.submit({ ...line, caller: 'bench' });
  await Promise.all(setUp().map(submit));
  const [zone] = setUp().filter(({ command }) => command === 'zones/report');
  const more = Array.from({ length: FILTERED_ZONES - ZONES }, (_, at) => ({ ...zone, body: { ...zone.body, id: `zone-${ZONES + at}` } }));
  await Promise.all(more.map(submit));
  return {
    port: Number(new URL(service.address).port),
    folder,
    send: (count, zones) => Promise.all(Array.from({ length: count }, () => submit(report(number, number++ % zones)))),
    close: async () => {
      await service.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The event as our feed would send it, in a frame of its own. */
function frame() {
  const { occurred, sources, confidence, ...data } = report(number, number % ZONES).body;
  const stream = `zone-zone-${number % ZONES}`;
  const event = {
    about: ['party-opposition', 'party-syria', stream],
    confidence,
    data,
    id: '01a20a45-a190-7740-9a1e-7c5e2cdab098',
    occurred,
    recordedAt: '2026-01-01T00:00:00.000Z',
    recordedBy: 'bench',
    revision: number,
    sequence: number + 1,
    sources,
    stream,
    type: 'ZoneIncidentReported',
    version: 1,
  };
  return { subscription: '0123456789abcdef'.repeat(2), from: number++, to: number, events: [event] };
}

/** The same as the message that Socket.IO makes of it. */
const message = () => `42/feed,["events",${JSON.stringify(frame())}]`;

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Plain socket.io: one packet for each event to everyone, as it comes. */
async function plain() {
  const { Server } = await import('socket.io');
  const http = createServer();
  // A burst holds its event loop up for longer than its pings are patient.
  const io = new Server(http, { serveClient: false, perMessageDeflate: false, pingInterval: 600_000, pingTimeout: 600_000 });
  io.of('/feed').on('connection', () => {});
  await listening(http);
  return {
    port: http.address().port,
    send: async (count) => {
      for (let left = count; left > 0; left--) {
        times.push(now());
        io.of('/feed').emit('events', frame());
      }
      await turn();
    },
  };
}

/** Nothing but WebSockets: the frames of what is sent at once, made once, in one write to each. */
async function ws() {
  const { WebSocketServer, Sender } = await import('ws');
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  const sockets = new Set();
  server.on('connection', (client, { socket }) => {
    sockets.add(socket);
    client.on('close', () => sockets.delete(socket)).on('error', () => {});
  });
  await listening(http);
  const framed = () => {
    times.push(now());
    return Sender.frame(Buffer.from(message()), { fin: true, opcode: 1, mask: false, readOnly: true, rsv1: false });
  };
  return {
    port: http.address().port,
    send: async (count) => {
      const frames = Buffer.concat(Array.from({ length: count }, framed).flat());
      for (const socket of sockets) socket.write(frames);
      await turn();
    },
  };
}

/** nchan in nginx with one worker, as all others here have one thread. It is published to over one connection, without waiting within a burst. */
async function nchan() {
  const folder = mkdtempSync(join(tmpdir(), 'zonewatch-nchan-'));
  const port = await freePort();
  const modules = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/share/nginx/modules'];
  writeFileSync(
    join(folder, 'nginx.conf'),
    `load_module ${modules.map((path) => join(path, 'ngx_nchan_module.so')).find(isThere)};
     ${process.getuid() === 0 ? 'user root;' : ''} daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid ${folder}/pid; error_log ${folder}/error.log warn;
     events { worker_connections 18000; multi_accept on; }
     http {
       access_log off; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 1h; nchan_shared_memory_size 512M;
       client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
       uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi; client_body_buffer_size 64k;
       server {
         listen 127.0.0.1:${port} backlog=4096;
         location = /publish { nchan_publisher http; nchan_channel_id feed; nchan_message_buffer_length 2000; nchan_message_timeout 1m; }
         location = /feed { nchan_subscriber websocket; nchan_channel_id feed; nchan_subscriber_first_message newest; }
       }
     }`,
  );
  const nginx = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => nginx.once('exit', resolve));
  const close = async () => {
    nginx.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  };
  const publisher = await reached(port, ended).catch(async (error) => {
    await close();
    throw error;
  });
  let answered = 0;
  let wake = () => {};
  publisher.setNoDelay().on('data', (text) => {
    answered += text.latin1Slice().split('HTTP/1.1 20').length - 1;
    wake();
  });
  let published = 0;
  const post = () => {
    const text = Buffer.from(message());
    times.push(now());
    return Buffer.concat([Buffer.from(`POST /publish HTTP/1.1\r\nHost: feed\r\nContent-Length: ${text.length}\r\n\r\n`), text]);
  };
  return {
    port,
    path: '/feed',
    pid: Number(readFileSync(`/proc/${nginx.pid}/task/${nginx.pid}/children`, 'utf8').trim()),
    send: async (count) => {
      publisher.write(Buffer.concat(Array.from({ length: count }, post)));
      published += count;
      while (answered < published) await new Promise((resolve) => (wake = resolve));
    },
    close,
  };
}

function isThere(path) {
  try {
    return readFileSync(path).length > 0;
  } catch {
    return false;
  }
}

async function reached(port, ended) {
  for (let tries = 0; tries < 100; tries++) {
    const socket = connect(port, '127.0.0.1');
    const isUp = await new Promise((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)));
    if (isUp) return socket;
    await Promise.race([sleep(50), ended]);
  }
  throw new Error('nginx does not listen');
}

async function freePort() {
  const server = await listening(createTcpServer());
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listening(server) {
  return new Promise((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => resolve(server)));
}

const server = await { ours, plain, ws, nchan }[process.argv[2]]();

answer(
  {
    place: () => ({ pid: process.pid, path: '/', ...server }),

    /** Sends so many events, `batch` of them at once and the next when these are sent, or not before `every` milliseconds have passed. */
    async send({ events, batch = 1, every = 0, zones = ZONES }) {
      times = [];
      const began = now();
      for (let sent = 0; sent < events; sent += batch) {
        const wait = every && began + (sent / batch) * every - now();
        if (wait > 1) await sleep(wait);
        await server.send(batch, zones);
      }
      return { began, times };
    },

    /** Lets go of all that is not needed. */
    async tidy() {
      for (let round = 0; round < 3; round++) {
        await sleep(100);
        globalThis.gc();
      }
    },
  },
  server.close,
);
