import type { Data } from '../body/report.dto.js';
import type { StateView } from '../folding/fold.js';
import type { JoinParty, LeaveParty, RegisterParty, RenameParty } from './party.dto.js';

export interface PartyEvents {
  PartyRegistered: Data<RegisterParty>;
  PartyRenamed: Data<RenameParty>;
  PartyJoined: Data<JoinParty>;
  PartyLeft: Data<LeaveParty>;
}

export const partyEvents = { register: 'PartyRegistered', rename: 'PartyRenamed', join: 'PartyJoined', leave: 'PartyLeft' };

export const partyStanding = (party: StateView) => party.set('memberOf');
