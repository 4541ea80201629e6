import type { Source } from '../event/event.js';

/** What counts as one source: the agency or text that is carried, or else the outlet itself. Outlets with one origin are one source. */
export function sourceKey({ origin, publisher }: Source): string {
  return (origin ?? publisher).trim().toLowerCase();
}

/** Whether some source is none of those that are known. */
export function isNews(sources: readonly Source[], known: readonly Source[]): boolean {
  const keys = new Set(known.map(sourceKey));
  return sources.some((source) => !keys.has(sourceKey(source)));
}
