import { setTimeout as sleep } from 'node:timers/promises';
import { expectThat, Skipped, Unmet } from './expectation.js';
import type { Told } from './messages.js';
import { dialling, greeted, Probe, type Followed, type Subscribe, type Waits } from './probe.js';
import type { HttpRecord } from './record.js';
import { Stream } from './stream.js';

/** A fact about the feed, and how it is seen. */
export interface Check {
  /** The fact in words, as docs/PROTOCOL.md has it. */
  name: string;
  /** Where docs/PROTOCOL.md has it. */
  section: string;
  /** A check that sees only what is recorded while it looks. */
  needs?: 'append';
  /** Throws where the fact does not hold. */
  run(scene: Scene): Promise<void>;
}

/** The server that a suite looks at. */
export interface Target {
  url: string;
  token: string | undefined;
  record: HttpRecord;
  waits: Waits;
}

/** What one check has in its hands: sockets, streams and the record. All that it opened is closed with it. */
export class Scene {
  readonly record: HttpRecord;
  /** Fails as soon as a server breaks a rule that all its messages are under. */
  readonly broken: Promise<never>;
  private fault!: (fault: string) => void;
  private readonly open: { close(): void }[] = [];

  constructor(private readonly target: Target) {
    this.record = target.record;
    this.broken = new Promise((_, reject) => (this.fault = (fault) => reject(new Unmet(fault))));
    this.broken.catch(() => {});
  }

  async dial(): Promise<Probe> {
    const { url, token, waits } = this.target;
    const socket = dialling(url, token);
    this.open.push({ close: () => socket.disconnect() });
    const probe = await Probe.dial(socket, waits, this.fault);
    this.open.push(probe);
    return probe;
  }

  /** Subscribes on a socket of its own. */
  async follow(asked: Subscribe): Promise<Followed> {
    return (await this.dial()).subscribe(asked);
  }

  /** What a socket that must not be let in is told. */
  async refusal(token: unknown): Promise<Told> {
    const socket = dialling(this.target.url, token);
    this.open.push({ close: () => socket.disconnect() });
    const error = await greeted(socket, this.target.waits.answer);
    expectThat(error !== undefined, `the socket was let in with the key ${JSON.stringify(token)}`);
    return error.data as Told;
  }

  /** A stream of server-sent events; what came instead, where it is refused. */
  async stream(query: string, headers: Record<string, string> = {}): Promise<{ stream: Stream; response: Response }> {
    const { url, token, waits, record } = this.target;
    const own = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers };
    const opened = await Stream.open(`${url}/v1/feed?${query}`, own, record.epoch, waits, this.fault);
    this.open.push(opened.stream);
    return opened;
  }

  /** Records zones. Returns their streams, and the sequence of the last one. */
  async append(ids: readonly string[]): Promise<{ zones: string[]; head: number }> {
    return { zones: ids.map((id) => `zone-${id}`), head: await this.record.append(ids) };
  }

  /** The head, which must have so many events behind it. */
  async head(atLeast = 0): Promise<number> {
    const head = await this.record.head();
    if (head < atLeast) throw new Skipped(`the record has ${head} events, and ${atLeast} are needed to see it`);
    return head;
  }

  /** Leaves the server time to send what it must not send. */
  async quiet(): Promise<void> {
    await sleep(this.target.waits.quiet);
  }

  close(): void {
    for (const one of this.open) one.close();
  }
}
