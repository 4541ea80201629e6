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
import { Line } from './line.js';

type Axes = Partial<Record<'zones' | 'parties' | 'subjects' | 'kinds' | 'types', string[]>>;
type Told = { command: string; id?: string; body: Record<string, unknown> };
interface Frame {
  subscription: string;
  from: number;
  to: number;
  events: { sequence: number }[];
}
type Answer = { ok: true; subscription: string; epoch: string; head: number } | { ok: false; error: { code: string } };

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SECONDS = Number(process.env['CHAOS_SECONDS'] ?? 3);
const SUBSCRIBERS = Number(process.env['CHAOS_SUBSCRIBERS'] ?? 40);
/** A few more than the 500 that are to be reached: the last of them take their time too. */
const EVENTS_A_SECOND = 520;
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
  { zones: ['zone-quiet'] },
  { parties: ['party-p1'] },
  { parties: ['party-p2', 'party-p3'] },
  { subjects: ['zone-z7', 'party-p3'] },
  { subjects: ['zone-quiet', 'zone-z0', 'zone-unheard-of'] },
  { kinds: ['party'] },
  { kinds: ['zone', 'talks'] },
  { types: ['ZoneSuspended'] },
  { types: ['PartyRenamed', 'ZoneSuspended', 'ZoneDissolved'] },
  { zones: ['zone-z1', 'zone-z5', 'zone-z6'], parties: ['party-p1', 'party-p2'] },
  { zones: ['zone-z9', 'zone-z10'], types: ['ZoneIncidentReported'] },
  { zones: ['zone-z0', 'zone-z11'], subjects: ['party-p0', 'party-p4'] },
  { parties: ['party-p5'], kinds: ['zone'] },
  { parties: ['party-p5'], types: ['PartyRenamed'] },
  { subjects: ['party-p4', 'zone-z8'], kinds: ['zone'] },
  { zones: ['zone-z11'], parties: ['party-p5'], kinds: ['zone'], types: ['ZoneIncidentReported', 'ZoneReported'] },
  { zones: ['zone-z3'], parties: ['party-p3'], subjects: ['zone-z3'], kinds: ['zone', 'party'], types: ['ZoneIncidentReported'] },
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
  ...names('z', ZONES).map((id) => suspend(id, 'the last reason')),
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

/** The service in a process. Each start is on another port: who is there has to move. */
class Host {
  readonly folder = mkdtempSync(join(tmpdir(), 'zonewatch-chaos-'));
  /** Everything that the processes wrote but where they listen. */
  unforeseen = '';
  address = '';
  private running: { child: ChildProcess; closed: Promise<unknown[]> } | undefined;

  async start(): Promise<void> {
    const settings = { PORT: '0', ZONEWATCH_DATA: this.folder, ZONEWATCH_ADMIN_KEY: KEY, ZONEWATCH_PUBLIC_READ: 'true' };
    const env = { PATH: process.env['PATH'], ...settings };
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
const met = { cuts: 0, pauses: 0, halfOpen: 0, silences: 0, restarts: 0, resumed: 0, pages: 0, live: 0, progress: 0 };

/** What came of one filter, from wherever it was followed. */
class Followed {
  readonly sequences: number[] = [];
  readonly hash = createHash('sha256');
  /** Where it began, once that is known. */
  begin: number | undefined;
  private position: number | undefined;
  private epoch: string | undefined;

  constructor(
    readonly axes: Axes,
    private readonly after: 'start' | 'now',
  ) {
    if (after === 'start') this.position = 0;
  }

  get asked(): object {
    const { position, after, epoch, axes } = this;
    return { after: position ?? after, ...(epoch && { epoch }), filter: axes };
  }

  begins({ epoch, head }: Answer & { ok: true }): void {
    if (this.begin !== undefined) met.resumed += 1;
    this.epoch = epoch;
    this.position ??= head;
    this.begin ??= this.position;
  }

  /** Takes a frame. What is wrong with it, in words. */
  take(name: string, { from, to, events = [] }: Omit<Frame, 'subscription'>): string | undefined {
    const { position } = this;
    this.position = to;
    for (const event of events) {
      this.sequences.push(event.sequence);
      this.hash.update(JSON.stringify(event));
    }
    if (from !== position || to < from) return `${name} from ${from} to ${to} came at ${position}`;
    return undefined;
  }
}

/** A client that resumes where it was, whatever becomes of its connection. */
class Subscriber {
  /** What the protocol does not allow, in words. */
  readonly faults: string[] = [];
  private readonly byId = new Map<string, Followed>();
  private readonly socket: Socket;
  /** Acknowledgements that are held back. */
  private owed: (() => void)[] = [];
  private isSilent = false;
  private isLeft = false;
  /** What ends what is being done to it. */
  private relent: () => void = () => {};

  constructor(
    private readonly line: Line,
    address: string,
    readonly followed: readonly Followed[],
    transports: string[],
  ) {
    // What a socket still holds is sent after `connect`, so everything begins there.
    this.socket = io(`${address}/feed`, { forceNew: true, transports, reconnectionDelay: 50, reconnectionDelayMax: 200, timeout: 5_000 });
    this.socket.on('connect', () => followed.forEach((one) => this.subscribe(one)));
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
      this.take(next ? 'pages' : 'live', 'events', frame);
      if (this.isSilent && next) this.owed.push(next);
      else next?.();
    });
    this.socket.on('progress', (frame: Frame) => this.take('progress', 'progress', frame));
    this.socket.on('live', (frame: Frame) => this.take('live', 'live', { ...frame, from: frame.to }));
    this.socket.on('closed', (closed: { code: string }) => {
      if (closed.code !== 'shutting-down') this.faults.push(`closed: ${JSON.stringify(closed)}`);
    });
  }

  private subscribe(followed: Followed): void {
    this.socket.emit('subscribe', followed.asked, (answer: Answer) => {
      if (!answer.ok) return void this.faults.push(`not subscribed: ${JSON.stringify(answer.error)}`);
      this.byId.set(answer.subscription, followed);
      followed.begins(answer);
    });
  }

  private take(kind: 'pages' | 'live' | 'progress', name: string, frame: Frame): void {
    met[kind] += 1;
    const followed = this.byId.get(frame.subscription);
    const fault = followed ? followed.take(name, frame) : `${name} came of a subscription that was not asked for`;
    if (fault) this.faults.push(fault);
  }

  /** Does something to it that happens to clients, or nothing, in place of what is being done to it already. */
  suffer(): void {
    this.leaveInPeace();
    const { engine } = this.socket.io;
    const blows = [
      () => {
        met.cuts += 1;
        // One that is closed while it is opening would be waited for.
        if (engine?.readyState === 'open') engine.close();
        else this.line.cut();
      },
      () => {
        met.cuts += 1;
        this.line.cut();
      },
      () => {
        met.pauses += 1;
        this.line.hold();
        this.relent = () => this.line.release();
      },
      () => {
        // It goes on to think itself connected for a while, and the service for longer.
        met.halfOpen += 1;
        this.line.hold();
        this.relent = () => this.line.lose();
      },
      () => {
        met.silences += 1;
        this.isSilent = true;
        this.relent = () => {
          this.isSilent = false;
          for (const next of this.owed.splice(0)) next();
        };
      },
      () => {},
    ];
    blows[pick(blows.length)]!();
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
  let lines: Line[];
  let subscribers: Subscriber[];
  beforeEach(async () => {
    host = new Host();
    await host.start();
    await host.tell('first', FIRST);
    lines = Array.from({ length: SUBSCRIBERS }, () => new Line(() => host.address));
    const addresses = await Promise.all(lines.map((line) => line.open()));
    const transports = [['websocket'], ['polling', 'websocket'], ['websocket'], ['polling']];
    subscribers = lines.map((line, at) => {
      // Neither how they connect, nor where they begin, nor how many subscriptions they have goes with the filter.
      const round = Math.floor(at / FILTERS.length);
      const followed = Array.from({ length: (at + round) % 5 ? 1 : 3 }, (_, more) => {
        const axes = FILTERS[(at + 3 * more) % FILTERS.length]!;
        return new Followed(axes, (round + more) % 2 ? 'now' : 'start');
      });
      return new Subscriber(line, addresses[at]!, followed, transports[(at + round) % 4]!);
    });
  });
  afterEach(async () => {
    for (const subscriber of subscribers) subscriber.leave();
    // A polling client says goodbye with a last request.
    await sleep(200);
    for (const line of lines) line.close();
    await host.stop('SIGKILL');
    rmSync(host.folder, { recursive: true });
  });

  /** Tells of so much a second, and then of what it could not tell of while the service was away. Returns how much that was, in all and a second. */
  const write = async () => {
    const begin = performance.now();
    const seconds = () => (performance.now() - begin) / 1_000;
    let told = 0;
    while (told < SECONDS * EVENTS_A_SECOND) {
      const due = Math.floor(Math.min(SECONDS, seconds()) * EVENTS_A_SECOND);
      if (told < due)
        await host.tell(
          `from-${told}`,
          Array.from({ length: due - told }, () => anything(told++)),
        );
      await sleep(20);
    }
    return { told, aSecond: Math.round(told / seconds()) };
  };

  const torment = async (isOver: () => boolean) => {
    while (!isOver()) {
      subscribers[pick(SUBSCRIBERS)]!.suffer();
      await sleep(BLOW_EVERY);
    }
    for (const subscriber of subscribers) subscriber.leaveInPeace();
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
      const all = subscribers.flatMap(({ followed }) => followed);
      while (all.some(({ begin }) => begin === undefined)) await sleep(20);
      const begin = Date.now();
      const restarted = restart(begin + SECONDS * 333, 'SIGTERM', { code: 0, signal: null }).then(() =>
        restart(begin + SECONDS * 667, 'SIGKILL', { code: null, signal: 'SIGKILL' }),
      );
      let isOver = false;
      const written = Promise.all([write(), restarted]).finally(() => (isOver = true));
      const [[writer]] = await Promise.all([written, torment(() => isOver)]);
      await host.tell('last', LAST);

      const passed = await Promise.all(FILTERS.map((axes) => host.served(axes)));
      expect(passed[0]!.length).toBe(FIRST.length + SECONDS * EVENTS_A_SECOND + LAST.length);
      const wanted = new Map(all.map((one) => [one, passed[FILTERS.indexOf(one.axes)]!.filter(({ sequence }) => sequence > one.begin!)]));
      const isLacking = () => all.some((one) => one.sequences.length < wanted.get(one)!.length);
      const isFaulty = () => subscribers.some(({ faults }) => faults.length);
      for (const patient = Date.now() + PATIENCE; isLacking() && !isFaulty() && Date.now() < patient;) await sleep(20);

      expect(subscribers.flatMap(({ faults }, at) => faults.map((fault) => `subscriber ${at}: ${fault}`))).toEqual([]);
      for (const [{ axes, sequences, hash }, events] of wanted) {
        expect([axes, sequences]).toEqual([axes, events.map(({ sequence }) => sequence)]);
        const bytes = createHash('sha256');
        for (const { text } of events) bytes.update(text);
        expect([axes, hash.digest('hex')]).toEqual([axes, bytes.digest('hex')]);
      }
      expect(host.unforeseen).toBe('');

      // It was as bad as it was meant to be.
      expect(met.restarts).toBe(2);
      expect(met.resumed).toBeGreaterThan(SUBSCRIBERS);
      for (const count of [met.cuts, met.pauses, met.halfOpen, met.silences, met.pages, met.live]) expect(count).toBeGreaterThan(0);
      const taken = all.reduce((sum, { sequences }) => sum + sequences.length, 0);
      const done = { subscribers: SUBSCRIBERS, subscriptions: all.length, filters: FILTERS.length, ...writer, taken, ...met };
      if (process.env['CHAOS_SECONDS']) process.stdout.write(`${JSON.stringify(done)}\n`);
    },
    (SECONDS * 2 + 60) * 1_000,
  );
});
