import { canonical } from '../event/canonical.js';
import type { State } from '../folding/state.js';

/** The first field in which a state is not what its events make it, and the event on whose word that field stands, where there is one. */
export function wrongField(made: State, shown: State): { field: string; because?: string } | undefined {
  const field = Object.keys({ ...made, ...shown }).find((name) => canonical(made[name] ?? null) !== canonical(shown[name] ?? null));
  if (field === undefined) return undefined;
  const because = (made['because'] as Record<string, { event: string } | undefined>)[field]?.event;
  return { field, ...(because !== undefined && { because }) };
}
