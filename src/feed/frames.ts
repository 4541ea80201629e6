import type { Written } from '../record/record-writer.js';

/** What one frame may hold. */
export const MAX_FRAME_EVENTS = 1_000;
export const MAX_FRAME_BYTES = 1024 * 1024;
/** What a frame holds around its events, at the most. */
const ENVELOPE_BYTES = 512;

/** A frame of events. `from` is exclusive and equals the `to` of the frame before, so that a client can prove that it missed nothing. */
export interface EventsFrame {
  subscription: string;
  from: number;
  to: number;
  events: unknown[];
}

export type Recorded = Pick<Written, 'sequence' | 'bytes'>;

/** Cuts events into as few frames as the bounds allow. The last one reaches to `to`. */
export function framesOf(subscription: string, from: number, to: number, events: readonly Recorded[]): EventsFrame[] {
  const frames: EventsFrame[] = [];
  let frame: EventsFrame = { subscription, from, to: from, events: [] };
  let size = 0;
  for (const { sequence, bytes } of events) {
    const length = Buffer.byteLength(bytes) + 1;
    if (frame.events.length === MAX_FRAME_EVENTS || (frame.events.length > 0 && size + length > MAX_FRAME_BYTES - ENVELOPE_BYTES)) {
      frames.push(frame);
      frame = { subscription, from: frame.to, to: frame.to, events: [] };
      size = 0;
    }
    // Canonical bytes stay the same through parse and stringify: the keys are in order, and no number is beyond what JavaScript holds.
    frame.events.push(JSON.parse(bytes));
    frame.to = sequence;
    size += length;
  }
  frame.to = to;
  frames.push(frame);
  return frames;
}
