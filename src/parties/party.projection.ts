import type { Handlers, Projection } from '../folding/fold.js';
import { partyOfRole, rolesOfParty, rolesView } from '../roles/role.projection.js';
import type { PartyEvents } from './party.events.js';

const on: Handlers<PartyEvents> = {
  PartyRegistered: (party, data) => {
    party.setAll(data, 'name', 'kind', 'aliases');
    party.add('memberOf', data.memberOf);
  },
  PartyRenamed: (party, { name }) => party.set('name', name),
  PartyJoined: (party, { of }) => party.add('memberOf', [of]),
  PartyLeft: (party, { of }) => {
    if (!party.value('memberOf', of)) party.anomaly('not-a-member', `left ${of} without having been a member`);
    party.remove('memberOf', of);
  },
};

export const partyProjection: Projection = {
  on: { ...on, ...rolesOfParty() },
  ofOthers: partyOfRole,
  view: (party) => ({
    name: party.one('name'),
    kind: party.one('kind'),
    aliases: party.list('aliases'),
    memberOf: party.set('memberOf'),
    roles: rolesView(party, 'in'),
  }),
};
