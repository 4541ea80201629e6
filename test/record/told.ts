import { Commands } from '../../src/decider/commands.js';
import type { Json } from '../../src/event/event.js';
import type { OpenRecord } from '../../src/record/record.js';
import type { Db } from '../../src/record/schema.js';
import { sample } from '../support/sample.js';

/** Takes the Astana sample into a record. */
export async function tellSample({ log, tail }: OpenRecord): Promise<void> {
  const commands = new Commands(log, tail);
  const told = sample().map(({ command, id, body }) =>
    commands.submit({ command, body: body as Json, caller: 'test', ...(id !== undefined && { id }) }),
  );
  await Promise.all(told);
}

export interface StateRow {
  stream: string;
  since: number;
  changed: number;
  folded: unknown;
}

/** Every stored state, parsed, so that the order of keys doesn't count. */
export function statesIn(db: Db): StateRow[] {
  const rows = db.prepare<[], StateRow & { folded: string }>('SELECT * FROM states ORDER BY stream').all();
  return rows.map((row) => ({ ...row, folded: JSON.parse(row.folded) as unknown }));
}
