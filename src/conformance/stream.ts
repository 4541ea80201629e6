import { Arrivals, expectSame, expectThat, shown } from './expectation.js';
import { linesOf } from './lines.js';
import { faultOf, type Event } from './messages.js';
import type { OnFault, Waits } from './probe.js';

/** One server-sent event. */
export interface Sent {
  event: string;
  to: number;
  /** The event of the record, where it is one and no `progress`. */
  recorded?: Event;
}

/** A stream of server-sent events, read as a browser reads it. */
export class Stream {
  private readonly arrivals = new Arrivals<Sent>();
  private readonly hangUp = new AbortController();
  /** How long a reader is told to wait before it comes back. */
  retry: number | undefined;

  private constructor(
    private readonly epoch: string,
    private readonly waits: Waits,
    private readonly onFault: OnFault,
  ) {}

  static async open(url: string, headers: Record<string, string>, epoch: string, waits: Waits, onFault: OnFault) {
    const stream = new Stream(epoch, waits, onFault);
    const late = setTimeout(() => stream.close(), waits.answer);
    const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: stream.hangUp.signal });
    clearTimeout(late);
    if (response.ok) void stream.read(response).catch(() => stream.arrivals.end('the stream broke off'));
    return { stream, response };
  }

  close(): void {
    this.hangUp.abort();
    this.arrivals.end('the suite hung up');
  }

  next(what: string, patience = this.waits.frame): Promise<Sent> {
    return this.arrivals.next(what, patience);
  }

  /** Reads until a `progress` tells that the stream is so far. Returns the events before it. */
  async upTo(sequence: number): Promise<Event[]> {
    const events: Event[] = [];
    for (;;) {
      const { to, recorded } = await this.next(`progress at ${sequence}`, this.waits.progress);
      if (recorded) events.push(recorded);
      else if (to >= sequence) return events;
    }
  }

  private async read(response: Response): Promise<void> {
    let fields: Record<string, string> = {};
    for await (const line of linesOf(response)) {
      const [, name, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
      if (name !== undefined) fields[name] = name === 'data' && fields[name] ? `${fields[name]}\n${value}` : value!;
      if (line !== '') continue;
      if (fields['retry'] !== undefined) this.retry = Number(fields['retry']);
      if (fields['data'] !== undefined) this.take(fields);
      fields = {};
    }
    this.arrivals.end('the stream ended');
  }

  private take({ event = 'message', id, data }: Record<string, string>): void {
    try {
      const told = JSON.parse(data!) as Event & { to: number };
      const fault = faultOf(event === 'progress' ? 'StreamProgress' : 'Event', told);
      expectThat(fault === undefined, `${event} ${fault}; it was ${shown(data)}`);
      const to = event === 'progress' ? told.to : told.sequence;
      expectSame(`the id of ${event} at ${to}`, id, `${this.epoch}:${to}`);
      if (event === 'progress') return this.arrivals.push({ event, to });
      expectSame(`the name of event ${to}`, event, told.type);
      this.arrivals.push({ event, to, recorded: told });
    } catch (error) {
      this.onFault((error as Error).message);
    }
  }
}
