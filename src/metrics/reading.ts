import { Counter, Gauge, type Registry } from 'prom-client';

/** A value, and those of its labels where it has some. */
export type Sample = readonly [value: number, labels: Readonly<Record<string, string>>];

type Read = (name: string, help: string, samples: () => readonly Sample[] | number | undefined, labelNames?: readonly string[]) => void;

/** Metrics that are read where they stand whenever somebody asks: what counts has numbers of its own and knows nothing of metrics. */
export function reading(registry: Registry): { counter: Read; gauge: Read } {
  const made =
    (Metric: typeof Counter | typeof Gauge): Read =>
    (name, help, samples, labelNames = []) => {
      new Metric<string>({
        name,
        help,
        labelNames: [...labelNames],
        registers: [registry],
        collect() {
          this.reset();
          const found = samples();
          // What nobody knows has no sample, rather than a nought.
          if (found === undefined) this.remove();
          else if (typeof found === 'number') this.inc(found);
          else for (const [value, labels] of found) this.inc(labels, value);
        },
      });
    };
  return { counter: made(Counter), gauge: made(Gauge) };
}
