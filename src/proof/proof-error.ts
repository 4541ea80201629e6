/** Why something does not prove what it says. The words inside; doors and the command line turn them into their own. */
export type ProofFault =
  | 'malformed-key'
  | 'malformed-note'
  | 'malformed-checkpoint'
  | 'malformed-proof'
  | 'malformed-bundle'
  | 'malformed-policy'
  | 'ambiguous-key'
  | 'invalid-signature'
  | 'no-known-signature'
  | 'wrong-origin'
  | 'not-included';

export class ProofError extends Error {
  constructor(
    readonly code: ProofFault,
    message: string,
  ) {
    super(message);
  }
}
