import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { readConfig, type Config } from '../config.js';
import type { RecordedEvent } from '../event/event.js';
import { startService, type Service } from '../service.js';
import { frame as show, tables } from './show.js';

export interface DemoOptions {
  /** Lines a second; 0 is as fast as it goes. */
  pace: string;
  data: string;
  /** Stop when the sample has been shown. */
  once?: true;
}

interface EventsFrame {
  from: number;
  to: number;
  events: RecordedEvent[];
}

const SAMPLE = new URL('../../samples/astana-2017.ndjson', import.meta.url);

/** Starts the service, feeds it the Astana sample over HTTP, shows each frame as a subscriber gets it, and leaves the service running. */
export async function demo({ pace, data, once }: DemoOptions): Promise<void> {
  const config = { ...readConfig(process.env), data };
  const perSecond = Number(pace);
  if (!(perSecond >= 0)) throw new Error(`--pace must be a number of events a second, and is ${pace}`);
  const service = await startOnFreePort(config);
  const key = config.adminKey ?? readFileSync(join(data, 'admin.key'), 'utf8').trim();
  const stop = async () => {
    await service.close();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());

  console.log(
    `Zonewatch runs at ${service.address}, on the record in ${data}.\nA subscriber follows it from the start; the sample is fed over HTTP.\n`,
  );
  const subscriber = follow(service.address, key);
  await subscriber.live;
  const before = service.record.reader.head;
  const { lines, last } = await feed(service.address, key, perSecond);
  await subscriber.reached(last);
  subscriber.close();
  const added = service.record.reader.head - before;
  console.log(
    `\nThe sample has ${lines} lines. ${added === 0 ? 'All of them were there already: nothing was added twice.' : `${added} events were added.`}`,
  );

  console.log(await tables(service.address, key));
  if (once) return stop();
  console.log(toTry(service.address, config.adminKey === undefined ? key : '<ZONEWATCH_ADMIN_KEY>'));
}

async function startOnFreePort(config: Config): Promise<Service> {
  try {
    return await startService(config);
  } catch (error) {
    if (((error as Error).cause as { code?: string } | undefined)?.code !== 'EADDRINUSE') throw error;
    return startService({ ...config, port: 0 });
  }
}

/** A subscriber of everything that prints each frame. */
function follow(address: string, token: string) {
  const socket = io(`${address}/feed`, { transports: ['websocket'], auth: { token } });
  let position = 0;
  let arrived: () => void = () => {};
  socket.on('events', (frame: EventsFrame, next?: () => void) => {
    if (frame.from !== position) throw new Error(`a frame begins at ${frame.from}, and the one before it ended at ${position}`);
    console.log(show(frame));
    position = frame.to;
    next?.();
    arrived();
  });
  const live = new Promise<void>((resolve, reject) => {
    socket.once('live', () => resolve());
    socket.once('connect_error', reject);
    socket.once('connect', () => {
      socket.emit('subscribe', { after: 'start' }, (answer: { ok: boolean; error?: { message: string } }) => {
        if (!answer.ok) reject(new Error(answer.error?.message));
      });
    });
  });
  const reached = async (sequence: number) => {
    while (position < sequence) await new Promise<void>((resolve) => (arrived = resolve));
  };
  return { live, reached, close: () => void socket.disconnect() };
}

/** Feeds the sample as one NDJSON request, line by line; resolves to the last sequence that it is at. */
function feed(address: string, key: string, perSecond: number): Promise<{ lines: number; last: number }> {
  const lines = readFileSync(SAMPLE, 'utf8').split('\n').filter(Boolean);
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' };
    const call = request(`${address}/v1/commands`, { method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`the sample was not taken: ${text}`));
        const replies = text.split('\n').filter(Boolean);
        const refused = replies.find((reply) => !('sequence' in (JSON.parse(reply) as object)));
        if (refused) return reject(new Error(`a line of the sample was refused: ${refused}`));
        const last = Math.max(...replies.map((reply) => (JSON.parse(reply) as { sequence: number }).sequence));
        resolve({ lines: lines.length, last });
      });
    });
    call.on('error', reject);
    void (async () => {
      for (const text of lines) {
        call.write(`${text}\n`);
        if (perSecond > 0) await new Promise((later) => setTimeout(later, 1000 / perSecond));
      }
      call.end();
    })();
  });
}

function toTry(address: string, key: string): string {
  return `
The service goes on running at ${address} (stop it with Ctrl-C).
Its key is ${key}

Three things to try in another terminal, after

     export KEY='${key}'

  1. What happened in Eastern Ghouta, in the order of time:
     curl -H "authorization: Bearer $KEY" '${address}/v1/zones/eastern-ghouta/timeline'

  2. Every event about Idlib, as one stream of lines:
     curl -H "authorization: Bearer $KEY" -H 'accept: application/x-ndjson' '${address}/v1/events?about=zone-idlib'

  3. Report something yourself, then look at the zone again:
     curl -H "authorization: Bearer $KEY" '${address}/v1/zones/idlib/report-incident' -H 'content-type: application/json' \\
       -d '{"incident":"aid","text":{"en":"A convoy arrived.","ar":"وصلت قافلة."},"occurred":"2018-01","sources":[{"publisher":"me"}]}'
     curl -H "authorization: Bearer $KEY" '${address}/v1/zones/idlib'

All routes with examples: ${address}/docs`;
}
