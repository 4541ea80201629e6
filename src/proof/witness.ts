import { readDecimal } from './encoding.js';
import type { Signature, Verifier } from './note-keys.js';
import { openNote } from './note.js';
import { ProofError } from './proof-error.js';

/** A checkpoint as its log has signed it, and the size that it is of. Others may have signed it too. */
export interface Submission {
  note: Buffer;
  size: number;
}

/** That the tree of `size` begins with the one of `old`. It is asked for where 0 < old < size. */
export type Proofs = (old: number, size: number) => readonly Buffer[];

/**
 * What came of showing a checkpoint to a witness. An alarm says that it holds another history than this log's, or one that is ahead of it:
 * to show it more would help to hide that. `wait` is what a witness that has too much to do has asked for, in milliseconds.
 */
export type Outcome =
  { kind: 'cosigned'; signatures: readonly Signature[] } | { kind: 'failed'; why: string; wait: number } | { kind: 'alarm'; why: string };

/** How often a witness may name another size than the one that it was shown, before it counts as failed. */
const TRIES = 3;

const MAX_ANSWER_BYTES = 65_536;
const MAX_WAIT = 300_000;

const CONFLICT = 409;
const UNPROVEN = 422;
const BUSY: readonly number[] = [429, 503];

/** One witness, as C2SP `tlog-witness` has it. Two keys may be behind one address, and then it signs with both. */
export class Witness {
  /** The size that it last cosigned, as far as is known here. */
  private cosigned = 0;
  private exchange: AbortController | undefined;

  /**
   * @param prefix what `/add-checkpoint` comes after
   * @param patience how long all of one submission may take, in milliseconds
   */
  constructor(
    private readonly prefix: string,
    private readonly keys: readonly Verifier[],
    private readonly proofs: Proofs,
    private readonly patience: number,
  ) {}

  /** Shows it a checkpoint. Never rejects. One at a time: whoever calls waits for the one before. */
  async submit(submission: Submission): Promise<Outcome> {
    const exchange = (this.exchange = new AbortController());
    const late = setTimeout(() => exchange.abort(), this.patience);
    try {
      return await this.show(submission, exchange.signal);
    } catch (error) {
      return failed(exchange.signal.aborted ? `no answer in ${this.patience} ms` : reasonOf(error));
    } finally {
      clearTimeout(late);
      // Lets go of an answer that was not read to its end.
      exchange.abort();
    }
  }

  close(): void {
    this.exchange?.abort();
  }

  private async show(submission: Submission, signal: AbortSignal): Promise<Outcome> {
    const { note, size } = submission;
    for (let tries = 0; tries < TRIES; tries++) {
      if (this.cosigned > size) return alarm(`it has cosigned a tree of ${this.cosigned}, beyond this one of ${size}`);
      const answer = await this.post(submission, signal);
      if (answer.status === CONFLICT) {
        const held = await sizeIn(answer);
        if (held === undefined) return alarm('it answers 409 and names no size: it holds another tree');
        this.cosigned = held;
      } else if (answer.status === UNPROVEN) {
        return alarm(`it answers 422: what it has cosigned at ${this.cosigned} is not the beginning of this tree of ${size}`);
      } else if (answer.status === 200) {
        const signatures = this.signaturesIn(await bodyOf(answer), note);
        this.cosigned = size;
        return { kind: 'cosigned', signatures };
      } else {
        return failed(`it answers ${answer.status}`, BUSY.includes(answer.status) ? waitAskedBy(answer) : 0);
      }
    }
    return failed(`it names another size each of ${TRIES} times`);
  }

  private post({ note, size }: Submission, signal: AbortSignal): Promise<Response> {
    const old = this.cosigned;
    const proof = old > 0 && old < size ? this.proofs(old, size) : [];
    const head = [`old ${old}`, ...proof.map((hash) => hash.toString('base64'))].map((line) => `${line}\n`).join('');
    return fetch(`${this.prefix}/add-checkpoint`, {
      method: 'POST',
      body: Buffer.concat([Buffer.from(`${head}\n`), note]),
      headers: { 'accept-encoding': 'identity' },
      redirect: 'manual',
      signal,
    });
  }

  /**
   * Opens the text of the checkpoint with the lines of the answer alone: an older line of this witness in the note would hide its new one.
   * Throws where none of them is its cosignature.
   */
  private signaturesIn(answer: Buffer, note: Buffer): Signature[] {
    const unsigned = note.subarray(0, note.lastIndexOf('\n\n') + 2);
    const { text, signatures } = openNote(Buffer.concat([unsigned, answer]), this.keys);
    // An answer with a blank line of its own would make a longer text, which the witness may well have signed.
    if (`${text}\n` !== unsigned.toString()) throw new ProofError('malformed-note', 'what it has signed is another text');
    return signatures;
  }
}

async function bodyOf({ body }: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new ProofError('malformed-note', `it answers with more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function sizeIn(answer: Response): Promise<number | undefined> {
  const [type] = (answer.headers.get('content-type') ?? '').split(';');
  if (type!.trim().toLowerCase() !== 'text/x.tlog.size') return undefined;
  return readDecimal((await bodyOf(answer)).toString('latin1').replace(/\n$/, ''));
}

/** Seconds or a date, as HTTP has it. */
function waitAskedBy({ headers }: Response): number {
  const text = headers.get('retry-after') ?? '';
  const seconds = readDecimal(text);
  const wait = seconds === undefined ? Date.parse(text) - Date.now() : seconds * 1_000;
  return Math.min(Math.max(wait || 0, 0), MAX_WAIT);
}

/** In words of this side alone: what a witness writes is not for a log that people read. */
function reasonOf(error: unknown): string {
  if (error instanceof ProofError) return `its answer is none: ${error.message}`;
  const { cause, message } = error as Error & { cause?: { code?: string } };
  return `it can't be reached: ${cause?.code ?? message}`;
}

function failed(why: string, wait = 0): Outcome {
  return { kind: 'failed', why, wait };
}

function alarm(why: string): Outcome {
  return { kind: 'alarm', why };
}
