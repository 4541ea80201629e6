import type { Data } from '../body/report.dto.js';
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

export const agreementStanding = (agreement: StateView) => [
  ...agreement.set('parties'),
  ...agreement.set('zones'),
  agreement.one('partOf'),
];
