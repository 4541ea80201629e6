import { Controller, Get, Inject, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { Needs } from '../access/guard.js';
import { problem } from '../http/problems.js';
import { LOGGER, type Logger } from '../logger.js';
import { RecordReader } from '../record/record-reader.js';
import { Readiness } from './readiness.js';

@Controller('health')
export class HealthController {
  private wasReady = true;

  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(RecordReader) private readonly record: RecordReader,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The process answers: an event loop that is stuck would not, and nothing else calls for another process. */
  @Get('live')
  @Needs('nothing')
  live() {
    return { status: 'ok' };
  }

  /** The service can do its work; if not, 503 and which check says why. */
  @Get('ready')
  @Needs('nothing')
  async ready(@Res({ passthrough: true }) response: FastifyReply) {
    const { epoch, head: sequence } = this.record;
    const { isReady, checks } = await this.check();
    void response.header('cache-control', 'no-store');
    if (isReady) return { status: 'ok', epoch, sequence, checks };
    const why = Object.entries(checks).flatMap(([name, { status, message }]) => (status === 'down' ? [`${name}: ${message}`] : []));
    void response.status(503).headers({ 'content-type': 'application/problem+json; charset=utf-8', 'retry-after': '1' });
    return { ...problem('not-ready', why.join('; ')), epoch, sequence, checks };
  }

  private async check() {
    const { isReady, checks } = await this.health.check(this.readiness.checks).then(
      ({ details }) => ({ isReady: true, checks: details }),
      (error: unknown) => {
        if (!(error instanceof ServiceUnavailableException)) throw error;
        return { isReady: false, checks: (error.getResponse() as HealthCheckResult).details };
      },
    );
    // Told once, and not with every look of whoever watches.
    if (isReady && !this.wasReady) this.logger.info('ready again');
    if (!isReady && this.wasReady) this.logger.warn({ checks }, 'not ready');
    this.wasReady = isReady;
    return { isReady, checks };
  }
}
