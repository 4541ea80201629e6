import { Controller, Get, Headers, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Needs } from '../access/guard.js';
import { Metrics } from './metrics.js';
import { OPEN_METRICS, openMetrics, prefersOpenMetrics, TEXT } from './open-metrics.js';

/** What Prometheus reads. */
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(Metrics) private readonly metrics: Metrics) {}

  @Get()
  @Needs('subscriber')
  async read(@Headers('accept') accept: string | undefined, @Res() response: FastifyReply): Promise<void> {
    const text = await this.metrics.text();
    const isOpen = prefersOpenMetrics(accept);
    void response
      .headers({ 'content-type': isOpen ? OPEN_METRICS : TEXT, vary: 'accept', 'cache-control': 'no-store' })
      .send(isOpen ? openMetrics(text) : text);
  }
}
