import type { Data } from '../body/report.dto.js';
import type { MakeStatement } from './statement.dto.js';

export interface StatementEvents {
  StatementMade: Data<MakeStatement>;
}

export const statementEvents = { make: 'StatementMade' };
