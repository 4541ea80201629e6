import { hash } from 'node:crypto';
import { canonical, canonicalData } from './canonical.js';
import type { Json, StreamEvent } from './event.js';

/** What makes two reports the same fact: the subject, the command, the date and the fields. Who printed it is not among it. */
export type Facts = Pick<StreamEvent, 'stream' | 'type' | 'occurred' | 'confidence' | 'data'>;

/** 16 bytes of SHA-256 over what makes a report the same fact as another. */
export function fingerprint({ stream, type, occurred, confidence, data }: Facts): Buffer {
  const said = JSON.stringify([stream, type, occurred ?? null, confidence ?? null]);
  return sha256(`${said.slice(0, -1)},${canonicalData(data)}]`).subarray(0, 16);
}

export function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** The id of a statement that came without one: its canonical body, without its sources and the statements that it rests on, hashed. */
export function derivedId(body: Record<string, Json>): string {
  const { sources: _, accordingTo: __, ...said } = body;
  return `s-${sha256(canonical(said)).toString('hex').slice(0, 32)}`;
}
