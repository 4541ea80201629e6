import { Histogram, type Registry } from 'prom-client';
import type { PublishedLog } from '../proof/published-log.js';
import { reading } from './reading.js';

export interface ProofMetrics {
  served(proof: string): void;
}

/** The transparency log: how far its checkpoint is, who cosigns it, and how large proofs are. */
export function proofMetrics(registry: Registry, log: PublishedLog): ProofMetrics {
  const { counter, gauge } = reading(registry);
  gauge('zonewatch_checkpoint_size_events', 'How many events the newest checkpoint covers.', () => log.checkpoint.size);
  gauge('zonewatch_checkpoint_lag_events', 'How many events no checkpoint covers yet.', () => log.standing.uncovered);
  const behind = () => log.standing.behindFor / 1000;
  gauge('zonewatch_checkpoint_behind_seconds', 'For how long there have been events that no checkpoint covers.', behind);
  const published = () => {
    const { publishedAt } = log.standing;
    return publishedAt === undefined ? undefined : publishedAt / 1000;
  };
  const when = 'When this process last published a checkpoint, in Unix time; nothing before it has.';
  gauge('zonewatch_checkpoint_published_timestamp_seconds', when, published);
  const failures = () => log.standing.failures;
  counter('zonewatch_checkpoint_failures_total', 'Attempts to publish a checkpoint that failed.', failures);
  const inState = (state: string) => () =>
    log.standing.witnesses.map((one) => [one.state === state ? 1 : 0, { witness: one.name }] as const);
  gauge('zonewatch_witness_cosigning', '1 where a witness cosigned what it was last shown.', inState('cosigning'), ['witness']);
  gauge('zonewatch_witness_alarm', '1 where a witness holds another history of this record.', inState('alarm'), ['witness']);
  const size = new Histogram({
    name: 'zonewatch_proof_size_bytes',
    help: 'How large the proofs of events were that were served.',
    buckets: [256, 512, 768, 1_024, 1_536, 2_048, 4_096, 8_192],
    registers: [registry],
  });
  return { served: (proof) => size.observe(Buffer.byteLength(proof)) };
}
