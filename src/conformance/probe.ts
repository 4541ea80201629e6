import { io, type Socket } from 'socket.io-client';
import { Arrivals, expectSame, expectThat, shown, Unmet } from './expectation.js';
import { faultOf, faultOfTold, type Answer, type Event, type Filter, type Told } from './messages.js';

const MAX_EVENTS = 1_000;
const MAX_BYTES = 1024 * 1024;

/** How long something is waited for, in milliseconds. */
export interface Waits {
  /** An acknowledgement. */
  answer: number;
  /** A frame that is due. */
  frame: number;
  /** A `progress`, which is due within 10 s. */
  progress: number;
  /** The end of a subscription whose page is not acknowledged, which is due within 60 s. */
  closed: number;
  /** How long nothing must come, where nothing may. */
  quiet: number;
}

/** Told of what a server did wrong, whatever is being waited for. */
export type OnFault = (fault: string) => void;

const DEFINITIONS = { events: 'Events', progress: 'Progress', live: 'Live', closed: 'Closed' } as const;
type FrameName = keyof typeof DEFINITIONS;

export interface Frame extends Partial<Told> {
  name: FrameName;
  subscription?: string;
  from: number;
  to: number;
  events: Event[];
  /** Asks for the next page, where the frame is one. */
  acknowledge?: () => void;
}

export interface Subscribe {
  after: number | 'start' | 'now';
  epoch?: string;
  filter?: Filter;
}

/** A socket of the suite's own, so that no fault of a client hides one of the server. */
export class Probe {
  private readonly followed = new Map<string, Followed>();

  private constructor(
    readonly socket: Socket,
    private readonly waits: Waits,
    private readonly onFault: OnFault,
  ) {
    socket.onAny((name: string, message: unknown, acknowledge?: () => void) => this.take(name, message, acknowledge));
    socket.on('disconnect', (why) => this.end(`the connection ended (${why})`));
  }

  /** A socket that is let in. */
  static async dial(socket: Socket, waits: Waits, onFault: OnFault): Promise<Probe> {
    const probe = new Probe(socket, waits, onFault);
    const refused = await greeted(socket, waits.answer);
    expectThat(refused === undefined, `the socket was not let in: ${shown(refused?.data ?? refused?.message)}`);
    return probe;
  }

  /** Subscribes, which must be taken. */
  async subscribe(asked: Subscribe): Promise<Followed> {
    let followed: Followed | undefined;
    // In the acknowledgement itself: the first frame may come with it.
    const answer = await this.ask('subscribe', [asked], (taken) => {
      followed = new Followed(this, taken, asked.after, this.waits, this.onFault);
      this.followed.set(taken.subscription, followed);
    });
    return followed ?? fail(`expected that subscribe ${shown(asked)} is taken, and came ${shown(answer)}`);
  }

  /** Sends a message that must be refused with a code. Returns the words of the refusal. */
  async refused(name: string, args: unknown[], ...codes: string[]): Promise<string> {
    const answer = await this.ask(name, args);
    const isRefused = !answer.ok && codes.includes(answer.error.code);
    if (!isRefused) throw new Unmet(`expected that ${name} ${shown(args)} is refused as ${codes.join(' or ')}, and came ${shown(answer)}`);
    return answer.error.message;
  }

  async unsubscribe(subscription: string): Promise<void> {
    const answer = await this.ask('unsubscribe', [{ subscription }], () => this.followed.delete(subscription));
    expectSame(`unsubscribe of ${subscription}`, answer, { ok: true, subscription });
  }

  /** Sends a message and waits for its acknowledgement, which must be one of the protocol. */
  ask(name: string, args: unknown[], onTaken: (answer: Answer & { ok: true }) => void = () => {}): Promise<Answer> {
    const taken = name === 'subscribe' ? 'Subscribed' : 'Unsubscribed';
    return new Promise((resolve, reject) => {
      const late = () => reject(new Unmet(`${name} ${shown(args)} was not acknowledged within ${this.waits.answer / 1000} s`));
      const timer = setTimeout(late, this.waits.answer);
      this.socket.emit(name, ...args, (answer: Answer | undefined) => {
        clearTimeout(timer);
        const fault = answer?.ok ? faultOf(taken, answer) : (faultOf('Refused', answer) ?? faultOfTold('Error', answer?.error));
        if (fault) return reject(new Unmet(`the answer to ${name} ${shown(args)} ${fault}; it was ${shown(answer)}`));
        if (answer!.ok) onTaken(answer!);
        resolve(answer!);
      });
    });
  }

  close(): void {
    this.socket.disconnect();
    this.end('the suite hung up');
  }

  private take(name: string, message: unknown, acknowledge?: () => void): void {
    // A later server may say more than this suite knows.
    if (!(name in DEFINITIONS)) return;
    const told = name as FrameName;
    const fault = told === 'closed' ? faultOfTold('Closed', message) : faultOf(DEFINITIONS[told], message);
    if (fault) return this.onFault(`${name} ${fault}; it was ${shown(message)}`);
    const frame = { events: [], ...(message as object), name: told, ...(acknowledge && { acknowledge }) } as unknown as Frame;
    if (frame.subscription === undefined) return this.end(`the connection was closed: ${shown(message)}`);
    const followed = this.followed.get(frame.subscription);
    if (followed) followed.take(frame);
    else this.onFault(`${name} came for the subscription ${frame.subscription}, which the socket does not have: ${shown(message)}`);
  }

  private end(why: string): void {
    for (const followed of this.followed.values()) followed.arrivals.end(why);
  }
}

/** One subscription. Each frame is held against the rules that all of them are under, whatever the check is about. */
export class Followed {
  readonly arrivals = new Arrivals<Frame>();
  readonly id: string;
  readonly epoch: string;
  /** The head when it was subscribed. */
  readonly head: number;
  /** The `to` of the last frame that has come. */
  private arrived: number;
  /** The `to` of the last frame that the check has looked at. */
  position: number;
  private state: 'behind' | 'asking' | 'live' | 'closed' = 'behind';

  constructor(
    private readonly probe: Probe,
    { subscription, epoch, head }: Answer & { ok: true },
    after: Subscribe['after'],
    private readonly waits: Waits,
    private readonly onFault: OnFault,
  ) {
    [this.id, this.epoch, this.head] = [subscription, epoch, head];
    this.position = this.arrived = after === 'start' ? 0 : after === 'now' ? head : after;
  }

  /** The next frame; one that closes the subscription only where it is expected. */
  async next(what: string, patience = this.waits.frame): Promise<Frame> {
    const frame = await this.arrivals.next(what, patience);
    if (frame.name === 'closed') throw new Unmet(`expected ${what}, and the subscription was closed: ${frame.code}, ${frame.message}`);
    this.position = frame.to;
    return frame;
  }

  /** Takes pages, and asks for the next ones, until it is live. Returns their events. */
  async toHead(): Promise<Event[]> {
    const events: Event[] = [];
    for (;;) {
      const frame = await this.next('a page, or live at the head');
      if (frame.name === 'live') return events;
      events.push(...frame.events);
      frame.acknowledge?.();
    }
  }

  /** Takes frames of one that is live until they have come so far. */
  async upTo(sequence: number): Promise<Event[]> {
    const events: Event[] = [];
    while (this.position < sequence) {
      const frame = await this.next(`a frame with what was recorded up to ${sequence}`, this.waits.progress);
      events.push(...frame.events);
      frame.acknowledge?.();
    }
    return events;
  }

  /** Waits for the end of the subscription. */
  async closed(): Promise<Frame> {
    for (;;) {
      const frame = await this.arrivals.next('closed', this.waits.closed);
      if (frame.name === 'closed') return frame;
    }
  }

  unsubscribe(): Promise<void> {
    return this.probe.unsubscribe(this.id);
  }

  take(frame: Frame): void {
    const fault = this.faultOf(frame);
    if (fault)
      return this.onFault(`${frame.name} ${fault}; it was ${shown({ ...frame, events: frame.events.map(({ sequence }) => sequence) })}`);
    const { name, acknowledge } = frame;
    if (name === 'closed') this.state = 'closed';
    else this.arrived = frame.to;
    if (name === 'live') this.state = 'live';
    if (acknowledge) {
      this.state = 'asking';
      frame.acknowledge = () => {
        if (this.state === 'asking') this.state = 'behind';
        acknowledge();
      };
    }
    this.arrivals.push(frame);
  }

  private faultOf({ name, from, to, events, acknowledge }: Frame): string | undefined {
    if (this.state === 'closed') return 'came after the subscription had been closed';
    if (name === 'closed') return undefined;
    if (this.state === 'asking') return `came before the page up to ${this.arrived} had been acknowledged`;
    const begins = name === 'live' ? to : from;
    if (begins !== this.arrived) return `begins at ${begins} where the frame before ended at ${this.arrived}`;
    if (to < this.arrived) return `goes back from ${this.arrived} to ${to}`;
    if (name === 'live' && to < this.head) return `came at ${to}, and the head was at ${this.head} already`;
    if (name === 'events' && this.state === 'behind' && !acknowledge) return 'came behind the head without asking for an acknowledgement';
    return faultOfEvents(events, from, to);
  }
}

function faultOfEvents(events: readonly Event[], from: number, to: number): string | undefined {
  if (events.length > MAX_EVENTS) return `has ${events.length} events`;
  let last = from;
  for (const { sequence } of events) {
    if (sequence <= last || sequence > to) return `has event ${sequence} behind ${last}`;
    last = sequence;
  }
  const bytes = Buffer.byteLength(JSON.stringify(events));
  return bytes > MAX_BYTES ? `has ${bytes} bytes of events` : undefined;
}

/** A socket that dials, and does not come back by itself. */
export function dialling(url: string, token: unknown): Socket {
  const auth = token === undefined ? {} : { token };
  return io(`${url}/feed`, { forceNew: true, reconnection: false, transports: ['websocket'], auth });
}

/** Waits until a socket is let in; if it is not, returns why. */
export function greeted(socket: Socket, patience: number): Promise<(Error & { data?: unknown }) | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Unmet(`the socket was neither let in nor refused within ${patience / 1000} s`)), patience);
    const settle = (error?: Error) => {
      clearTimeout(timer);
      resolve(error);
    };
    socket.once('connect', () => settle()).once('connect_error', settle);
  });
}

function fail(what: string): never {
  throw new Unmet(what);
}
