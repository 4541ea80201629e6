import { createTraceState, isSpanContextValid, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Span as OtelSpan, SpanContext, Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Logger } from '../logger.js';
import { VERSION } from '../version.js';
import { ToldExporter } from './told-exporter.js';
import type { Attributes, Span, TraceSettings, Traces } from './traces.js';

/** How long the last spans may take at a stop, in milliseconds. */
const PATIENCE = 2_000;
/** How long a collector may take over one export, in milliseconds. */
const EXPORT_TIMEOUT = 5_000;
/** As many as a group can hold at the most. */
const MAX_LINKS = 256;

/** Traces by OpenTelemetry's SDK, sent over OTLP. This file is loaded only where traces are asked for: the SDK is large. */
export function otlpTraces({ url, service }: TraceSettings, logger: Logger): Traces {
  const resource = defaultResource()
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes({ 'service.name': service, 'service.version': VERSION }));
  const exporter = new ToldExporter(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT }), logger);
  const provider = new TracerProvider({
    resource,
    spanLimits: { linkCountLimit: MAX_LINKS },
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 1_000 })],
  });
  const tracer = provider.getTracer('zonewatch', VERSION);
  let appending: SpanContext[] = [];
  return {
    request: (name, headers) => {
      const parent = parentIn(headers);
      const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
      return new OtlpSpan(tracer.startSpan(name, { kind: SpanKind.SERVER }, context), tracer);
    },
    append: (command) => {
      const span = (command as OtlpSpan).child('append');
      if (appending.length < MAX_LINKS) appending.push(span.context);
      return span;
    },
    group: (took) => {
      const links = appending.map((context) => ({ context }));
      appending = [];
      const committed = Date.now();
      const span = tracer.startSpan('group', { links, startTime: committed - took }, ROOT_CONTEXT);
      const inside = trace.setSpan(ROOT_CONTEXT, span);
      tracer.startSpan('commit', { startTime: committed - took }, inside).end(committed);
      return new OtlpSpan(span, tracer);
    },
    close: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE)));
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

class OtlpSpan implements Span {
  constructor(
    private readonly span: OtelSpan,
    private readonly tracer: Tracer,
  ) {}

  get context(): SpanContext {
    return this.span.spanContext();
  }

  get traceId(): string {
    return this.context.traceId;
  }

  child(name: string): OtlpSpan {
    return new OtlpSpan(this.tracer.startSpan(name, {}, trace.setSpan(ROOT_CONTEXT, this.span)), this.tracer);
  }

  set(attributes: Attributes): void {
    this.span.setAttributes(attributes);
  }

  failed(why: string): void {
    this.span.setStatus({ code: SpanStatusCode.ERROR, message: why });
  }

  end(): void {
    this.span.end();
  }
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;

/** The span that a caller's headers name, as W3C Trace Context has it. What is malformed is passed over. */
function parentIn({ traceparent, tracestate }: Record<string, string | string[] | undefined>): SpanContext | undefined {
  const [header = '', traceId = '', spanId = '', flags = '0'] = TRACEPARENT.exec(typeof traceparent === 'string' ? traceparent : '') ?? [];
  if (header.startsWith('00') && header !== traceparent) return undefined;
  const parent = { traceId, spanId, traceFlags: parseInt(flags, 16) & 1, isRemote: true };
  if (!isSpanContextValid(parent)) return undefined;
  return typeof tracestate === 'string' ? { ...parent, traceState: createTraceState(tracestate) } : parent;
}
