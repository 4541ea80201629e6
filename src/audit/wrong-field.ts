import { canonical } from '../event/canonical.js';
import type { State } from '../folding/state.js';
import { isPlain } from './plain.js';
import { visible } from './visible.js';

/**
 * The first field in which a state is not what its events make it, fit to be printed, and the event on whose word that field stands, where
 * there is one. What is shown may be any JSON.
 */
export function wrongField(made: State, shown: State): { field: string; because?: string } | undefined {
  const name = Object.keys({ ...made, ...shown }).find((field) => !isPlain(own(shown, field)) || text(made, field) !== text(shown, field));
  if (name === undefined) return undefined;
  const because = (made['because'] as Record<string, { event: string } | undefined>)[name]?.event;
  return { field: visible(name), ...(because !== undefined && { because }) };
}

function text(state: State, field: string): string | undefined {
  const value = own(state, field);
  return value === undefined ? undefined : canonical(value);
}

/** Every object has a `constructor` that nobody gave it. */
function own(state: State, field: string): State[string] {
  return Object.hasOwn(state, field) ? state[field] : undefined;
}
