import type { FieldError } from '../body/json.js';

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
  | 'log-unavailable';

export class Refusal extends Error {
  constructor(
    readonly code: RefusalCode,
    message: string,
    readonly errors?: readonly FieldError[],
  ) {
    super(message);
  }
}

/** A refusal for one field and the rule that it breaks. */
export function malformed(field: string, rule: string, message: string): Refusal {
  return new Refusal('malformed', message, [{ field, rule, message }]);
}
