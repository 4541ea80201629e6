import { Inject, Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';
import { Feed } from '../feed/feed.js';
import { PublishedLog } from '../proof/published-log.js';
import { RecordReader } from '../record/record-reader.js';
import { RecordWriter } from '../record/record-writer.js';
import { commandMetrics, type CommandMetrics } from './command-metrics.js';
import { feedMetrics } from './feed-metrics.js';
import { httpMetrics, type HttpMetrics } from './http-metrics.js';
import { processMetrics } from './process-metrics.js';
import { proofMetrics, type ProofMetrics } from './proof-metrics.js';
import { recordMetrics } from './record-metrics.js';

/** Everything that is counted, under the names of docs/OPERATE.md. */
@Injectable()
export class Metrics {
  readonly commands: CommandMetrics;
  readonly http: HttpMetrics;
  readonly proofs: ProofMetrics;
  private readonly registry = new Registry();

  constructor(
    @Inject(RecordWriter) writer: RecordWriter,
    @Inject(RecordReader) reader: RecordReader,
    @Inject(PublishedLog) log: PublishedLog,
    @Inject(Feed) feed: Feed,
  ) {
    recordMetrics(this.registry, writer, reader);
    this.commands = commandMetrics(this.registry);
    this.proofs = proofMetrics(this.registry, log);
    feedMetrics(this.registry, feed.traffic, () => writer.head);
    this.http = httpMetrics(this.registry);
    processMetrics(this.registry);
  }

  /** All of them in Prometheus' text form. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
}
