import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Logger } from '../logger.js';
import type { HttpMetrics } from '../metrics/http-metrics.js';
import type { Span, Traces } from '../traces/traces.js';

/** A key or a token would stand in the log. */
const ID = /^(?!zw_|eyJ)[\w.-]{1,64}$/;
/** In milliseconds. */
const SLOW = 1_000;

/** The id of a request: its caller's own, where it is one that can stand in any log, or else a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && ID.test(given) ? given : randomUUID();
}

const spans = new WeakMap<FastifyRequest, Span>();

/** The span of a request, where traces are made. */
export function spanOf(request: FastifyRequest): Span | undefined {
  return spans.get(request);
}

export interface RequestWatch {
  logger: Logger;
  metrics: HttpMetrics;
  traces: Traces;
}

/** Gives every answer the id of its request, and counts, times, traces and logs each request when its answer is through or broken off. */
export function watchRequests(fastify: FastifyInstance, watch: RequestWatch): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    watchRequest(request, reply, watch);
    done();
  });
}

/** For the requests that no hook sees: those with an address that can't be read. */
export function watchRequest(request: FastifyRequest, reply: FastifyReply, { logger, metrics, traces }: RequestWatch): void {
  const { id: requestId, method } = request;
  const began = performance.now();
  // On the answer itself: streams and what is cut off are answered past Fastify.
  reply.raw.setHeader('x-request-id', requestId);
  const route = request.routeOptions.url;
  const span = traces.request(route === undefined ? method : `${method} ${route}`, request.headers);
  if (span) spans.set(request, span);
  // Fastify's own hook for this is not called where the answer is broken off.
  reply.raw.once('close', () => {
    const took = performance.now() - began;
    const status = reply.raw.statusCode;
    const told = { requestId, method, route, status, ms: Math.round(took), ...(span && { traceId: span.traceId }) };
    const streams = isStream(reply);
    if (!streams) metrics.answered({ method, route, status, seconds: took / 1_000 });
    if (took > SLOW && !streams && !waits(request)) logger.warn(told, 'slow request');
    else logger.debug(told, 'request');
    if (!span) return;
    span.set({ 'http.request.method': method, 'http.response.status_code': status, 'zonewatch.request_id': requestId });
    if (route !== undefined) span.set({ 'http.route': route });
    if (status >= 500) span.failed(String(status));
    span.end();
  });
}

/** Whether an answer goes on as long as its reader likes. */
function isStream({ raw }: FastifyReply): boolean {
  return /^text\/event-stream|^application\/x-ndjson/.test(String(raw.getHeader('content-type') ?? ''));
}

/** Whether a caller asked to wait for what is still to come. */
function waits({ query, routeOptions }: FastifyRequest): boolean {
  return (query as Record<string, unknown> | undefined)?.['min'] !== undefined || routeOptions.url === '/v1/events/:id/proof';
}
