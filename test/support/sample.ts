import { readFileSync } from 'node:fs';

export interface Line {
  command: string;
  id?: string;
  idempotencyKey?: string;
  body: Record<string, unknown>;
}

/** The commands of the Astana sample. */
export function sample(): Line[] {
  const text = readFileSync(new URL('../../samples/astana-2017.ndjson', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}
