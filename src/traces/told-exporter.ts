import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../logger.js';

type Done = Parameters<SpanExporter['export']>[1];

/** Tells once that traces can't be sent, and once that they can again. The spans of a failed export are lost; nobody waits for them. */
export class ToldExporter implements SpanExporter {
  private isFailing = false;
  private lost = 0;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly logger: Logger,
  ) {}

  export(spans: ReadableSpan[], done: Done): void {
    this.exporter.export(spans, (result) => {
      const { error } = result;
      if (error) this.failed(error, spans.length);
      else this.worked();
      // The SDK would tell of every failure anew.
      done({ code: 0 });
    });
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.exporter.forceFlush?.();
  }

  private failed(error: Error, spans: number): void {
    this.lost += spans;
    // Only what it says: an error of the exporter has the answer of the collector with it.
    if (!this.isFailing) this.logger.warn({ why: error.message }, 'traces cannot be sent and are lost; it is tried again');
    this.isFailing = true;
  }

  private worked(): void {
    if (this.isFailing) this.logger.info({ lost: this.lost }, 'traces can be sent again');
    this.isFailing = false;
    this.lost = 0;
  }
}
