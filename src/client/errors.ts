/**
 * The service has ended the subscription, or refused it, and to try again would not help. `code` is one of docs/PROTOCOL.md: `forbidden`,
 * `bad-filter`, `bad-request`, `other-record` ...
 */
export class FeedClosed extends Error {
  override readonly name = 'FeedClosed';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Again and again a frame did not begin where the one before it ended. What was handed over until then is whole. */
export class GapError extends Error {
  override readonly name = 'GapError';

  /** @param expected where the frame had to begin @param found where it began */
  constructor(
    readonly expected: number,
    readonly found: number,
  ) {
    super(`a frame had to begin at ${expected} and began at ${found}, however often it was asked for`);
  }
}

/** The service has refused a read, and to try again would not help. `code` and `message` are those of its problem document. */
export class ReadRefused extends Error {
  override readonly name = 'ReadRefused';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
