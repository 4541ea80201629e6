import { Reaching } from '../record/reaching.js';
import { restAfter } from '../record/rest.js';
import { formatCheckpoint, openCheckpoint, type Checkpoint, type KnownLog, type SignedCheckpoint } from './checkpoint.js';
import type { CheckpointFile } from './checkpoint-file.js';
import type { Signature, Signer, Verifier } from './note-keys.js';
import { formatNote } from './note.js';
import type { Tile } from './tile-path.js';
import { tileBytes } from './tiles.js';
import { formatTlogProof } from './tlog-proof.js';
import { consistencyProof, inclusionProof, root, type Hashes } from './tree.js';
import type { WitnessStanding } from './witnesses.js';

/** A tree that only grows. What it shows is durable. */
export interface GrowingTree {
  readonly size: number;
  hashes(): Hashes;
}

/** Whom a checkpoint is shown to before it is published. */
export interface Cosigners {
  readonly keys: readonly Verifier[];
  /** Gives the signatures that come soon; `late` is handed each that comes afterwards. Never rejects. */
  cosign(checkpoint: { note: Buffer; size: number }, late: (signature: Signature) => void): Promise<readonly Signature[]>;
  /** How each witness stands, by its name. */
  standings?(): WitnessStanding[];
  close(): void;
}

export interface PublishedCheckpoint extends Checkpoint {
  note: Buffer;
  text: string;
  signatures: readonly Signature[];
}

/** The tree is not the one that was signed. Nothing more may be signed then. */
export class Forked extends Error {}

/**
 * How long a checkpoint is the newest at least, in milliseconds. With the time that witnesses are given, an event is covered within the
 * second that callers are promised.
 */
const INTERVAL = 500;

/** How often the witnesses are asked to look at a checkpoint that stays the newest, in milliseconds. */
const FRESHNESS = 600_000;

/**
 * What is published of the record so that others can check it: its newest checkpoint, and proofs up to it. A checkpoint covers what is
 * durable, is durable itself before anybody sees it, and never goes back.
 */
export class PublishedLog {
  private readonly known: KnownLog;
  private readonly onFailure: (error: unknown) => void;
  private readonly onRecovery: () => void;
  private readonly reaching = new Reaching(() => this.newest.size);
  private newest: PublishedCheckpoint;
  /** The size of what was last written to the file: while witnesses are asked it is ahead of the newest. */
  private written: number;
  /** On a clock that nobody puts back. */
  private begun = -Infinity;
  private pause = INTERVAL;
  private timer: NodeJS.Timeout | undefined;
  private publishing: Promise<void> | undefined;
  private ended = false;
  private isFailing = false;
  private failures = 0;
  private publishedAt: number | undefined;
  /** Since when there is something that no checkpoint covers, on the same clock. */
  private behindSince: number | undefined;
  private readonly refreshing: NodeJS.Timeout;

  /**
   * Throws `Forked` where the tree is not what was signed before, and `ProofError` where the file can't be read with these keys. What has
   * never been signed may only begin without leaves, or when `isNew` vouches for them.
   */
  constructor(
    readonly origin: string,
    private readonly tree: GrowingTree,
    private readonly file: CheckpointFile,
    private readonly signers: readonly Signer[],
    private readonly cosigners: Cosigners,
    { isNew, onFailure, onRecovery = () => {} }: { isNew: boolean; onFailure: (error: unknown) => void; onRecovery?: () => void },
  ) {
    this.onFailure = onFailure;
    this.onRecovery = onRecovery;
    this.known = { origin, keys: signers.map(({ verifier }) => verifier), witnesses: cosigners.keys };
    const note = file.read();
    if (note) {
      const opened = openCheckpoint(note, this.known);
      this.holdAgainst(opened);
      this.newest = { ...opened, ...this.signedByAll(opened, note) };
    } else {
      if (!isNew && tree.size > 0) throw new Forked(`there are ${tree.size} events, and the checkpoint over them is missing`);
      this.newest = this.sign();
      file.write(this.newest.note);
    }
    this.written = this.newest.size;
    this.refreshing = setInterval(() => void this.refresh(), FRESHNESS).unref();
    // What was published last may have been cut off before its witnesses answered.
    void this.refresh();
    this.grew();
  }

  get checkpoint(): PublishedCheckpoint {
    return this.newest;
  }

  /** How it goes with the publishing. Times in milliseconds. */
  get standing() {
    const { failures, isFailing, ended, behindSince, publishedAt } = this;
    const uncovered = this.tree.size - this.newest.size;
    const behindFor = behindSince === undefined || uncovered <= 0 ? 0 : performance.now() - behindSince;
    return { uncovered, behindFor, publishedAt, failures, isFailing, hasEnded: ended, witnesses: this.cosigners.standings?.() ?? [] };
  }

  get vkeys(): string[] {
    return this.known.keys.map(({ vkey }) => vkey);
  }

  /** To be told when the tree has grown. */
  grew(): void {
    if (this.tree.size > this.newest.size) this.behindSince ??= performance.now();
    if (this.ended || this.timer || this.publishing || this.tree.size === this.newest.size) return;
    this.timer = setTimeout(() => void this.publish(), Math.max(0, this.begun + this.pause - performance.now()));
  }

  /** Waits until the newest checkpoint covers so many events; false where it has not come to that within `patience` milliseconds. */
  covers(size: number, patience: number): Promise<boolean> {
    return this.reaching.reached(size, patience);
  }

  /** A tile of hashes that the newest checkpoint covers. */
  tile(tile: Tile & { level: number }): Buffer {
    return tileBytes(this.tree.hashes(), tile);
  }

  /** The C2SP `tlog-proof` of an entry that the newest checkpoint covers. */
  proof(index: number): string {
    const { size, note } = this.newest;
    return formatTlogProof({ index, hashes: inclusionProof(this.tree.hashes(), index, size), checkpoint: note });
  }

  /** That the tree of `size` begins with the one of `old`. One without leaves begins every tree, and there is no proof to that. */
  consistency(old: number, size: number): Buffer[] {
    return old === 0 ? [] : consistencyProof(this.tree.hashes(), old, size);
  }

  /** To be told when the record is found to be another than was signed. */
  disown(error: Forked): void {
    this.failed(error);
  }

  /** Publishes all that there is now, for whoever waits for it. */
  async flush(): Promise<void> {
    await this.publishing;
    clearTimeout(this.timer);
    if (!this.ended) await this.publish();
  }

  /** Publishes all that there is by then, and ends. */
  async close(): Promise<void> {
    await this.publishing;
    clearTimeout(this.timer);
    clearInterval(this.refreshing);
    const mayNotSign = this.ended;
    this.ended = true;
    if (!mayNotSign) await this.publish();
    this.cosigners.close();
  }

  private async publish(): Promise<void> {
    this.timer = undefined;
    this.begun = performance.now();
    this.publishing = this.signAndShow().then(
      () => this.worked(),
      (error: unknown) => this.failed(error),
    );
    await this.publishing;
    this.publishing = undefined;
    this.grew();
  }

  private worked(): void {
    this.pause = INTERVAL;
    if (this.isFailing) this.onRecovery();
    this.isFailing = false;
  }

  /** It is tried again and again, and told of once. */
  private failed(error: unknown, began = this.begun): void {
    this.ended ||= error instanceof Forked;
    this.pause = Math.max(INTERVAL, restAfter(performance.now() - began));
    this.failures += 1;
    if (!this.isFailing || error instanceof Forked) this.onFailure(error);
    this.isFailing = true;
  }

  private async signAndShow(): Promise<void> {
    if (this.tree.size === this.newest.size) return;
    this.holdAgainst(this.newest);
    const signed = this.sign();
    // Durable before a witness sees it: this process could die, start again, and sign something else of the same size.
    this.written = signed.size;
    this.file.write(signed.note);
    const inTime = await this.cosigned(signed);
    this.newest = signed;
    this.publishedAt = Date.now();
    this.behindSince = this.tree.size === signed.size ? undefined : this.begun;
    // Whoever is woken reads on when this is through, and so finds the cosignatures.
    this.reaching.grew();
    this.attach(signed, inTime);
  }

  /**
   * Has the newest checkpoint witnessed again: a witness says when it saw it, and of a quiet record nothing else tells that it is alive. Not
   * while another one is on its way, which a witness may have seen already: one that is older is what it would be shown by a log with two faces.
   */
  private async refresh(): Promise<void> {
    const { newest } = this;
    if (this.publishing) return;
    this.attach(newest, await this.cosigned(newest));
  }

  private cosigned(signed: PublishedCheckpoint): Promise<readonly Signature[]> {
    return this.cosigners.cosign(signed, (late) => this.attach(signed, [late]));
  }

  /** Joins the signatures of witnesses to a checkpoint as long as it is the newest, and the file has none that is newer still. */
  private attach({ size }: Checkpoint, cosignatures: readonly Signature[]): void {
    if (this.newest.size !== size || this.written !== size || cosignatures.length === 0) return;
    const { text, signatures } = this.newest;
    const newest = { ...this.newest, ...signedNote(text, [...signatures, ...cosignatures]) };
    const began = performance.now();
    try {
      this.file.write(newest.note);
      this.newest = newest;
      this.worked();
    } catch (error) {
      this.failed(error, began);
    }
  }

  private sign(): PublishedCheckpoint {
    const { origin, signers } = this;
    const { size } = this.tree;
    const checkpoint = { origin, size, root: root(this.tree.hashes(), size) };
    const text = formatCheckpoint(checkpoint);
    const signed = signedNote(
      text,
      signers.map((signer) => signer.sign(text)),
    );
    // What its own keys can't open nobody shall see.
    openCheckpoint(signed.note, this.known);
    return { ...checkpoint, ...signed };
  }

  /** A key that is new signs what there is: who knows no other need not wait for the next event. */
  private signedByAll({ text, signatures }: SignedCheckpoint, note: Buffer) {
    const added = this.signers.filter(({ verifier }) => !signatures.some(({ by }) => by === verifier));
    if (added.length === 0) return { text, signatures, note };
    const signed = signedNote(text, [...signatures, ...added.map((signer) => signer.sign(text))]);
    this.file.write(signed.note);
    return signed;
  }

  private holdAgainst({ size, root: signed }: Checkpoint): void {
    if (this.tree.size < size) throw new Forked(`there are ${this.tree.size} events, and ${size} were signed`);
    if (!root(this.tree.hashes(), size).equals(signed)) throw new Forked(`the first ${size} events are not those that were signed`);
  }
}

function signedNote(text: string, signatures: readonly Signature[]) {
  return { text, signatures, note: Buffer.from(formatNote(text, signatures)) };
}
