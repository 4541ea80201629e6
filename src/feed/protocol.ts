import { readFileSync } from 'node:fs';
import type { JsonSchema } from '../body/fields.js';

/** The messages of the feed as JSON Schema (draft-07): the one file that mirrors docs/PROTOCOL.md. */
export const protocolSchema = JSON.parse(readFileSync(new URL('protocol.schema.json', import.meta.url), 'utf8')) as {
  definitions: Record<string, JsonSchema>;
};

/** The messages' schemas where another document keeps its own. */
export function schemasAt(place: string): Record<string, JsonSchema> {
  return JSON.parse(JSON.stringify(protocolSchema.definitions).replaceAll('#/definitions/', place)) as Record<string, JsonSchema>;
}
