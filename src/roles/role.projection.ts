import type { Json } from '../event/event.js';
import type { Handlers, StateView } from '../folding/fold.js';
import type { RoleEvents } from './role.dto.js';

export const roleVerbs = ['name-role', 'contest-role', 'end-role'] as const;

/** The kinds of subject that have roles, as their events' types begin. */
const BEARERS = ['Zone', 'Agreement', 'Talks'] as const;
type Bearer = (typeof BEARERS)[number];

const EVENTS = ['RoleNamed', 'RoleContested', 'RoleEnded'] as const;

/** The role events of one kind: `ZoneRoleNamed`. */
export type RoleEventsOf<B extends Bearer> = { [T in keyof RoleEvents as `${B}${T}`]: RoleEvents[T] };

export function roleEvents(bearer: Bearer): Record<(typeof roleVerbs)[number], string> {
  return { 'name-role': `${bearer}RoleNamed`, 'contest-role': `${bearer}RoleContested`, 'end-role': `${bearer}RoleEnded` };
}

/** The party whose own state a role event changes too. */
export function partyOfRole(type: string, data: Record<string, Json>): string | undefined {
  return EVENTS.some((event) => type.endsWith(event)) ? (data['party'] as string) : undefined;
}

/** How the role events of a kind fold; `whose` tells under which first name a role is kept: its party, or what it is a role in. */
function handlers(
  bearer: Bearer,
  whose: (party: string, bearerStream: string) => string,
): Record<string, Handlers<RoleEvents>[keyof RoleEvents]> {
  const on: Handlers<RoleEvents> = {
    RoleNamed: (draft, { party, role, status }, { stream }) => draft.set('roles', status, whose(party, stream), role),
    RoleContested: (draft, { party, role, by }, { stream }) => {
      const holder = whose(party, stream);
      if (!draft.value('roles', holder, role)) draft.anomaly('role-not-named', `${role} was contested where nobody had named it`);
      draft.set('roles', true, holder, role, by);
    },
    RoleEnded: (draft, { party, role }, { stream }) => {
      const holder = whose(party, stream);
      if (!draft.value('roles', holder, role)) draft.anomaly('role-not-named', `${role} ended where nobody had named it`);
      draft.remove('roles', holder, role);
    },
  };
  return Object.fromEntries(EVENTS.map((event) => [bearer + event, on[event]]));
}

/** The roles in a zone, an agreement or talks: `[{party, role, status, contestedBy[]}]`. */
export function rolesIn<B extends Bearer>(bearer: B): Handlers<RoleEventsOf<B>> {
  return handlers(bearer, (party) => party) as unknown as Handlers<RoleEventsOf<B>>;
}

/** The roles of a party, wherever it has them: `[{in, role, status, contestedBy[]}]`. */
export function rolesOfParty(): Record<string, Handlers<RoleEvents>[keyof RoleEvents]> {
  return Object.assign({}, ...BEARERS.map((bearer) => handlers(bearer, (_, stream) => stream)));
}

/**
 * The roles as they read. One that is contested but was never named has no status; one that ended is gone, and
 * when it is named again the contests of it stand again: nothing that was recorded takes them back.
 */
export function rolesView(state: StateView, holder: 'party' | 'in'): Json {
  const roles = new Map<string, { whose: string; role: string; contestedBy: string[] }>();
  for (const { member } of state.members('roles')) {
    const [whose, role, by] = member as [string, string, string?];
    const key = `${whose}/${role}`;
    const found = roles.get(key) ?? { whose, role, contestedBy: [] };
    roles.set(key, found);
    if (by) found.contestedBy.push(by);
  }
  return [...roles.values()]
    .filter(({ whose, role }) => !state.wasRemoved('roles', whose, role))
    .map(({ whose, role, contestedBy }) => {
      const status = state.one('roles', whose, role);
      return { [holder]: whose, role, ...(status !== undefined && { status }), contestedBy };
    });
}
