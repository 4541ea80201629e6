import type { Receipt } from '../../src/decider/commands.js';
import type { Said } from './desk.js';
import type { TestApp } from './start-app.js';

export type Told = Receipt['reply'];

/** Commands that are taken, in this order; one without sources has one. Where each of their events stands. */
export async function tell(app: TestApp, ...said: Said[]): Promise<Told[]> {
  const lines = said.map(([command, body]) => {
    const [name, id] = command.split(' ') as [string, string?];
    const isSourced = 'sources' in body || name.startsWith('parties/') || name === 'events/correct' || name === 'events/retract';
    return { command: name, ...(id !== undefined && { id }), body: isSourced ? body : { sources: [{ publisher: 'TASS' }], ...body } };
  });
  const replies = await app.feed(lines);
  const refused = replies.filter(({ eventId }) => eventId === undefined);
  if (refused.length) throw new Error(`this was refused: ${JSON.stringify(refused)}`);
  const told = replies as unknown as Told[];
  const repeated = told.find(({ sequence }, at) => at > 0 && sequence <= told[at - 1]!.sequence);
  if (repeated) throw new Error(`this was told before: ${JSON.stringify(repeated)}`);
  return told;
}
