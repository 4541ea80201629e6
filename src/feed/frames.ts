import { Encoder, type Packet } from 'socket.io-parser';
import type { Written } from '../record/record-writer.js';

/** What one frame may hold. */
export const MAX_FRAME_EVENTS = 1_000;
export const MAX_FRAME_BYTES = 1024 * 1024;
/** What a frame holds around its events, at the most. */
const ENVELOPE_BYTES = 512;

export type Recorded = Pick<Written, 'sequence' | 'bytes'>;

/**
 * A run of events that goes into one frame: those of a filter behind a place up to and with `to`. It is encoded once, as the events were
 * recorded, and every frame with these events holds the same text, wherever it begins.
 */
export class Run {
  private joined: string | undefined;
  private streamed: string | undefined;
  private counted: number | undefined;

  constructor(
    readonly to: number,
    readonly events: readonly Recorded[],
  ) {}

  /** The canonical bytes of the events, parted by commas. */
  get text(): string {
    return (this.joined ??= this.events.map(({ bytes }) => bytes).join());
  }

  /** The events as server-sent ones of a record. */
  streamOf(epoch: string): string {
    return (this.streamed ??= this.events.map(({ sequence, bytes }) => sentEvent(typeOf(bytes), epoch, sequence, bytes)).join(''));
  }

  /** How many bytes its text is. */
  get bytes(): number {
    return (this.counted ??= Buffer.byteLength(this.text));
  }

  get size(): number {
    return this.events.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }
}

/** One server-sent event; its id is where to go on from. */
export function sentEvent(event: string, epoch: string, sequence: number, data: string): string {
  return `event: ${event}\nid: ${epoch}:${sequence}\ndata: ${data}\n\n`;
}

/** In canonical bytes the type stands last but for the version. */
function typeOf(bytes: string): string {
  return /"type":"(\w+)","version":\d+\}$/.exec(bytes)![1]!;
}

/** A frame of events as text. `from` is exclusive and equals the `to` of the frame before, so that a client can prove that it missed nothing. */
export class EventsFrame {
  constructor(
    readonly subscription: string,
    readonly from: number,
    readonly run: Run,
  ) {}

  get to(): number {
    return this.run.to;
  }

  toString(): string {
    return `{"subscription":"${this.subscription}","from":${this.from},"to":${this.run.to},"events":[${this.run.text}]}`;
  }
}

/** Cuts events into as few runs as the bounds allow. The last one reaches to `to`. */
export function runsOf(events: readonly Recorded[], to: number): Run[] {
  const runs: Run[] = [];
  let own: Recorded[] = [];
  let size = 0;
  for (const event of events) {
    const length = Buffer.byteLength(event.bytes) + 1;
    if (own.length === MAX_FRAME_EVENTS || (own.length > 0 && size + length > MAX_FRAME_BYTES - ENVELOPE_BYTES)) {
      runs.push(new Run(own.at(-1)!.sequence, own));
      own = [];
      size = 0;
    }
    own.push(event);
    size += length;
  }
  runs.push(new Run(to, own));
  return runs;
}

/**
 * Socket.IO's encoder, but for frames of events: those are text already. Its own would look through all their objects for binary data and
 * write every one of them out again.
 */
export class FrameEncoder extends Encoder {
  override encode(packet: Packet): (string | Buffer)[] {
    const { data, nsp, id } = packet as { data?: unknown[]; nsp: string; id?: number };
    const frame = data?.[1];
    if (!(frame instanceof EventsFrame)) return super.encode(packet) as (string | Buffer)[];
    return [`2${nsp},${id ?? ''}["events",${frame.toString()}]`];
  }
}
