import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { STATUS_CODES } from 'node:http';
import { SignInRefused, type SignInCode } from '../access/sign-in-refused.js';
import type { FieldError } from '../body/json.js';
import { Refusal, type RefusalCode } from '../decider/refusal.js';
import type { FailureReason } from '../log/event-log.js';
import type { Unforeseen, Where } from '../logger.js';
import type { RefusedRequests } from './refused-requests.js';

/** A refusal that only HTTP knows. */
export type HttpCode =
  | 'bad-query'
  | 'future-position'
  | 'other-record'
  | 'too-many-connections'
  | 'too-many-commands'
  | 'not-found'
  | SignInCode
  | 'forbidden'
  | 'behind'
  | 'not-ready'
  | 'too-slow'
  | 'unsupported-media-type'
  | 'internal';

/** The one table that gives each code its status. */
const STATUS: Record<RefusalCode | HttpCode, number> = {
  malformed: 400,
  'bad-query': 400,
  'future-position': 400,
  unauthorized: 401,
  'token-expired': 401,
  revoked: 401,
  forbidden: 403,
  'not-found': 404,
  'no-such-command': 404,
  'no-such-subject': 404,
  'no-such-event': 404,
  'too-slow': 408,
  'already-exists': 409,
  'other-record': 410,
  'revision-mismatch': 412,
  'too-large': 413,
  'unsupported-media-type': 415,
  'unknown-reference': 422,
  'not-amendable': 422,
  'key-reused': 422,
  'too-many-commands': 429,
  'too-many-connections': 503,
  'keys-unavailable': 503,
  internal: 500,
  behind: 503,
  'not-ready': 503,
  'log-unavailable': 503,
  'outcome-unknown': 503,
};

export class HttpRefusal extends Error {
  constructor(
    readonly code: HttpCode | RefusalCode,
    message: string,
    readonly errors?: readonly FieldError[],
    /** In how many seconds to try again can help. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** Problem details as RFC 9457 has them, with a stable `code`, and `errors` where fields are at fault. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  errors?: readonly FieldError[];
  retryAfter?: number;
  /** What keeps the record from being written, where that is it. */
  reason?: FailureReason;
}

/** What a caller is told about an error. What nobody foresaw is told as `internal` and nothing else; the log hears the rest. */
export function problemOf(error: unknown, unforeseen: Unforeseen, where?: Where): Problem {
  if (error instanceof HttpRefusal) return problem(error.code, error.message, error.errors, error.retryAfter);
  if (error instanceof Refusal)
    return { ...problem(error.code, error.message, error.errors), ...(error.reason && { reason: error.reason }) };
  if (error instanceof SignInRefused) return problem(error.code, error.message);
  const { statusCode, message } = error as { statusCode?: unknown; message: string };
  const status = error instanceof HttpException ? error.getStatus() : statusCode;
  if (status === 413) return problem('too-large', 'the body is larger than the 49,152 bytes that are taken');
  if (status === 415) return problem('unsupported-media-type', 'send application/json, or application/x-ndjson to /v1/commands');
  if (status === 404) return problem('not-found', 'there is nothing at this address');
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { ...problem('malformed', message), status, title: STATUS_CODES[status] ?? 'Error' };
  unforeseen.tell(error, where);
  return problem('internal', 'something went wrong here; the log of the service tells what');
}

export function problem(code: RefusalCode | HttpCode, detail: string, errors?: readonly FieldError[], retryAfter?: number): Problem {
  const status = STATUS[code];
  return {
    type: `urn:zonewatch:problem:${code}`,
    title: STATUS_CODES[status]!,
    status,
    code,
    detail,
    ...(errors && { errors }),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

/** A problem for where no route is at hand to answer. */
export function problemText(code: HttpCode | RefusalCode, detail: string): string {
  return JSON.stringify(problem(code, detail));
}

/** Turns every error of a route into a problem document. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly unforeseen: Unforeseen,
    private readonly refused: RefusedRequests,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = problemOf(error, this.unforeseen, { requestId: reply.request.id });
    this.refused.tell(problem, error, reply.request);
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
    if (problem.status === 503 || problem.status === 429) reply.header('retry-after', String(problem.retryAfter ?? 1));
    // What is not there yet may come.
    reply.header('cache-control', 'no-store');
    void reply.status(problem.status).header('content-type', 'application/problem+json; charset=utf-8').send(JSON.stringify(problem));
  }
}
