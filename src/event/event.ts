/** Anything that JSON can say. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A text that people read, by BCP-47 tag: `{en: 'Idlib', ar: 'إدلب'}`. */
export type Localized = Record<string, string>;

/** A whole number, an approximation or a range. */
export type Quantity = number | { about: number } | { min: number; max: number };

export const CONFIDENCES = ['high', 'medium', 'low'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/** Where a report was read. `origin` is the agency or text that the publisher carries. */
export interface Source {
  publisher: string;
  origin?: string;
  title?: string;
  url?: string;
  published?: string;
  archivedUrl?: string;
  sha256?: string;
  lang?: string;
}

/** An event as a command made it, before any log has taken it. */
export interface NewEvent {
  /** UUIDv7. */
  id: string;
  type: string;
  version: number;
  /** EDTF, ISO 8601-2: when it happened in the world. Only amendments may leave it out. */
  occurred?: string | undefined;
  /** When it was decided (RFC 3339, UTC). The record never lets it go back. */
  recordedAt: string;
  recordedBy: string;
  sources: Source[];
  accordingTo?: string[] | undefined;
  confidence?: Confidence | undefined;
  /** The streams of every subject that the event touches, its own among them, sorted. */
  about: string[];
  data: Record<string, Json>;
  /** The id of the event that it amends, where it does: under the name that says how. */
  corrects?: string | undefined;
  retracts?: string | undefined;
  corroborates?: string | undefined;
  disputes?: string | undefined;
  /** The caller's `Idempotency-Key`. */
  commandKey?: string | undefined;
}

/** An event with its place in its stream: what a log stores. */
export interface StreamEvent extends NewEvent {
  stream: string;
  revision: number;
}

/** An event with its place in the record, from 1, without gaps. */
export interface RecordedEvent extends StreamEvent {
  sequence: number;
}
