import type { Subject } from '../decider/subject.js';
import type { Folded } from '../folding/fold.js';
import { present, type State } from '../folding/state.js';
import type { Checkpoint } from '../proof/checkpoint.js';
import { SUBJECTS, subjectOfStream } from '../subjects.js';
import { FindingError, type Finding } from './finding.js';
import type { Progress } from './rehash.js';
import { Scratch } from './scratch.js';
import type { Check, VerifiedPage } from './source.js';
import { changed, statesPage, unreadable, type StatesPage } from './states-page.js';
import { wrongField } from './wrong-field.js';

/** Reads what an address under `/v1/` has, at most so many bytes and one more to show that there are others; nothing where it has nothing. */
export type ReadShown = (path: string, most: number) => Promise<Buffer | undefined>;

/** What a page may have. One that has more is asked for in smaller ones, so that only a single state can be too large. */
const MAX_PAGE_BYTES = 2 ** 24;
const PAGE = 1_000;
const SMALLER = 10;

/** After how many states that no event tells of a service is not asked for more: it could make them up for ever. */
const MOST_UNKNOWN = 100;

/**
 * Holds the states that a service shows against the ones that its events fold: they are recorded anew in a scratch record, which grows with
 * them on disk. A log without any of `/v1/` shows no states, and is held to none.
 */
export class ServiceStates implements Check {
  private readonly scratch = new Scratch();
  private fault: Finding | undefined;

  constructor(
    private readonly checkpoint: Checkpoint,
    private readonly read: ReadShown,
  ) {}

  async page({ entries }: VerifiedPage): Promise<readonly Finding[]> {
    if (this.fault) return [];
    const { copy } = this.scratch;
    try {
      for (const entry of entries) copy.write(copy.read(entry));
      copy.flush();
    } catch (error) {
      if (!(error instanceof FindingError)) throw error;
      // What comes behind rests on what is wrong here. It matters where there are states: they are folded from it.
      this.fault = error.finding;
    }
    return [];
  }

  async *end(states?: Progress): AsyncGenerator<Finding> {
    if (this.fault) {
      if (await this.showsStates()) yield this.fault;
      return;
    }
    const expected = new Set(this.scratch.streams());
    const of = expected.size;
    const told = () => states?.(of - expected.size, of);
    told();
    const absent: Finding[] = [];
    for (const subject of SUBJECTS) {
      try {
        const first = await this.asked(subject);
        if (first) yield* this.held(subject, first, expected, told);
        else absent.push(gone(subject).finding);
        if (first) continue;
      } catch (error) {
        if (!(error instanceof FindingError)) throw error;
        yield error.finding;
      }
      // One finding tells of all of them.
      for (const stream of expected) if (subjectOfStream(stream) === subject) expected.delete(stream);
    }
    if (absent.length === SUBJECTS.length) return;
    yield* absent;
    for (const stream of expected)
      yield { code: 'state-changed', message: `${stream} has events, and the service shows no state of it`, ...this.lastOf(stream) };
  }

  async close(): Promise<void> {
    this.scratch.close();
  }

  private async showsStates(): Promise<boolean> {
    for (const subject of SUBJECTS) if (await this.read(this.address(subject, PAGE), MAX_PAGE_BYTES)) return true;
    return false;
  }

  /** What is wrong with the states of a collection. Each that it shows is taken out of those that are expected. */
  private async *held(subject: Subject, first: StatesPage, expected: Set<string>, told: () => void): AsyncGenerator<Finding> {
    let last = '';
    let unknown = 0;
    for (let page = first; ;) {
      for (const state of page.states) {
        const { stream } = state;
        if (stream <= last)
          throw changed(`/v1/${subject.collection} shows ${stream} behind ${last}: a list is in order, and has each once`);
        last = stream;
        if (!expected.delete(stream) && ++unknown > MOST_UNKNOWN)
          throw changed(`/v1/${subject.collection} shows more than ${MOST_UNKNOWN} that no event tells of, and is read no further`);
        const wrong = this.wrong(state, page.now);
        if (wrong) yield wrong;
      }
      told();
      if (page.next === undefined) return;
      if (page.states.length === 0) throw changed(`/v1/${subject.collection} has a page without states that asks for another`);
      const next = await this.asked(subject, page.next);
      if (!next) throw gone(subject);
      page = next;
    }
  }

  private async asked(subject: Subject, after?: string): Promise<StatesPage | undefined> {
    for (let limit = PAGE; limit >= 1; limit /= SMALLER) {
      const from = Date.now();
      const bytes = await this.read(this.address(subject, limit, after), MAX_PAGE_BYTES);
      if (!bytes) return undefined;
      if (bytes.length <= MAX_PAGE_BYTES) return statesPage(bytes, subject, { from, to: Date.now() });
    }
    throw unreadable(subject.collection, `a single one has more than ${MAX_PAGE_BYTES} bytes`);
  }

  private address({ collection }: Subject, limit: number, after?: string): string {
    const behind = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
    return `${collection}?limit=${limit}&atSequence=${this.checkpoint.size}${behind}`;
  }

  private wrong(state: State, now: number): Finding | undefined {
    const folded: Folded | undefined = this.scratch.writer.projector.state(state.stream);
    if (!folded) return { code: 'state-changed', message: `the service shows ${state.stream}, which no event tells of` };
    const made = present(subjectOfStream(state.stream).projection, folded, now);
    const wrong = wrongField(made, state);
    if (!wrong) return undefined;
    const message = `the state of ${state.stream} is not what its events say: ${wrong.field}`;
    return { code: 'state-changed', message, ...(wrong.because === undefined ? this.lastOf(state.stream) : this.placeOf(wrong.because)) };
  }

  private lastOf(stream: string): Pick<Finding, 'sequence' | 'id'> {
    const { sequence, revision } = this.scratch.writer.projector.state(stream)!;
    const bytes = this.scratch.writer.histories.bytesOf({ stream, revision });
    return { sequence, ...(bytes !== undefined && { id: (JSON.parse(bytes) as { id: string }).id }) };
  }

  private placeOf(id: string): Pick<Finding, 'sequence' | 'id'> {
    const sequence = this.scratch.writer.sequenceOf(id);
    return { id, ...(sequence !== undefined && { sequence }) };
  }
}

function gone({ collection }: Subject): FindingError {
  return changed(`the service has states, and nothing more at /v1/${collection}`);
}
