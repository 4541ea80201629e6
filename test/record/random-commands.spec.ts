import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVENTS } from '../../src/amendments/amendments.js';
import { Commands, type Receipt } from '../../src/decider/commands.js';
import type { Submission } from '../../src/decider/intake.js';
import { Refusal } from '../../src/decider/refusal.js';
import type { RecordedEvent } from '../../src/event/event.js';
import { emptyFold, type Folded } from '../../src/folding/fold.js';
import { present, type State } from '../../src/folding/state.js';
import { rebuild } from '../../src/record/rebuild.js';
import { openRecord, type OpenRecord } from '../../src/record/record.js';
import { EVENT_TYPES, SUBJECTS, subjectOfStream } from '../../src/subjects.js';
import { bounds } from '../../src/time/occurred.js';
import { DATES, Dice, Storyteller } from './random-command.js';
import { PATIENCE, rounds } from './rounds.js';
import { statesIn } from './told.js';

const STORIES = rounds(8);
const COMMANDS = 400;
const AT_ONCE = 30;
/** Any instant will do to read commitments at. */
const NOW = Date.UTC(2017, 6, 5);

test('the dates of the stories can all be read, and overlap', () => {
  expect(DATES.filter((date) => bounds(date) === null)).toEqual([]);
  expect(new Set(DATES).size).toBe(DATES.length);
  expect(DATES.length).toBeGreaterThanOrEqual(60);
});

test(
  `${STORIES * COMMANDS} random commands are recorded once each, and fold as they come to what they fold to from nothing`,
  async () => {
    const types = new Set<string>();
    const told = async (seed: number) => {
      const folder = mkdtempSync(join(tmpdir(), 'zonewatch-random-'));
      const record = openRecord(folder);
      try {
        const earlier = await tell(record, new Dice(seed));
        for (const type of checkPlaces(record)) types.add(type);
        checkStates(record);
        // Nothing that was recorded since shows in what was held before.
        const { at, states } = earlier;
        expect(states.map(({ stream }) => record.reader.state(stream, { at, now: NOW }))).toEqual(states);
      } finally {
        await record.close();
        rmSync(folder, { recursive: true });
      }
    };
    // A failure tells the seed: one number is the whole story, so there is nothing to shrink.
    await fc.assert(fc.asyncProperty(fc.noShrink(fc.integer()), told), { numRuns: STORIES });
    expect([...types].sort()).toEqual([...EVENT_TYPES].sort());
  },
  PATIENCE,
);

/** Tells a story, some commands at a time, each of them twice in a row. Returns the states that it had come to somewhere on the way. */
async function tell({ log, tail, writer }: OpenRecord, dice: Dice): Promise<{ at: number; states: State[] }> {
  const commands = new Commands(log, tail);
  const submit = async (submission: Submission): Promise<Receipt | Refusal> => {
    const answer = await commands.submit(submission).catch((error: unknown) => {
      if (error instanceof Refusal && mayBeRefused(submission).includes(error.code)) return error;
      throw new Error(`refused: ${JSON.stringify(submission)}`, { cause: error });
    });
    // What is answered for is durable.
    if (!(answer instanceof Refusal)) expect(writer.head).toBeGreaterThanOrEqual(answer.reply.sequence);
    return answer;
  };
  const story = new Storyteller(dice);
  const pause = dice.below(COMMANDS);
  let earlier: { at: number; states: State[] } | undefined;
  for (let left = COMMANDS; left > 0;) {
    const { head } = writer;
    const group = Array.from({ length: Math.min(left, 1 + dice.below(AT_ONCE)) }, () => story.next());
    left -= group.length;
    const answers = await Promise.all(
      group.map(async (submission) => {
        // The second is decided before the first is durable.
        const [first, second] = await Promise.all([submit(submission), submit(submission)]);
        if (first instanceof Refusal) {
          expect(second).toMatchObject({ code: first.code, message: first.message });
          return undefined;
        }
        expect(second).toEqual(repeatOf(submission, first, tail.event({ id: first.reply.eventId })!));
        return first;
      }),
    );
    const receipts = answers.filter((answer) => answer !== undefined);
    // What is refused is not written.
    expect(writer.head).toBe(head + receipts.filter(({ created }) => created).length);
    for (const { reply } of receipts) story.learn(tail.event({ id: reply.eventId })!);
    if (left <= pause) earlier ??= { at: writer.head, states: statesIn(writer.db).map(readAs) };
  }
  return earlier!;

  /** What the same command is answered at once: its first reply where it has a key, or else the event that it told of, which was there. */
  function repeatOf({ key }: Submission, first: Receipt, event: RecordedEvent): Receipt {
    if (key !== undefined || !first.created) return first;
    const fact = event.corroborates === undefined ? event : tail.event({ id: event.corroborates })!;
    return { created: false, reply: { ...first.reply, revision: fact.revision, sequence: fact.sequence, eventId: fact.id } };
  }
}

/** Why a valid command may be refused: an amendment that aims wrong, or a creation that is told again after it was corrected. */
function mayBeRefused({ command }: Submission): string[] {
  // A creation that is corrected to name what it creates names nothing.
  if (command.startsWith(`${EVENTS}/`)) return ['not-amendable', 'malformed', 'unknown-reference'];
  return SUBJECTS.some(({ collection, create }) => command === `${collection}/${create}`) ? ['already-exists'] : [];
}

/** Every sequence and every revision follows the one before. Returns the types that occurred. */
function checkPlaces({ writer }: OpenRecord): string[] {
  const events = writer.db
    .prepare<[], { sequence: number; stream: string; revision: number; type: string }>(
      'SELECT sequence, stream, revision, type FROM events ORDER BY sequence',
    )
    .all();
  const next = new Map<string, number>();
  const wanted = events.map(({ stream, type }, at) => {
    const revision = next.get(stream) ?? 0;
    next.set(stream, revision + 1);
    return { sequence: at + 1, stream, revision, type };
  });
  expect(events).toEqual(wanted);
  expect(events.length).toBe(writer.head);
  return events.map(({ type }) => type);
}

function checkStates({ writer }: OpenRecord): void {
  const came = statesIn(writer.db);
  rebuild(writer.db);
  const fromNothing = statesIn(writer.db);
  expect(fromNothing).toEqual(came);
  expect(fromNothing.map(readAs)).toEqual(came.map(readAs));
  // What nothing was folded into would be equal to itself as well.
  for (const { stream, folded } of came) expect(folded).not.toEqual(emptyFold(stream));
}

/** The state as it is served: its lists stand in an order that the comparison of objects passes over. */
function readAs({ stream, folded }: { stream: string; folded: unknown }) {
  return present(subjectOfStream(stream).projection, folded as Folded, NOW);
}
