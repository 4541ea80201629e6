import type { Localized, RecordedEvent } from '../event/event.js';

/** What a source or a witness wrote must not steer the terminal. */
export function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Keeps a text of either direction from turning what stands beside it around (first strong isolate, pop). */
export function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}

function both(text: unknown): string {
  const { en, ar } = (text ?? {}) as Localized;
  return [en, ar && isolated(ar)].filter(Boolean).join(' · ');
}

/** A frame as a subscriber gets it: where it begins and ends, and its events. */
export function frame({ from, to, events }: { from: number; to: number; events: RecordedEvent[] }): string {
  const head = `${from} → ${to}`.padEnd(10);
  if (events.length === 1) return `${head}  ${line(events[0]!)}`;
  return [`${head}  ${events.length} events in one frame`, ...events.map((event) => `${' '.repeat(12)}${line(event)}`)].join('\n');
}

/** One event as one line: its date, what it is, what it is about, and what people read in it. */
export function line({ occurred, type, stream, data, confidence }: RecordedEvent): string {
  const said = both(data['name'] ?? data['title'] ?? data['text'] ?? data['summary'] ?? data['reason'] ?? data['task']);
  const details = [data['level'], data['party'], data['role'], data['outcome'], data['incident'], data['commitment']];
  const detail = details.filter((value) => typeof value === 'string').join(' ');
  const told = [(occurred ?? '').padEnd(23), type.padEnd(25), stream, detail, said, confidence === 'low' ? '(low confidence)' : ''];
  return plain(told.filter(Boolean).join('  '));
}

interface Role {
  party?: string;
  role: string;
  status?: string;
  contestedBy: string[];
}

interface Read {
  stream: string;
  name?: Localized;
  title?: Localized;
  status?: string;
  agreedBy?: string[];
  roles?: Role[];
  party?: string;
  force?: string;
  zone?: string;
  strength?: unknown;
  posts?: unknown[];
}

/** Where everything stands, read over HTTP: the zones, the roles, the deployments. */
export async function tables(address: string, key: string): Promise<string> {
  const headers = { authorization: `Bearer ${key}` };
  const read = async (collection: string) => {
    const response = await fetch(`${address}/v1/${collection}?limit=1000`, { headers });
    return ((await response.json()) as { data: Read[] }).data;
  };
  const [zones, agreements, talks, deployments] = await Promise.all(['zones', 'agreements', 'talks', 'deployments'].map(read));
  const zoneRows = zones!.map(({ stream, status, name }) => [stream, status, both(name)]);
  const roleRows = [...zones!, ...agreements!, ...talks!].flatMap(({ stream, roles }) =>
    (roles ?? []).map(({ party, role, status, contestedBy }) => [
      stream,
      party,
      role,
      status,
      contestedBy.length ? `contested by ${contestedBy.join(', ')}` : '',
    ]),
  );
  const deploymentRows = deployments!.map(({ stream, party, force, zone, status, strength, posts }) => [
    stream,
    party,
    force,
    zone,
    status,
    strength === undefined ? '' : `strength ${JSON.stringify(strength)}`,
    posts?.length ? `${posts.length} kinds of post` : '',
  ]);
  return [
    table('Zones', ['zone', 'status', 'name'], zoneRows),
    table('Roles', ['in', 'party', 'role', 'status', ''], roleRows),
    table('Deployments', ['deployment', 'party', 'force', 'zone', 'status', '', ''], deploymentRows),
  ].join('\n');
}

function table(title: string, head: string[], rows: (string | undefined)[][]): string {
  const all = [head, ...rows].map((row) => row.map((cell) => plain(cell ?? '–')));
  const widths = head.map((_, at) => Math.max(...all.map((row) => row[at]!.length)));
  const lines = all.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at]!)).join('  ')}`.trimEnd());
  return `\n${title}\n${lines[0]}\n  ${'─'.repeat(widths.reduce((sum, width) => sum + width + 2, -2))}\n${lines.slice(1).join('\n')}`;
}
