import { OneOf, Ref } from './fields.js';
import { Report } from './report.dto.js';

export const LEVELS = ['in-principle', 'final'] as const;
export type Level = (typeof LEVELS)[number];

/** A zone, an agreement or a deployment is agreed. */
export class Agree extends Report {
  @OneOf(LEVELS, { optional: true }) level?: Level;
  @Ref(['party'], { many: true, optional: true }) by?: string[];
}

/** The status that agreeing leads to; without a level it reads `agreed`. */
export function statusAgreed(level: Level | undefined): 'agreed-in-principle' | 'agreed' {
  return level === 'in-principle' ? 'agreed-in-principle' : 'agreed';
}

/** Of statuses in their usual order, those from which a step to `status` does not go back. */
export function stepsUpTo(status: string, order: readonly string[]): readonly string[] {
  return order.slice(0, order.indexOf(status) + 1);
}
