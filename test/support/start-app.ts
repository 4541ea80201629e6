import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.js';
import type { FeedLimits } from '../../src/feed/limits.js';
import type { Patience } from '../../src/http/slow-bodies.js';
import { startService, type Service } from '../../src/service.js';

export const KEY = 'the-key-of-the-tests';

export interface TestApp extends Service {
  folder: string;
  /** A request as the admin, or with another `authorization`. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  get(path: string): Promise<Answer>;
  /** A command, as the admin. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Commands as NDJSON; the replies, one a line. */
  feed(lines: readonly unknown[]): Promise<Record<string, unknown>[]>;
}

export interface CallOptions {
  body?: string | Uint8Array;
  headers?: Record<string, string>;
  anonymous?: true;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // eslint-disable-next-line typescript/no-explicit-any -- what a test reads out of a reply is checked by the test
  json: any;
}

export interface StartOptions {
  folder?: string;
  feedLimits?: Partial<FeedLimits>;
  patience?: Partial<Patience>;
  /** Settings of the environment; reads and the feed are open to all unless they say otherwise. */
  env?: Record<string, string>;
  /** A file that names witnesses. */
  policy?: string;
}

/** The whole service on a free port and an empty folder of its own, with real HTTP. `stop` leaves nothing behind. */
export async function startApp({
  folder = mkdtempSync(join(tmpdir(), 'zonewatch-test-')),
  env,
  policy,
  ...options
}: StartOptions = {}): Promise<TestApp> {
  const service = await startService(
    {
      ...readConfig({ ZONEWATCH_PUBLIC_READ: 'true', LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'fatal', ...env }),
      port: 0,
      data: folder,
      adminKey: KEY,
      policy,
    },
    options,
  );
  const call = async (method: string, path: string, { body, headers = {}, anonymous }: CallOptions = {}): Promise<Answer> => {
    const sign = anonymous ? {} : { authorization: `Bearer ${KEY}` };
    const response = await fetch(service.address + path, {
      method,
      headers: { ...sign, ...headers },
      ...(body !== undefined && { body: body as string }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  };
  return {
    ...service,
    folder,
    call,
    get: (path) => call('GET', path),
    post: (path, body, headers = {}) =>
      call('POST', path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }),
    feed: async (lines) => {
      const body = lines.map((line) => JSON.stringify(line)).join('\n');
      const { text } = await call('POST', '/v1/commands', { body, headers: { 'content-type': 'application/x-ndjson' } });
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
  };
}

export async function stopApp(app: TestApp): Promise<void> {
  await app.close();
  rmSync(app.folder, { recursive: true, force: true });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
