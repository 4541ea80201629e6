import { setTimeout as passed } from 'node:timers/promises';
import { openCheckpoint, type KnownLog, type SignedCheckpoint } from '../../src/proof/checkpoint.js';
import { parseVkey } from '../../src/proof/note-keys.js';
import { verifyTlogProof } from '../../src/proof/tlog-proof.js';
import { verifyConsistency } from '../../src/proof/tree.js';
import { KEY } from '../support/start-process.js';

/** An event, byte for byte, and the reply that proves it. */
export interface Proven {
  sequence: number;
  entry: Buffer;
  proof: Buffer;
}

/** What somebody keeps of a service: a checkpoint that covers all there was, and some events with their proofs. */
export interface Kept {
  note: Buffer;
  checkpoint: SignedCheckpoint;
  proven: readonly Proven[];
}

/** What an auditor asks of a service over HTTP. What comes they check with the pure code and nothing else. */
export function auditorOf(address: string) {
  const ask = async (path: string, accept = '*/*') => {
    const response = await fetch(address + path, { headers: { authorization: `Bearer ${KEY}`, accept } });
    const body = Buffer.from(await response.arrayBuffer());
    if (!response.ok) throw new Error(`${path}: ${response.status} ${body.toString()}`);
    return { headers: response.headers, body };
  };
  const entry = async (sequence: number) =>
    (await ask(`/v1/events?after=${sequence - 1}&limit=1`, 'application/x-ndjson')).body.subarray(0, -1);
  const head = async () => Number((await ask('/v1/events?limit=1', 'application/x-ndjson')).headers.get('zonewatch-sequence'));

  const known = async (): Promise<KnownLog> => {
    const keys = (await ask('/log/vkey')).body.toString().trimEnd().split('\n').map(parseVkey);
    return { origin: keys[0]!.name, keys, witnesses: [] };
  };

  /** The checkpoint over all that there is, which nobody adds to meanwhile. */
  const covering = async (): Promise<Pick<Kept, 'note' | 'checkpoint'>> => {
    const [log, size, limit] = [await known(), await head(), performance.now() + 10_000];
    for (;;) {
      const { body: note } = await ask('/log/checkpoint');
      const checkpoint = openCheckpoint(note, log);
      if (checkpoint.size === size) return { note, checkpoint };
      if (performance.now() > limit) throw new Error(`the checkpoint covers ${checkpoint.size} events of ${size}`);
      await passed(20);
    }
  };

  const prove = async (sequence: number): Promise<Proven> => {
    const bytes = await entry(sequence);
    const { id } = JSON.parse(bytes.toString()) as { id: string };
    return { sequence, entry: bytes, proof: (await ask(`/v1/events/${id}/proof`)).body };
  };

  return {
    known,
    head,

    keep: async (sequences: Iterable<number>): Promise<Kept> => ({
      ...(await covering()),
      proven: await Promise.all([...sequences].map(prove)),
    }),

    /** Whether this service's tree of one size begins with another tree, by the proof that it gives. */
    leads: async (from: SignedCheckpoint, to: SignedCheckpoint): Promise<boolean> => {
      const { body } = await ask(`/log/consistency?old=${from.size}&new=${to.size}`);
      const hashes = body.toString().split('\n').slice(0, -1);
      const proof = hashes.map((hash) => Buffer.from(hash, 'base64'));
      return verifyConsistency(from.size, to.size, from.root, to.root, proof);
    },
  };
}

export type Auditor = ReturnType<typeof auditorOf>;

/** The size and the root that each proof leads to from its event. Throws where one does not hold, or where another log has signed it. */
export function proves(proven: readonly Proven[], log: KnownLog): { sequence: number; size: number; root: string }[] {
  return proven.map(({ entry, proof }) => {
    const { index, size, root } = verifyTlogProof(proof, entry, log);
    return { sequence: index + 1, size, root: root.toString('base64') };
  });
}
