/** Where traces are sent, and as whose. */
export interface TraceSettings {
  /** Takes OTLP over HTTP, as JSON. */
  url: string;
  /** The name of this service among others. */
  service: string;
}

export type Attributes = Record<string, string | number>;

/** A stretch of work that whoever collects traces is told of, once it has ended. Nothing here throws. */
export interface Span {
  readonly traceId: string;
  /** A stretch inside this one. */
  child(name: string): Span;
  set(attributes: Attributes): void;
  failed(why: string): void;
  end(): void;
}

/** Begins spans. All of them are undefined where no traces are made: then nothing is loaded for them and nothing is done. */
export abstract class Traces {
  /** A request that came in; its parent is the one that a W3C `traceparent` among the headers names. */
  abstract request(name: string, headers: Record<string, string | string[] | undefined>): Span | undefined;
  /** An append that waits for its group. */
  abstract append(command: Span): Span;
  /** A group that has been committed in so many milliseconds. It is linked to the appends that waited for it. */
  abstract group(took: number): Span | undefined;
  /** Sends what is left, as long as that takes no longer than a stop may. */
  abstract close(): Promise<void>;
}

export const NO_TRACES: Traces = {
  request: () => undefined,
  append: (command) => command,
  group: () => undefined,
  close: async () => {},
};
