import { decideAmendment, type AmendingCommand } from '../amendments/decide-amendment.js';
import { newId } from '../event/new-id.js';
import type { Reference } from '../body/validate.js';
import type { NewEvent, RecordedEvent } from '../event/event.js';
import { subjectOf } from '../event/subject.js';
import { amend } from '../folding/amend.js';
import { AppendFailed, EventTooLarge, WrongRevision, type EventLog } from '../log/event-log.js';
import { MAX_GROUP_EVENTS } from '../log/group-commit.js';
import type { Tail } from '../record/tail.js';
import { decide, type Command, type Decision, type Loaded } from './decide.js';
import { intake, type Intake, type Submission } from './intake.js';
import { Refusal, unwritten } from './refusal.js';

/** Where an event stands. `created` tells a new event (201) from one that was there already (200). */
export interface Receipt {
  created: boolean;
  reply: { id: string; stream: string; revision: number; sequence: number; eventId: string };
}

/** Is told how far a command is, again and again where it is decided again. May not throw. */
export interface Steps {
  deciding(): void;
  /** It is now appended. */
  decided(): void;
}

const MAX_ATTEMPTS = 8;
/** How long commands are decided before others are heard, in milliseconds. */
const MAX_TURN = 20;

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
  async submit(submission: Submission, steps?: Steps): Promise<Receipt> {
    const valid = intake(submission, this.clock());
    await this.turn();
    return this.execute(valid, steps);
  }

  /**
   * Commands that came in within one turn of the event loop are decided right after one another at its end, rather than each between the
   * parsing of two requests: what deciding and storing need stays at hand, which saves much of their time (docs/design/speed.md). No more
   * than fill a group are decided at once, nor for long, so that others are heard in between.
   */
  private turn(): Promise<void> {
    return new Promise((decide) => {
      if (this.waiting.push(decide) === 1) setImmediate(() => void this.endTurn());
    });
  }

  private async endTurn(): Promise<void> {
    const started = performance.now();
    for (let left = MAX_GROUP_EVENTS; left > 0 && this.waiting.length && performance.now() - started < MAX_TURN; left--) {
      this.waiting.shift()!();
      // Behind this the command has been decided.
      await Promise.resolve();
    }
    if (this.waiting.length) setImmediate(() => void this.endTurn());
  }

  /** Records a command that is known to be valid. */
  async execute(valid: Intake, steps?: Steps): Promise<Receipt> {
    for (let attempt = 1; ; attempt++) {
      try {
        steps?.deciding();
        const ready = 'amending' in valid ? this.loadAmending(valid.amending) : this.load(valid.command, valid.references);
        return await this.attempt(ready, steps);
      } catch (error) {
        if (error instanceof EventTooLarge) throw new Refusal('too-large', error.message);
        const failure = this.failureOf(error);
        // A disk that has failed will fail again at once. Whoever waits a little may find it well.
        if (attempt === MAX_ATTEMPTS || failure.reason !== 'unknown') throw unwritten(failure);
      }
    }
  }

  private failureOf(error: unknown): AppendFailed {
    if (error instanceof AppendFailed) return error;
    if (error instanceof WrongRevision) return new AppendFailed(error);
    const reason = error instanceof Refusal ? undefined : this.tail.failed(error);
    if (!reason) throw error;
    return new AppendFailed(error, reason);
  }

  private async attempt(ready: Ready, steps?: Steps): Promise<Receipt> {
    const decided = this.decide(ready);
    // Nothing is awaited between a decision and its append.
    const decision = decided instanceof Promise ? await decided : decided;
    steps?.decided();
    if ('known' in decision) {
      await this.durable(decision.known);
      return receipt(decision.known, decision.first);
    }
    const event: NewEvent = { id: newId(), recordedAt: new Date(this.clock()).toISOString(), ...decision.append };
    const { revision } = await this.log.append(ready.stream, decision.expected, [event]);
    return receipt({ ...event, stream: ready.stream, revision, sequence: this.tail.sequenceOf(event.id)! }, true);
  }

  /** Decides at once; but a refusal is told only when what it rests on is durable, or else it is decided again. */
  private decide(ready: Ready): Decision | Promise<never> {
    try {
      return ready.decide();
    } catch (refusal) {
      return this.refuse(refusal, ready);
    }
  }

  private async refuse(refusal: unknown, { stream, revision, keyed }: Ready): Promise<never> {
    const last = revision === undefined ? undefined : this.tail.event({ stream, revision });
    for (const ground of [last, keyed]) if (ground) await this.durable(ground);
    throw refusal;
  }

  private load(command: Command, references: readonly Reference[]): Ready {
    const { tail } = this;
    const { subject, verb, stream, caller, key } = command;
    const state = tail.state(stream);
    const keyed = key === undefined ? undefined : tail.byKey(caller, key);
    const ready = (loaded: Loaded) => ({ stream, revision: state?.revision, keyed, decide: () => decide(command, loaded) });
    if (keyed) return ready({ state, references: [], keyed: { event: keyed, ...this.corroboratedBy(keyed) } });
    const same = state && tail.sameAs({ ...command, type: subject.events[verb]! });
    return ready({
      state,
      references: references.map(({ field, name }) => ({ field, name, stream: this.tail.streamNamed(name) })),
      ...(same && { same: { fact: same, amendments: tail.amendments(same.id), since: () => tail.since(stream, same.revision) } }),
    });
  }

  /** The fact that a repeat corroborated, as it held when it was repeated. */
  private corroboratedBy(event: RecordedEvent): { target?: RecordedEvent } {
    if (event.corroborates === undefined) return {};
    const fact = this.tail.factOf(event);
    const until = this.tail.amendments(fact.id).filter(({ sequence }) => sequence < event.sequence);
    return { target: amend([fact, ...until])[0]! };
  }

  private loadAmending(command: AmendingCommand): Ready {
    const { tail } = this;
    const target = tail.event(command.target);
    if (!target) throw new Refusal('no-such-event', 'there is no such event');
    const fact = tail.factOf(target);
    const { revision } = tail.state(fact.stream)!;
    const keyed = command.key === undefined ? undefined : tail.byKey(command.caller, command.key);
    const record = { streamNamed: (name: string) => this.tail.streamNamed(name) };
    const loaded = { target, fact, amendments: tail.amendments(fact.id), revision, keyed, record };
    return { stream: fact.stream, revision, keyed, decide: () => decideAmendment(command, loaded) };
  }

  /** What the open group has written may still be lost with it: appending it once more tells when it is safe, and writes nothing. */
  private async durable(event: RecordedEvent): Promise<void> {
    if (event.sequence > this.tail.head) await this.log.append(event.stream, event.revision === 0 ? 'none' : event.revision - 1, [event]);
  }
}

/** A command with all that its decision rests on. */
interface Ready {
  stream: string;
  /** The revision that the stream is at; undefined where there is none. */
  revision: number | undefined;
  keyed: RecordedEvent | undefined;
  decide(): Decision;
}

function receipt(
  { stream, revision, sequence, id }: Pick<RecordedEvent, 'stream' | 'revision' | 'sequence' | 'id'>,
  created: boolean,
): Receipt {
  return { created, reply: { id: subjectOf(stream)!.id, stream, revision, sequence, eventId: id } };
}
