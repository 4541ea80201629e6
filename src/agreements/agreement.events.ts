import type { Data } from '../body/report.dto.js';
import type { Json } from '../event/event.js';
import type { StateView } from '../folding/fold.js';
import { roleEvents, type RoleEventsOf } from '../roles/role.projection.js';
import type * as bodies from './agreement.dto.js';

export interface AgreementEvents extends RoleEventsOf<'Agreement'> {
  AgreementReported: Data<bodies.ReportAgreement>;
  AgreementAgreed: Data<bodies.AgreeAgreement>;
  AgreementSigned: Data<bodies.SignAgreement>;
  AgreementRejected: Data<bodies.RejectAgreement>;
  AgreementEnteredIntoForce: Data<bodies.EnterAgreementIntoForce>;
  AgreementExtended: Data<bodies.ExtendAgreement>;
  AgreementSuspended: Data<bodies.SuspendAgreement>;
  AgreementEnded: Data<bodies.EndAgreement>;
  AgreementCommitted: Data<bodies.Commit>;
  AgreementFulfilled: Data<bodies.FulfilCommitment>;
  AgreementBreached: Data<bodies.BreachCommitment>;
}

export const agreementEvents = {
  report: 'AgreementReported',
  agree: 'AgreementAgreed',
  sign: 'AgreementSigned',
  reject: 'AgreementRejected',
  'enter-into-force': 'AgreementEnteredIntoForce',
  extend: 'AgreementExtended',
  suspend: 'AgreementSuspended',
  end: 'AgreementEnded',
  commit: 'AgreementCommitted',
  fulfil: 'AgreementFulfilled',
  breach: 'AgreementBreached',
  ...roleEvents('Agreement'),
};

/** Its parties and zones, and the parties of the commitment that an event is about. */
export const agreementStanding = (agreement: StateView, { commitment }: Record<string, Json>) => [
  ...agreement.set('parties'),
  ...agreement.set('zones'),
  agreement.one('partOf'),
  ...(typeof commitment === 'string' ? partiesOf(agreement, commitment) : []),
];

function partiesOf(agreement: StateView, commitment: string): string[] {
  const said = agreement.one('commitments', commitment) as { parties?: string[] } | undefined;
  return said?.parties ?? [];
}
