import { newId } from '../event/new-id.js';
import type { Reference } from '../body/validate.js';
import type { NewEvent, RecordedEvent } from '../event/event.js';
import { fingerprint } from '../event/fingerprint.js';
import { eventRef, subjectOf } from '../event/subject.js';
import { AppendFailed, EventTooLarge, WrongRevision, type EventLog } from '../log/event-log.js';
import { MAX_GROUP_EVENTS } from '../log/group-commit.js';
import type { Tail } from '../record/tail.js';
import { decide, type Command, type Decision, type Loaded } from './decide.js';
import { intake, type Submission } from './intake.js';
import { Refusal } from './refusal.js';

/** Where an event stands. `created` tells a new event (201) from one that was there already (200). */
export interface Receipt {
  created: boolean;
  reply: { id: string; stream: string; revision: number; sequence: number; eventId: string };
}

const MAX_ATTEMPTS = 8;

/**
 * The write path, the only one: load, decide, append, and again where others were quicker or the group failed. From the load to the append
 * nothing waits, so commands are decided in the order in which they come, each on all that was written before it.
 */
export class Commands {
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly log: EventLog,
    private readonly tail: Tail,
    private readonly clock: () => number = Date.now,
  ) {}

  /** Records a submission. Resolves when its event is durable and every read of this node shows it; rejects with a `Refusal`. */
  async submit(submission: Submission): Promise<Receipt> {
    const { command, references } = intake(submission, this.clock());
    await this.turn();
    return this.execute(command, references);
  }

  /**
   * Commands that came in within one turn of the event loop are decided right after one another at its end, rather than each between the
   * parsing of two requests: what deciding and storing need stays at hand, which saves much of their time (docs/design/speed.md). No more
   * than fill a group are decided at once, so that others are heard in between.
   */
  private turn(): Promise<void> {
    return new Promise((decide) => {
      if (this.waiting.push(decide) === 1) setImmediate(() => this.endTurn());
    });
  }

  private endTurn(): void {
    for (const decide of this.waiting.splice(0, MAX_GROUP_EVENTS)) decide();
    if (this.waiting.length) setImmediate(() => this.endTurn());
  }

  /** Records a command that is known to be valid. */
  async execute(command: Command, references: readonly Reference[]): Promise<Receipt> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(command, this.load(command, references));
      } catch (error) {
        if (error instanceof EventTooLarge) throw new Refusal('too-large', error.message);
        if (!(error instanceof WrongRevision || error instanceof AppendFailed)) throw error;
        if (attempt === MAX_ATTEMPTS) throw new Refusal('log-unavailable', `the record could not be written: ${error.message}`);
      }
    }
  }

  private async attempt(command: Command, loaded: Loaded): Promise<Receipt> {
    const decided = this.decide(command, loaded);
    // Nothing is awaited between a decision and its append.
    const decision = decided instanceof Promise ? await decided : decided;
    if ('known' in decision) {
      await this.durable(decision.known);
      return receipt(decision.known, decision.first);
    }
    const event: NewEvent = { id: newId(), recordedAt: new Date(this.clock()).toISOString(), ...decision.append };
    const { revision } = await this.log.append(command.stream, decision.expected, [event]);
    return receipt({ ...event, stream: command.stream, revision, sequence: this.tail.sequenceOf(event.id)! }, true);
  }

  /** Decides at once; but a refusal is told only when what it rests on is durable, or else it is decided again. */
  private decide(command: Command, loaded: Loaded): Decision | Promise<never> {
    try {
      return decide(command, loaded);
    } catch (refusal) {
      return this.refuse(refusal, loaded);
    }
  }

  private async refuse(refusal: unknown, { state, keyed }: Loaded): Promise<never> {
    const last = state && state.sequence > this.tail.head ? this.tail.event({ stream: state.stream, revision: state.revision }) : undefined;
    for (const ground of [last, keyed?.event]) if (ground) await this.durable(ground);
    throw refusal;
  }

  private load(command: Command, references: readonly Reference[]): Loaded {
    const { tail } = this;
    const { subject, verb, stream, caller, key } = command;
    const state = tail.state(stream);
    const keyed = key === undefined ? undefined : tail.byKey(caller, key);
    if (keyed) {
      const target = keyed.corroborates === undefined ? undefined : tail.event({ id: keyed.corroborates });
      return { state, references: [], keyed: { event: keyed, ...(target && { target }) } };
    }
    const same = state && tail.byFingerprint(fingerprint({ ...command, type: subject.events[verb]! }));
    return {
      state,
      references: references.map(({ field, name }) => ({ field, name, stream: this.streamNamed(name) })),
      ...(same && {
        same: { event: same, since: () => tail.since(stream, same.revision), corroborations: () => tail.corroborations(same.id) },
      }),
    };
  }

  /** The stream that a reference is about, if what it names exists. */
  private streamNamed(name: string): string | undefined {
    if (subjectOf(name)) return this.tail.state(name) && name;
    const ref = eventRef(name);
    return ref && this.tail.event(ref)?.stream;
  }

  /** What the open group has written may still be lost with it: appending it once more tells when it is safe, and writes nothing. */
  private async durable(event: RecordedEvent): Promise<void> {
    if (event.sequence > this.tail.head) await this.log.append(event.stream, event.revision === 0 ? 'none' : event.revision - 1, [event]);
  }
}

function receipt(
  { stream, revision, sequence, id }: Pick<RecordedEvent, 'stream' | 'revision' | 'sequence' | 'id'>,
  created: boolean,
): Receipt {
  return { created, reply: { id: subjectOf(stream)!.id, stream, revision, sequence, eventId: id } };
}
