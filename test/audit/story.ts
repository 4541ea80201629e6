import { Commands } from '../../src/decider/commands.js';
import { Refusal } from '../../src/decider/refusal.js';
import type { OpenRecord } from '../../src/record/record.js';
import { Dice, Storyteller } from '../record/random-command.js';

const AT_ONCE = 20;

/** Takes so many random commands into a record. Some are refused, as they are made to be. */
export async function tellStory({ log, tail }: OpenRecord, seed: number, count: number): Promise<void> {
  const commands = new Commands(log, tail);
  const story = new Storyteller(new Dice(seed));
  for (let left = count; left > 0; left -= AT_ONCE) {
    const told = Array.from({ length: Math.min(left, AT_ONCE) }, () => commands.submit(story.next()));
    for (const answer of await Promise.allSettled(told)) {
      if (answer.status === 'fulfilled') story.learn(tail.event({ id: answer.value.reply.eventId })!);
      else if (!(answer.reason instanceof Refusal)) throw answer.reason;
    }
  }
}
