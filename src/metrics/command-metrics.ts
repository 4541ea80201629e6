import { Counter, type Registry } from 'prom-client';

export interface CommandMetrics {
  recorded(): void;
  repeated(): void;
  /** `code`: one of the problems' codes. */
  refused(code: string): void;
}

/** What came of commands. */
export function commandMetrics(registry: Registry): CommandMetrics {
  const commands = new Counter({
    name: 'zonewatch_commands_total',
    help: 'Commands by what came of them; code is the problem of those that were refused.',
    labelNames: ['outcome', 'code'],
    registers: [registry],
  });
  const recorded = commands.labels({ outcome: 'recorded', code: '' });
  const repeated = commands.labels({ outcome: 'repeated', code: '' });
  return {
    recorded: () => recorded.inc(),
    repeated: () => repeated.inc(),
    refused: (code) => commands.inc({ outcome: 'refused', code }),
  };
}
