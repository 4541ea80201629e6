import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { io, type Socket } from 'socket.io-client';
import { KEY } from '../support/start-process.js';

type Axes = Partial<Record<'zones' | 'parties' | 'subjects' | 'kinds' | 'types', string[]>>;
type Told = { command: string; id?: string; body: Record<string, unknown> };
interface Frame {
  from: number;
  to: number;
  events: { sequence: number }[];
}
type Answer = { ok: true; epoch: string; head: number } | { ok: false; error: { code: string } };

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SECONDS = Number(process.env['CHAOS_SECONDS'] ?? 5);
const SUBSCRIBERS = Number(process.env['CHAOS_SUBSCRIBERS'] ?? 60);
const EVENTS_A_SECOND = 400;
const WRITES_A_SECOND = 20;
const ZONES = 12;
const PARTIES = 6;
/** How often something is done to a subscriber, in milliseconds. */
const BLOW_EVERY = 20;
/** How long those who are left in peace may take for what they have not got. */
const PATIENCE = 20_000;

/** `quiet` is a zone of which nothing is heard between the first and the last moment. */
const FILTERS: Axes[] = [
  {},
  { zones: ['zone-z1'] },
  { zones: ['zone-z2', 'zone-z3', 'zone-z4'] },
  { parties: ['party-p1'] },
  { zones: ['zone-z1', 'zone-z5', 'zone-z6'], parties: ['party-p1', 'party-p2'] },
  { subjects: ['zone-z7', 'party-p3'] },
  { subjects: ['party-p4', 'zone-z8'], kinds: ['zone'] },
  { kinds: ['party'] },
  { types: ['PartyRenamed', 'ZoneSuspended'] },
  { zones: ['zone-z9', 'zone-z10'], types: ['ZoneIncidentReported'] },
  { zones: ['zone-z11'], parties: ['party-p5'], kinds: ['zone'], types: ['ZoneIncidentReported', 'ZoneReported'] },
  { zones: ['zone-quiet'] },
];

const pick = (count: number) => Math.floor(Math.random() * count);
const sources = [{ publisher: 'TASS' }];
const occurred = '2017-07-05';
const zone = (id: string): Told => ({ command: 'zones/report', body: { id, name: { en: id }, occurred, sources } });
const party = (id: string): Told => ({ command: 'parties/register', body: { id, name: { en: id }, kind: 'state', occurred } });
const rename = (id: string, name: string): Told => ({ command: 'parties/rename', id, body: { name: { en: name }, occurred } });
const suspend = (id: string, reason: string): Told => ({
  command: 'zones/suspend',
  id,
  body: { reason: { en: reason }, occurred, sources },
});
const clash = (id: string, by: string, text: string): Told => ({
  command: 'zones/report-incident',
  id,
  body: { incident: 'clash', text: { en: text }, by: [`party-${by}`], occurred, sources },
});

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at}`);
const FIRST: Told[] = [...names('p', PARTIES).map(party), ...names('z', ZONES).map(zone), zone('quiet')];
/** Of these every filter lets something pass, so that whoever has all has heard of the end. */
const LAST: Told[] = [
  ...names('z', ZONES).flatMap((id) => names('p', PARTIES).map((by) => clash(id, by, 'the last clash'))),
  ...names('p', PARTIES).map((id) => rename(id, 'the last name')),
  clash('quiet', 'p0', 'the only clash'),
];

/** What is told in the midst of it, none of it twice. */
function anything(at: number): Told {
  const [id, by] = [`z${pick(ZONES)}`, `p${pick(PARTIES)}`];
  if (at % 10 === 0) return rename(by, `name ${at}`);
  if (at % 10 === 1) return suspend(id, `reason ${at}`);
  return clash(id, by, `clash ${at} ${'x'.repeat(pick(2_000))}`);
}

/** The service in a process, that is started again on the same port. */
class Host {
  readonly folder = mkdtempSync(join(tmpdir(), 'zonewatch-chaos-'));
  /** Everything that the processes wrote but where they listen. */
  unforeseen = '';
  address = '';
  private running: { child: ChildProcess; closed: Promise<unknown[]> } | undefined;

  async start(): Promise<void> {
    const port = this.address && new URL(this.address).port;
    const env = { PATH: process.env['PATH'], PORT: port || '0', ZONEWATCH_DATA: this.folder, ZONEWATCH_ADMIN_KEY: KEY };
    const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.running = { child, closed: once(child, 'close') };
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.unforeseen += text));
    const listening = new Promise<string>((resolve, reject) => {
      child.once('close', () => reject(new Error(`the service ended before it listened: ${this.unforeseen}`)));
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const address = /^listening on (http:\/\/\S+)\n$/.exec(text)?.[1];
        if (address) resolve(address);
        else this.unforeseen += text;
      });
    });
    this.address = await listening;
  }

  async stop(signal: NodeJS.Signals): Promise<unknown[]> {
    const stopped = this.running;
    this.running = undefined;
    stopped?.child.kill(signal);
    return (await stopped?.closed) ?? [];
  }

  /** Sends commands until all of them are answered for, however often the service is gone meanwhile. */
  async tell(prefix: string, told: readonly Told[]): Promise<void> {
    const body = told.map((one, at) => JSON.stringify({ ...one, idempotencyKey: `${prefix}-${at}` })).join('\n');
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/x-ndjson' };
    for (;;) {
      const text = await fetch(`${this.address}/v1/commands`, { method: 'POST', headers, body })
        .then((response) => response.text())
        .catch(() => '');
      const replies = text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { eventId?: string; status?: number });
      const refused = replies.find(({ eventId, status }) => eventId === undefined && status !== 503);
      if (refused) throw new Error(`this was refused: ${JSON.stringify(refused)}`);
      if (replies.filter(({ eventId }) => eventId !== undefined).length === told.length) return;
      await sleep(20);
    }
  }

  /** What the record says that axes let pass. */
  async served(axes: Axes): Promise<{ sequence: number; text: string }[]> {
    const query = Object.entries(axes).map(([axis, values]) => `${axis}=${values.join()}`);
    const headers = { authorization: `Bearer ${KEY}`, accept: 'application/x-ndjson' };
    const response = await fetch(`${this.address}/v1/events?${query.join('&')}`, { headers });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => ({ sequence: (JSON.parse(line) as { sequence: number }).sequence, text: line }));
  }
}

/** What was done to the subscribers, and what they met with, all together. */
const met = { cuts: 0, pauses: 0, silences: 0, restarts: 0, resumed: 0, pages: 0, live: 0 };

/** A client that resumes where it was, whatever becomes of its connection. */
class Subscriber {
  readonly sequences: number[] = [];
  readonly hash = createHash('sha256');
  /** What the protocol does not allow, in words. */
  readonly faults: string[] = [];
  private readonly socket: Socket;
  private position: number | undefined;
  private epoch: string | undefined;
  /** Acknowledgements that are held back. */
  private owed: (() => void)[] = [];
  private isSilent = false;
  private isLeft = false;
  /** What ends what is being done to it. */
  private relent: () => void = () => {};

  constructor(
    address: string,
    readonly axes: Axes,
    readonly after: 'start' | 'now',
    transports: string[],
  ) {
    this.position = after === 'start' ? 0 : undefined;
    // What a socket still holds is sent after `connect`, so everything begins there.
    this.socket = io(`${address}/feed`, { forceNew: true, transports, reconnectionDelay: 50, reconnectionDelayMax: 200, timeout: 5_000 });
    this.socket.on('connect', () => this.subscribe());
    this.socket.on('connect_error', (error) => {
      // Without `data` it is the way that is broken, and is tried again.
      if ('data' in error && error.data) this.faults.push(`refused: ${JSON.stringify(error.data)}`);
    });
    this.socket.on('disconnect', (reason) => {
      this.owed = [];
      // Where the service ends a connection, its client is to ask for another one.
      if (reason === 'io server disconnect' && !this.isLeft) setTimeout(() => this.socket.connect(), pick(300)).unref();
    });
    this.socket.on('events', (frame: Frame, next?: () => void) => {
      this.move('events', frame.from, frame.to);
      for (const event of frame.events) {
        this.sequences.push(event.sequence);
        this.hash.update(JSON.stringify(event));
      }
      met[next ? 'pages' : 'live'] += 1;
      if (this.isSilent && next) this.owed.push(next);
      else next?.();
    });
    this.socket.on('progress', ({ from, to }: Frame) => this.move('progress', from, to));
    this.socket.on('live', ({ to }: Frame) => this.move('live', to, to));
    this.socket.on('closed', (closed: { code: string }) => {
      if (closed.code !== 'shutting-down') this.faults.push(`closed: ${JSON.stringify(closed)}`);
    });
  }

  /** Where it began, once it knows. */
  begin: number | undefined;
  private lives = 0;

  private subscribe(): void {
    if (this.lives++) met.resumed += 1;
    const { position, epoch, axes } = this;
    this.socket.emit('subscribe', { after: position ?? this.after, ...(epoch && { epoch }), filter: axes }, (answer: Answer) => {
      if (!answer.ok) return void this.faults.push(`not subscribed: ${JSON.stringify(answer.error)}`);
      this.epoch = answer.epoch;
      this.position ??= answer.head;
      this.begin ??= this.position;
    });
  }

  private move(name: string, from: number, to: number): void {
    if (from !== this.position) this.faults.push(`${name} from ${from} to ${to} came at ${this.position}`);
    if (to < from) this.faults.push(`${name} goes back from ${from} to ${to}`);
    this.position = to;
  }

  /** Does something to it that happens to clients, unless something is being done already. */
  suffer(): void {
    this.leaveInPeace();
    const { engine } = this.socket.io;
    const ws = (engine?.transport as unknown as { ws?: { _socket?: { pause(): void; resume(): void }; terminate(): void } } | undefined)
      ?.ws;
    const blow = pick(4);
    if (blow === 0) {
      met.silences += 1;
      this.isSilent = true;
      this.relent = () => {
        this.isSilent = false;
        for (const next of this.owed.splice(0)) next();
      };
    } else if (blow === 1 && ws?._socket) {
      met.pauses += 1;
      const { _socket: tcp } = ws;
      tcp.pause();
      this.relent = () => tcp.resume();
    } else {
      met.cuts += 1;
      if (blow === 2 && ws) ws.terminate();
      else engine?.close();
    }
  }

  leaveInPeace(): void {
    this.relent();
    this.relent = () => {};
  }

  leave(): void {
    this.isLeft = true;
    this.leaveInPeace();
    this.socket.disconnect();
  }
}

describe('subscribers', () => {
  let host: Host;
  let subscribers: Subscriber[];
  beforeEach(async () => {
    host = new Host();
    await host.start();
    await host.tell('first', FIRST);
    const transports = [['websocket'], ['polling', 'websocket'], ['websocket'], ['polling']];
    subscribers = Array.from({ length: SUBSCRIBERS }, (_, at) => {
      // Neither how they connect nor where they begin goes with the filter.
      const round = Math.floor(at / FILTERS.length);
      return new Subscriber(host.address, FILTERS[at % FILTERS.length]!, round % 2 ? 'now' : 'start', transports[(at + round) % 4]!);
    });
  });
  afterEach(async () => {
    for (const subscriber of subscribers) subscriber.leave();
    // A polling client says goodbye with a last request.
    await sleep(200);
    await host.stop('SIGKILL');
    rmSync(host.folder, { recursive: true });
  });

  /** Tells of something all the time. */
  const write = async (until: number) => {
    let told = 0;
    for (let due = Date.now(); Date.now() < until; due += 1_000 / WRITES_A_SECOND) {
      await host.tell(
        `then-${told}`,
        Array.from({ length: EVENTS_A_SECOND / WRITES_A_SECOND }, () => anything(told++)),
      );
      await sleep(Math.max(0, due - Date.now()));
    }
    return told;
  };

  const torment = async (until: number) => {
    while (Date.now() < until) {
      subscribers[pick(SUBSCRIBERS)]!.suffer();
      await sleep(BLOW_EVERY);
    }
  };

  const restart = async (at: number, signal: NodeJS.Signals, end: { code: number | null; signal: string | null }) => {
    await sleep(at - Date.now());
    expect(await host.stop(signal)).toEqual([end.code, end.signal]);
    await host.start();
    met.restarts += 1;
  };

  test(
    `${SUBSCRIBERS} that are cut off, held up and moved for ${SECONDS} s get what their filters let pass, once and in order`,
    async () => {
      while (subscribers.some(({ begin: from }) => from === undefined)) await sleep(20);
      const begin = Date.now();
      const until = begin + SECONDS * 1_000;
      const restarted = restart(begin + SECONDS * 333, 'SIGTERM', { code: 0, signal: null }).then(() =>
        restart(begin + SECONDS * 667, 'SIGKILL', { code: null, signal: 'SIGKILL' }),
      );
      const [told] = await Promise.all([write(until), torment(until), restarted]);
      for (const subscriber of subscribers) subscriber.leaveInPeace();
      await host.tell('last', LAST);

      const passed = await Promise.all(FILTERS.map((axes) => host.served(axes)));
      expect(passed[0]!.length).toBe(FIRST.length + told + LAST.length);
      const wanted = subscribers.map(({ axes, begin: from }) => passed[FILTERS.indexOf(axes)]!.filter(({ sequence }) => sequence > from!));
      const lacking = () =>
        subscribers.filter(({ sequences, faults }, at) => !faults.length && sequences.length < wanted[at]!.length).length;
      for (const patient = Date.now() + PATIENCE; lacking() && Date.now() < patient;) await sleep(20);

      expect(subscribers.flatMap(({ faults }, at) => faults.map((fault) => `subscriber ${at}: ${fault}`))).toEqual([]);
      for (const [at, { sequences, hash }] of subscribers.entries()) {
        expect([at, sequences]).toEqual([at, wanted[at]!.map(({ sequence }) => sequence)]);
        const bytes = createHash('sha256');
        for (const { text } of wanted[at]!) bytes.update(text);
        expect([at, hash.digest('hex')]).toEqual([at, bytes.digest('hex')]);
      }
      expect(host.unforeseen).toBe('');

      // It was as bad as it was meant to be.
      expect(told).toBeGreaterThan(SECONDS * 100);
      expect(met.restarts).toBe(2);
      expect(met.resumed).toBeGreaterThan(SUBSCRIBERS);
      for (const count of [met.cuts, met.pauses, met.silences, met.pages, met.live]) expect(count).toBeGreaterThan(0);
      if (process.env['CHAOS_SECONDS']) process.stdout.write(`${JSON.stringify({ told, ...met })}\n`);
    },
    (SECONDS * 2 + 60) * 1_000,
  );
});
