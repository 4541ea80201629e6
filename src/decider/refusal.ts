import type { FieldError } from '../body/json.js';
import type { AppendFailed, FailureReason } from '../log/event-log.js';

/** Why a command is refused. The words inside; `http/problems.ts` turns them into status codes. */
export type RefusalCode =
  | 'malformed'
  | 'too-large'
  | 'no-such-command'
  | 'no-such-subject'
  | 'no-such-event'
  | 'not-amendable'
  | 'unknown-reference'
  | 'already-exists'
  | 'key-reused'
  | 'revision-mismatch'
  | 'log-unavailable'
  | 'outcome-unknown';

export class Refusal extends Error {
  constructor(
    readonly code: RefusalCode,
    message: string,
    readonly errors?: readonly FieldError[],
    /** What keeps the log from being written, where that is it. */
    readonly reason?: FailureReason,
  ) {
    super(message);
  }
}

const WHY: Record<FailureReason, string> = {
  'disk-full': 'the disk of the service is full',
  'read-only': 'the disk of the service is read-only',
  'io-error': 'the disk of the service fails',
  closed: 'the service is being stopped',
  unknown: 'the record could not be written',
};

/** What a caller is told of an append that failed for good. */
export function unwritten({ reason, mayComeBack }: Pick<AppendFailed, 'reason' | 'mayComeBack'>): Refusal {
  return mayComeBack
    ? new Refusal(
        'outcome-unknown',
        `${WHY[reason]}, and this may have been recorded or not: repeat it with the same key`,
        undefined,
        reason,
      )
    : new Refusal('log-unavailable', `${WHY[reason]}: nothing was recorded, and this may be repeated`, undefined, reason);
}

/** A refusal for one field and the rule that it breaks. */
export function malformed(field: string, rule: string, message: string): Refusal {
  return new Refusal('malformed', message, [{ field, rule, message }]);
}
