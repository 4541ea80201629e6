import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { FieldError } from '../body/json.js';
import { Refusal, type RefusalCode } from '../decider/refusal.js';
import type { Unforeseen } from '../logger.js';

/** A refusal that only HTTP knows. */
export type HttpCode =
  | 'bad-query'
  | 'future-position'
  | 'other-record'
  | 'too-many-connections'
  | 'not-found'
  | 'unauthorized'
  | 'forbidden'
  | 'behind'
  | 'unsupported-media-type'
  | 'internal';

/** The one table that gives each code its status. */
const STATUS: Record<RefusalCode | HttpCode, number> = {
  malformed: 400,
  'bad-query': 400,
  'future-position': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'no-such-command': 404,
  'no-such-subject': 404,
  'no-such-event': 404,
  'already-exists': 409,
  'other-record': 410,
  'revision-mismatch': 412,
  'too-large': 413,
  'unsupported-media-type': 415,
  'unknown-reference': 422,
  'not-amendable': 422,
  'key-reused': 422,
  'too-many-connections': 503,
  internal: 500,
  behind: 503,
  'log-unavailable': 503,
};

export class HttpRefusal extends Error {
  constructor(
    readonly code: HttpCode | RefusalCode,
    message: string,
    readonly errors?: readonly FieldError[],
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
}

/** What a caller is told about an error. What nobody foresaw is told as `internal` and nothing else; the log hears the rest. */
export function problemOf(error: unknown, unforeseen: Unforeseen): Problem {
  if (error instanceof Refusal || error instanceof HttpRefusal) return problem(error.code, error.message, error.errors);
  const { statusCode, message } = error as { statusCode?: unknown; message: string };
  const status = error instanceof HttpException ? error.getStatus() : statusCode;
  if (status === 413) return problem('too-large', 'the body is larger than the 49,152 bytes that are taken');
  if (status === 415) return problem('unsupported-media-type', 'send application/json, or application/x-ndjson to /v1/commands');
  if (status === 404) return problem('not-found', 'there is nothing at this address');
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { ...problem('malformed', message), status, title: STATUS_CODES[status] ?? 'Error' };
  unforeseen.tell(error);
  return problem('internal', 'something went wrong here; the log of the service tells what');
}

function problem(code: RefusalCode | HttpCode, detail: string, errors?: readonly FieldError[]): Problem {
  const status = STATUS[code];
  return { type: `urn:zonewatch:problem:${code}`, title: STATUS_CODES[status]!, status, code, detail, ...(errors && { errors }) };
}

/** Turns every error of a route into a problem document. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly unforeseen: Unforeseen) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const problem = problemOf(error, this.unforeseen);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
    if (problem.status === 503) reply.header('retry-after', '1');
    // What is not there yet may come.
    reply.header('cache-control', 'no-store');
    void reply.status(problem.status).header('content-type', 'application/problem+json; charset=utf-8').send(JSON.stringify(problem));
  }
}
