/** The media types of the two forms in which metrics are told. */
export const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
export const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Whether whoever sent this `accept` would rather have OpenMetrics. */
export function prefersOpenMetrics(accept = ''): boolean {
  const [open, text] = ['application/openmetrics-text', 'text/plain'].map((type) => quality(accept, type));
  return open! > 0 && open! >= text!;
}

function quality(accept: string, type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [named, ...parameters] = range.split(';').map((part) => part.trim());
    if (named !== type) continue;
    const q = parameters.find((one) => one.startsWith('q='));
    return q === undefined ? 1 : Number(q.slice(2)) || 0;
  }
  return 0;
}

/**
 * Prometheus' text as OpenMetrics. prom-client's own way there renames its counters, so that the text form is no longer what it was:
 * a counter's family has no `_total` in OpenMetrics, only its samples have.
 */
export function openMetrics(text: string): string {
  const counters = new Set([...text.matchAll(/^# TYPE (\w+)_total counter$/gm)].map(([, name]) => name));
  const families = text.replace(/^# (HELP|TYPE) (\w+)_total /gm, (line, what: string, name: string) =>
    counters.has(name) ? `# ${what} ${name} ` : line,
  );
  return `${families.replace(/\n{2,}/g, '\n').trimEnd()}\n# EOF\n`;
}
