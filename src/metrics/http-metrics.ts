import { Histogram, type Registry } from 'prom-client';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export interface HttpMetrics {
  /** A request has been answered. `route` is a template, never an address; undefined where there was none. */
  answered(request: { method: string; route: string | undefined; status: number; seconds: number }): void;
}

/** How long requests took. */
export function httpMetrics(registry: Registry): HttpMetrics {
  const duration = new Histogram({
    name: 'zonewatch_http_request_duration_seconds',
    help: 'How long requests took, but for streams.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const known = new Map<string, Histogram.Internal<'method' | 'route' | 'status'>>();
  return {
    answered: ({ method, route = 'none', status, seconds }) => {
      const labels = { method: METHODS.has(method) ? method : 'other', route, status: `${Math.floor(status / 100)}xx` };
      const key = `${labels.method} ${route} ${labels.status}`;
      let own = known.get(key);
      if (!own) known.set(key, (own = duration.labels(labels)));
      own.observe(seconds);
    },
  };
}
