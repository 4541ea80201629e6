import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { readConfig } from '../../src/config.js';
import { startWatched, zone, type WatchedApp } from '../support/watched-app.js';

interface Exported {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  kind: number;
  attributes: { key: string; value: Record<string, unknown> }[];
  links?: { traceId: string; spanId: string }[];
  status: { code?: number; message?: string };
}

/** A collector of OTLP over HTTP that keeps what it is sent. */
class Collector {
  readonly spans: Exported[] = [];
  readonly resources: string[] = [];
  status = 200;
  asked = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Collector> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const bytes = Buffer.concat(chunks);
        collector.asked += 1;
        if (collector.status === 200) collector.take(request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes);
        response.writeHead(collector.status, { 'content-type': 'application/json' }).end('{}');
      });
    });
    const collector = new Collector(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return collector;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  named(name: string): Exported[] {
    return this.spans.filter((span) => span.name === name);
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private take(bytes: Buffer): void {
    const { resourceSpans } = JSON.parse(bytes.toString()) as {
      resourceSpans: { resource: object; scopeSpans: { spans: Exported[] }[] }[];
    };
    for (const { resource, scopeSpans } of resourceSpans) {
      this.resources.push(JSON.stringify(resource));
      for (const { spans } of scopeSpans) this.spans.push(...spans);
    }
  }
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

let collector: Collector;
let app: WatchedApp | undefined;
beforeEach(async () => {
  collector = await Collector.start();
});
afterEach(async () => {
  await app?.stop();
  app = undefined;
  collector.stop();
});

/** What one report with these headers leaves at the collector, and the event without what no two events share. */
async function reported(headers: Record<string, string>, settings: Record<string, string>) {
  app = await startWatched(settings);
  expect((await app.ask('/v1/zones', zone('idlib', headers))).status).toBe(201);
  const bytes = app.record.writer.db.prepare<[], string>('SELECT bytes FROM events').pluck().get()!;
  await app.stop();
  app = undefined;
  return bytes.replace(/"id":"[0-9a-f-]{36}"|"recordedAt":"[^"]*"/g, '');
}

const traced = () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.address });
const valueOf = ({ attributes }: Exported, key: string) => Object.values(attributes.find((one) => one.key === key)?.value ?? {})[0];

test("a request, its command and the command's group reach the collector, under the caller's trace", async () => {
  await reported({ traceparent: `00-${TRACE}-${PARENT}-01`, 'x-request-id': 'desk-1' }, traced());
  const [request] = collector.named('POST /v1/:collection') as [Exported];
  expect(request).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, kind: 2 });
  expect(valueOf(request, 'http.response.status_code')).toBe(201);
  expect(valueOf(request, 'zonewatch.request_id')).toBe('desk-1');
  const [command] = collector.named('command') as [Exported];
  expect(command).toMatchObject({ traceId: TRACE, parentSpanId: request.spanId });
  expect([valueOf(command, 'zonewatch.command'), valueOf(command, 'zonewatch.sequence')]).toEqual(['zones/report', 1]);
  const [[decide], [append]] = [collector.named('decide'), collector.named('append')] as [[Exported], [Exported]];
  for (const step of [decide, append]) expect(step).toMatchObject({ traceId: TRACE, parentSpanId: command.spanId });
  const [group] = collector.named('group') as [Exported];
  expect(group.links).toEqual([expect.objectContaining({ traceId: TRACE, spanId: append.spanId })]);
  expect(collector.named('commit')).toEqual([expect.objectContaining({ parentSpanId: group.spanId, traceId: group.traceId })]);
  expect(collector.resources[0]).toContain('{"key":"service.name","value":{"stringValue":"zonewatch"}}');
});

test('what is recorded is the same with a trace, without one, and where none are made', async () => {
  const headers = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'a=b' };
  const recorded = [await reported(headers, traced()), await reported({}, traced()), await reported(headers, {})];
  expect(new Set(recorded).size).toBe(1);
  expect(recorded[0]).not.toContain(TRACE);
});

test('a trace that its caller does not keep is not kept here, and a name that is none begins a new one', async () => {
  await reported({ traceparent: `00-${TRACE}-${PARENT}-00` }, traced());
  expect(collector.named('command')).toEqual([]);
  for (const traceparent of [
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01-more`,
    `ff-${TRACE}-${PARENT}-01`,
    'nonsense',
  ]) {
    await reported({ traceparent }, traced());
    expect(collector.named('command').at(-1)!.traceId).not.toBe(TRACE);
  }
});

test('a command that is refused and a request without a route are told as what they are', async () => {
  app = await startWatched({ ...traced(), OTEL_SERVICE_NAME: 'desk' });
  await (await app.ask('/v1/zones', { ...zone('idlib'), body: '{}' })).text();
  await (await app.ask('/no/such/place?token=hush')).text();
  await app.stop();
  app = undefined;
  expect(collector.named('command')).toEqual([expect.objectContaining({ status: { code: 2, message: 'malformed' } })]);
  expect(collector.named('GET')).toHaveLength(1);
  expect(collector.resources[0]).toContain('{"key":"service.name","value":{"stringValue":"desk"}}');
  expect(JSON.stringify(collector.spans)).not.toContain('hush');
});

test('a collector that refuses is told of once, holds up nothing, and is told of again when it takes them', async () => {
  collector.status = 400;
  app = await startWatched(traced());
  const until = async (done: () => boolean) => {
    while (!done()) await (await app!.ask('/v1/zones')).text();
  };
  await until(() => collector.asked > 1 && app!.said('traces cannot be sent and are lost; it is tried again').length > 0);
  collector.status = 200;
  await until(() => app!.said('traces can be sent again').length > 0);
  expect(app.said('traces cannot be sent and are lost; it is tried again')).toHaveLength(1);
});

describe('the settings', () => {
  const settings = (env: Record<string, string>) => readConfig(env).traces;

  test('are those of OpenTelemetry', () => {
    expect(settings({})).toBeUndefined();
    expect(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:4318/' })).toEqual({ url: 'http://a:4318/v1/traces', service: 'zonewatch' });
    const both = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:4318',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://b/traces',
      OTEL_SERVICE_NAME: 'c',
    };
    expect(settings(both)).toEqual({ url: 'https://b/traces', service: 'c' });
    expect(settings({ ...both, OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
  });

  test('are refused by name, and an address is not repeated', () => {
    for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])
      for (const wrong of ['collector:4318', 'user:hush@collector', '/v1/traces', 'grpc://collector'])
        expect(() => settings({ [name]: wrong })).toThrow(
          new RegExp(`^${name} must be an http or https address: http://collector.example:4318$`),
        );
    expect(() => settings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toThrow(
      /^OTEL_EXPORTER_OTLP_PROTOCOL can only be http\/json/,
    );
  });
});
