import type { Folded } from '../folding/fold.js';
import { present, type State } from '../folding/state.js';
import type { Checkpoint } from '../proof/checkpoint.js';
import { SUBJECTS, subjectOfStream } from '../subjects.js';
import { FindingError, type Finding } from './finding.js';
import { Scratch } from './scratch.js';
import type { Check, VerifiedPage } from './source.js';
import { wrongField } from './wrong-field.js';

/** Reads what an address under `/v1/` has, as JSON; nothing where it has nothing. */
export type ReadJson = (path: string) => Promise<unknown>;

interface Page {
  data: State[];
  next?: string;
  /** At which instant what falls due was judged. */
  asOf?: string;
}

/**
 * Holds the states that a service shows against the ones that its events fold: they are recorded anew in a scratch record, which grows with
 * them on disk. A log without `/v1/` shows no states, and is held to none.
 */
export class ServiceStates implements Check {
  private readonly scratch = new Scratch();
  private fault: Finding | undefined;

  constructor(
    private readonly checkpoint: Checkpoint,
    private readonly read: ReadJson,
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

  async *end(): AsyncGenerator<Finding> {
    const expected = new Set(this.scratch.streams());
    const [first] = SUBJECTS;
    if ((await this.read(`${first!.collection}?limit=1`)) === undefined) return;
    if (this.fault) return yield this.fault;
    for (const { collection } of SUBJECTS)
      for await (const { state, now } of this.shown(collection)) {
        expected.delete(state.stream);
        const wrong = this.wrong(state, now);
        if (wrong) yield wrong;
      }
    for (const stream of expected)
      yield { code: 'state-changed', message: `${stream} has events, and the service shows no state of it`, ...this.lastOf(stream) };
  }

  async close(): Promise<void> {
    this.scratch.close();
  }

  private async *shown(collection: string): AsyncGenerator<{ state: State; now: number }> {
    for (let next: string | undefined = ''; next !== undefined;) {
      const after: string = next && `&after=${encodeURIComponent(next)}`;
      const page = (await this.read(`${collection}?limit=1000&atSequence=${this.checkpoint.size}${after}`)) as Page | undefined;
      if (!page) return; // Then all of its subjects are missing.
      for (const state of page.data) yield { state, now: Date.parse(page.asOf ?? '') || 0 };
      next = page.next;
    }
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
