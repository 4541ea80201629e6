import { hash } from 'node:crypto';
import { canonical } from './canonical.js';
import type { Json, StreamEvent } from './event.js';

/** What makes two reports the same fact: the subject, the command, the date and the fields. Who printed it is not among it. */
export type Facts = Pick<StreamEvent, 'stream' | 'type' | 'occurred' | 'confidence' | 'data'>;

/** The decider looks a fact up and the writer then stores it: the same data is hashed once. */
const known = new WeakMap<object, { facts: Facts; print: Buffer }>();

/** 16 bytes of SHA-256 over what makes a report the same fact as another. */
export function fingerprint({ stream, type, occurred, confidence, data }: Facts): Buffer {
  const before = known.get(data);
  if (
    before?.facts.stream === stream &&
    before.facts.type === type &&
    before.facts.occurred === occurred &&
    before.facts.confidence === confidence
  )
    return before.print;
  const print = sha256(canonical([stream, type, occurred ?? null, confidence ?? null, data])).subarray(0, 16);
  known.set(data, { facts: { stream, type, occurred, data, ...(confidence && { confidence }) }, print });
  return print;
}

export function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** The id of a statement that came without one: its canonical body, without its sources and the statements that it rests on, hashed. */
export function derivedId(body: Record<string, Json>): string {
  const { sources: _, accordingTo: __, ...said } = body;
  return `s-${sha256(canonical(said)).toString('hex').slice(0, 32)}`;
}
