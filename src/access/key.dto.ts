import { Instant, OneOf, Rule, Slug } from '../body/fields.js';
import { bodyFaults } from '../body/validate.js';
import { Refusal } from '../decider/refusal.js';
import { RESERVED_NAMES, ROLES, type Role } from './caller.js';

/** A key that is wanted. */
@Rule({
  field: 'name',
  rule: 'reserved',
  message: `name must be none of ${RESERVED_NAMES.join(', ')}`,
  broken: ({ name }: { name?: unknown }) => RESERVED_NAMES.includes(name as string),
})
export class KeyBody {
  /** Who uses it: the `recordedBy` of what is written with it. */
  @Slug() name!: string;
  @OneOf(ROLES, { many: true }) roles!: Role[];
  /** When it ends, where it is to end by itself. */
  @Instant({ optional: true }) expires?: string;
}

/** When a key is to end. */
export class ExpireBody {
  @Instant() expires!: string;
}

/** A body as its class has it, or a refusal that names each field at fault. It comes over HTTP or from the command line. */
export function checked<T extends object>(body: new () => T, value: unknown): T {
  const faults = bodyFaults(body, value as never);
  if (faults.length) throw new Refusal('malformed', faults.map(({ message }) => message).join('; '), faults);
  return value as T;
}
