import type { Steps } from '../decider/commands.js';
import type { Span, Traces } from './traces.js';

/** The span of a command, with a stretch for deciding it and one for the append, which waits for its group. Several where it was decided again. */
export class CommandSpan implements Steps {
  private step: Span | undefined;
  private readonly span: Span;

  constructor(
    request: Span,
    private readonly traces: Traces,
  ) {
    this.span = request.child('command');
  }

  deciding(): void {
    this.step?.end();
    this.step = this.span.child('decide');
  }

  decided(): void {
    this.step?.end();
    this.step = this.traces.append(this.span);
  }

  /** `code`: why it was refused. */
  ended(told: { command: string; caller: string; stream?: string; sequence?: number; code?: string }): void {
    const { command, caller, stream, sequence, code } = told;
    this.step?.end();
    this.span.set({
      'zonewatch.command': command,
      'enduser.id': caller,
      ...(stream !== undefined && { 'zonewatch.stream': stream }),
      ...(sequence !== undefined && { 'zonewatch.sequence': sequence }),
    });
    if (code !== undefined) this.span.failed(code);
    this.span.end();
  }
}
