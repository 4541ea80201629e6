import { follow, type FeedFilter } from '../client/index.js';
import type { RecordedEvent } from '../event/event.js';
import { StartRefused } from '../start-refused.js';
import { line } from './show.js';

export interface TailOptions {
  url: string;
  token?: string;
  after: string;
  json?: true;
  zones?: string[];
  parties?: string[];
  subjects?: string[];
  kinds?: string[];
  types?: string[];
}

/** Prints each event as it comes, one a line, until Ctrl-C; over whatever interrupts the connection. */
export async function tail({ url, token, after, json, ...axes }: TailOptions): Promise<void> {
  if (!/^(start|now|\d{1,15})$/.test(after)) throw new StartRefused(`--after takes a sequence, start or now, not ${after}`);
  if (!URL.canParse(url)) throw new StartRefused(`${url} is no address; give --url http://host:port`);
  const filter = Object.fromEntries(Object.entries(axes).filter(([, values]) => values)) as FeedFilter;
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  process.once('SIGTERM', () => stopping.abort());
  // A reader that has gone (head, less) ends it as well.
  process.stdout.on('error', () => stopping.abort());
  const events = follow({
    url,
    token: token ?? process.env['ZONEWATCH_TOKEN'],
    filter,
    after: after === 'start' || after === 'now' ? after : Number(after),
    signal: stopping.signal,
    onClosed: ({ code, message, retry }) => retry && process.stderr.write(`${code}: ${message}; trying again\n`),
  });
  for await (const event of events) console.log(json ? JSON.stringify(event) : shown(event));
}

function shown(event: RecordedEvent): string {
  return `${String(event.sequence).padStart(7)}  ${line(event)}`;
}
