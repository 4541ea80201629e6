import { statusAgreed, stepsUpTo } from '../body/agree.dto.js';
import type { Json } from '../event/event.js';
import type { Draft, Handlers, Projection } from '../folding/fold.js';
import type { Fact } from '../folding/fact.js';
import { rolesIn, rolesView } from '../roles/role.projection.js';
import type { AgreementStatus } from './agreement.dto.js';
import type { AgreementEvents } from './agreement.events.js';
import { commitmentsView } from './commitment.js';

/** Every status but ended. */
const STANDING: AgreementStatus[] = ['drafted', 'agreed-in-principle', 'agreed', 'in-force', 'suspended'];

const on: Handlers<AgreementEvents> = {
  AgreementReported: (agreement, data) => {
    agreement.setAll(data, 'title', 'kind', 'partOf', 'documents', 'place', 'until');
    agreement.add('parties', data.parties);
    agreement.add('zones', data.zones);
    agreement.begin(data.status, 'drafted');
  },
  AgreementAgreed: (agreement, { level, by }) => {
    const status = statusAgreed(level);
    agreement.step(status, stepsUpTo(status, ['drafted', 'agreed-in-principle', 'agreed']));
    agreement.add('parties', by);
  },
  AgreementSigned: (agreement, { party, signatory }, { occurred }) => {
    agreement.set('signatures', { party, ...(signatory && { signatory }), occurred }, party);
    agreement.add('parties', [party]);
  },
  AgreementRejected: (agreement, { party, reason }, { occurred }) =>
    agreement.set('rejections', { party, ...(reason && { reason }), occurred }, party),
  AgreementEnteredIntoForce: (agreement) => agreement.step('in-force', ['drafted', 'agreed-in-principle', 'agreed', 'suspended']),
  AgreementExtended: (agreement, { until }) => {
    agreement.usually(STANDING);
    agreement.set('until', until);
  },
  AgreementSuspended: (agreement) => agreement.step('suspended', ['in-force']),
  AgreementEnded: (agreement, { supersededBy }) => {
    agreement.step('ended', STANDING);
    agreement.set('supersededBy', supersededBy);
  },
  AgreementCommitted: (agreement, { commitment, parties, text, due }) =>
    agreement.set('commitments', { ...(parties && { parties }), text, ...(due && { due }) }, commitment),
  AgreementFulfilled: (agreement, { commitment }, fact) => conclude(agreement, commitment, 'fulfilled', fact),
  AgreementBreached: (agreement, { commitment }, fact) => conclude(agreement, commitment, 'breached', fact),
  ...rolesIn('Agreement'),
};

function conclude(agreement: Draft, commitment: string, was: 'fulfilled' | 'breached', { earliest, latest }: Fact): void {
  if (!agreement.value('commitments', commitment))
    agreement.anomaly('no-such-commitment', `${commitment} was ${was} where nobody had committed to it`);
  // When it was fulfilled tells whether that was late; a breach is one whenever it was.
  agreement.set('commitments', was === 'breached' ? { was } : { was, earliest, latest }, commitment, 'outcome');
}

export const agreementProjection: Projection = {
  on,
  view: (agreement, now) => ({
    title: agreement.one('title'),
    kind: agreement.one('kind'),
    parties: agreement.set('parties'),
    zones: agreement.set('zones'),
    partOf: agreement.one('partOf'),
    documents: agreement.one('documents'),
    place: agreement.one('place'),
    status: agreement.one('status'),
    signatures: agreement.members('signatures').map(({ value }) => value) as Json,
    rejections: agreement.members('rejections').map(({ value }) => value) as Json,
    until: agreement.one('until'),
    supersededBy: agreement.one('supersededBy'),
    commitments: commitmentsView(agreement, now),
    roles: rolesView(agreement, 'party'),
  }),
};
