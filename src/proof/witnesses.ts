import type { Signature } from './note-keys.js';
import type { PolicyWitness } from './policy.js';
import { Witness, type Outcome, type Proofs, type Submission } from './witness.js';

/** Is told how it goes with a witness, in the name that the policy gives it. May not throw. */
export interface WitnessWatch {
  /** It holds another history than this log's. It is not asked again by this process. Somebody has to look into it. */
  alarm(witness: string, why: string): void;
  /** It has begun to fail. It is asked again, ever more seldom. */
  away(witness: string, why: string): void;
  back(witness: string): void;
}

/** `alarm`: it holds another history. `asked`: it has not answered yet. */
export interface WitnessStanding {
  name: string;
  state: 'asked' | 'cosigning' | 'away' | 'alarm';
}

export interface CosignOptions {
  /** In milliseconds. */
  patience: number;
  /** Whether these are as many as are needed. May not throw. */
  enough: (signatures: readonly Signature[]) => boolean;
  /** Is handed each signature over this checkpoint that comes after `cosign` has resolved. May not throw. */
  late: (signature: Signature) => void;
}

/** In milliseconds. */
export interface Pace {
  /** How long a witness may take over one checkpoint. */
  exchange: number;
  /** How long one that fails is left alone: the first time, and at most. */
  rest: number;
  longestRest: number;
}

const PACE: Pace = { exchange: 5_000, rest: 1_000, longestRest: 60_000 };

/** The witnesses of a policy that have an address. They are shown each checkpoint, and cosign it where it continues what they have seen. */
export class Witnesses {
  private readonly all: Asking[];

  constructor(witnesses: readonly PolicyWitness[], proofs: Proofs, watch: WitnessWatch, pace = PACE) {
    // One address is one witness: asked twice at once it would find the second checkpoint in conflict with the first.
    const behind = new Map<string, PolicyWitness[]>();
    for (const witness of witnesses) if (witness.url !== undefined) behind.set(witness.url, [...(behind.get(witness.url) ?? []), witness]);
    this.all = [...behind].map(([url, those]) => {
      const name = those.map((one) => one.name).join(', ');
      const keys = those.map(({ key }) => key);
      return new Asking(name, new Witness(url, keys, proofs, pace.exchange), watch, pace);
    });
  }

  /**
   * Shows a checkpoint to every witness: at once where it is free, and otherwise as soon as it is, unless a newer one has come by then.
   * Resolves when the signatures are enough, when every witness that was asked at once has answered, or when patience is at an end. Asked
   * for the same checkpoint again, the witnesses sign it with a newer time. Never rejects.
   */
  cosign(submission: Submission, { patience, enough, late }: CosignOptions): Promise<Signature[]> {
    return new Promise((resolve) => {
      const found: Signature[] = [];
      let hasResolved = false;
      const finish = () => {
        hasResolved = true;
        clearTimeout(timer);
        resolve(found);
      };
      const timer = setTimeout(finish, patience);
      const asked = new Set(this.all.filter((one) => one.isFree));
      for (const one of this.all) {
        one.ask(submission, (signatures) => {
          asked.delete(one);
          if (hasResolved) return signatures.forEach(late);
          found.push(...signatures);
          if (asked.size === 0 || enough(found)) finish();
        });
      }
      if (asked.size === 0 || enough(found)) finish();
    });
  }

  standings(): WitnessStanding[] {
    return this.all.map(({ name, state }) => ({ name, state }));
  }

  /** Breaks off all that is under way. What waits for it gets what there is. */
  close(): void {
    for (const one of this.all) one.close();
  }
}

/** Is handed what a witness has answered, which may be nothing. When it has failed it is asked again, so that this may come twice. */
type Answered = (signatures: readonly Signature[]) => void;

/** Asks one witness for one checkpoint at a time, and then for the newest that has come meanwhile. */
class Asking {
  private next: { submission: Submission; answered: Answered } | undefined;
  private isBusy = false;
  private isOver = false;
  private resting: NodeJS.Timeout | undefined;
  private failures = 0;
  /** The size of the greatest checkpoint that it was to be shown. */
  private shown = 0;
  state: WitnessStanding['state'] = 'asked';

  constructor(
    readonly name: string,
    private readonly witness: Witness,
    private readonly watch: WitnessWatch,
    private readonly pace: Pace,
  ) {}

  get isFree(): boolean {
    return !this.isBusy && !this.isOver && !this.resting;
  }

  ask(submission: Submission, answered: Answered): void {
    // A witness would take an older one for another history.
    if (submission.size < this.shown) return answered([]);
    this.shown = submission.size;
    this.next = { submission, answered };
    void this.work();
  }

  close(): void {
    this.isOver = true;
    clearTimeout(this.resting);
    this.witness.close();
  }

  private async work(): Promise<void> {
    while (this.isFree && this.next) {
      const { submission, answered } = this.next;
      this.next = undefined;
      this.isBusy = true;
      const outcome = await this.witness.submit(submission);
      this.isBusy = false;
      if (!this.isOver) this.learn(outcome);
      if (this.resting) this.next ??= { submission, answered };
      answered(outcome.kind === 'cosigned' && !this.isOver ? outcome.signatures : []);
    }
  }

  private learn(outcome: Outcome): void {
    this.state = outcome.kind === 'failed' ? 'away' : outcome.kind === 'alarm' ? 'alarm' : 'cosigning';
    if (outcome.kind === 'alarm') {
      this.isOver = true;
      this.watch.alarm(this.name, outcome.why);
    } else if (outcome.kind === 'failed') {
      this.rest(outcome.wait);
      if (++this.failures === 1) this.watch.away(this.name, outcome.why);
    } else {
      if (this.failures > 0) this.watch.back(this.name);
      this.failures = 0;
    }
  }

  private rest(asked: number): void {
    const { rest, longestRest } = this.pace;
    const wait = Math.max(asked, Math.min(longestRest, rest * 2 ** this.failures));
    this.resting = setTimeout(() => {
      this.resting = undefined;
      void this.work();
    }, wait).unref();
  }
}
