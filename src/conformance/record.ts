import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { expectThat, shown, Unmet } from './expectation.js';
import { linesOf } from './lines.js';
import type { Event } from './messages.js';

const NDJSON = 'application/x-ndjson';

/** The record as HTTP has it: what the frames are compared with. What was read is kept, since nothing in it changes. */
export class HttpRecord {
  private readonly known: Event[] = [];

  private constructor(
    private readonly url: string,
    private readonly headers: Record<string, string>,
    readonly epoch: string,
  ) {}

  static async at(url: string, token: string | undefined): Promise<HttpRecord> {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { epoch } = await place(url, headers);
    return new HttpRecord(url, headers, epoch);
  }

  /** The head, now. */
  async head(): Promise<number> {
    return (await place(this.url, this.headers)).sequence;
  }

  /** The events behind one sequence, up to and with another. */
  async between(after: number, to: number): Promise<Event[]> {
    if (this.known.length < to) await this.readOn();
    expectThat(this.known.length >= to, `the feed is at ${to}, and over HTTP the record ends at ${this.known.length}`);
    return this.known.slice(after, to);
  }

  /** Records a zone of each id. Returns the sequence of the last one. */
  async append(ids: readonly string[]): Promise<number> {
    const lines = ids.map((id) => JSON.stringify({ command: 'zones/report', body: zone(id) }));
    const headers = { ...this.headers, 'content-type': NDJSON };
    const response = await fetch(`${this.url}/v1/commands`, { method: 'POST', headers, body: lines.join('\n') });
    const text = await response.text();
    if (!response.ok) throw new Error(`nothing can be recorded: ${response.status} ${shown(text)}`);
    const replies = text.split('\n').filter(Boolean);
    const { sequence } = JSON.parse(replies.at(-1) ?? '{}') as { sequence?: number };
    if (replies.length !== ids.length || sequence === undefined) throw new Error(`nothing can be recorded: ${shown(text)}`);
    return sequence;
  }

  private async readOn(): Promise<void> {
    const response = await get(`${this.url}/v1/events?after=${this.known.length}`, { ...this.headers, accept: NDJSON });
    for await (const line of linesOf(response)) {
      if (line === '') continue;
      const event = JSON.parse(line) as Event;
      expectThat(event.sequence === this.known.length + 1, `over HTTP ${event.sequence} follows ${this.known.length}`);
      this.known.push(event);
    }
  }
}

/** An id that no zone has yet. */
export function newZone(): string {
  return `conformance-${randomUUID()}`;
}

/** Holds what came against what the record has. */
export function expectEvents(came: readonly Event[], expected: readonly Event[]): void {
  const at = expected.findIndex((event, index) => !isDeepStrictEqual(event, came[index]));
  if (at >= 0) throw new Unmet(`expected event ${expected[at]!.sequence} ${shown(expected[at])}, and came ${shown(came[at] ?? 'nothing')}`);
  expectThat(came.length === expected.length, `expected ${expected.length} events, and then came ${shown(came[expected.length])}`);
}

function zone(id: string) {
  return { id, name: { en: 'Made to see that the feed keeps its word' }, occurred: '2017-05-04', sources: [{ publisher: 'conformance' }] };
}

async function place(url: string, headers: Record<string, string>): Promise<{ epoch: string; sequence: number }> {
  const { epoch, sequence } = (await (await get(`${url}/v1/events?limit=1`, headers)).json()) as { epoch?: unknown; sequence?: unknown };
  if (typeof epoch === 'string' && typeof sequence === 'number') return { epoch, sequence };
  throw new Error(`${url}/v1/events tells no epoch and sequence`);
}

async function get(url: string, headers: Record<string, string>): Promise<Response> {
  const response = await fetch(url, { headers }).catch((error: Error) => {
    throw new Error(`${url} cannot be read: ${((error.cause as Error | undefined) ?? error).message}`);
  });
  if (!response.ok) throw new Error(`${url} cannot be read: ${response.status} ${(await response.text()).slice(0, 300)}`);
  return response;
}
