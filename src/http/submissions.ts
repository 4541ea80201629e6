import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { SignInRefused } from '../access/sign-in-refused.js';
import { Commands, type Receipt } from '../decider/commands.js';
import type { Submission } from '../decider/intake.js';
import { Refusal } from '../decider/refusal.js';
import { LOGGER, Unforeseen, type Logger } from '../logger.js';
import { Metrics } from '../metrics/metrics.js';
import { CommandSpan } from '../traces/command-span.js';
import { Traces } from '../traces/traces.js';
import { HttpRefusal } from './problems.js';
import { spanOf } from './request-watch.js';

export interface Asked {
  request: FastifyRequest;
  caller: string;
  /** Of the request's body, where each line is a command. */
  line?: number;
}

/** The way of the doors to the commands: each is counted, traced and told of in the log, whatever comes of it. */
@Injectable()
export class Submissions {
  constructor(
    @Inject(Commands) private readonly commands: Commands,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(Traces) private readonly traces: Traces,
    @Inject(Unforeseen) private readonly unforeseen: Unforeseen,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Submits what `read` reads out of a request. It may refuse that. */
  async submit({ request, caller, line }: Asked, read: () => Submission): Promise<Receipt> {
    const requestSpan = spanOf(request);
    const span = requestSpan && new CommandSpan(requestSpan, this.traces);
    const told = { requestId: request.id, ...(line !== undefined && { line }), caller, command: '' };
    try {
      const submission = read();
      told.command = submission.command.slice(0, 100);
      const receipt = await this.commands.submit(submission, span);
      const { stream, sequence, eventId } = receipt.reply;
      if (receipt.created) this.metrics.commands.recorded();
      else this.metrics.commands.repeated();
      this.logger.debug({ ...told, eventId, stream, sequence }, receipt.created ? 'recorded' : 'repeated');
      span?.ended({ ...told, stream, sequence });
      return receipt;
    } catch (error) {
      const code = codeOf(error);
      this.metrics.commands.refused(code);
      if (code === 'internal') this.unforeseen.tell(error, told);
      else this.logger.debug({ ...told, code }, 'refused');
      span?.ended({ ...told, code });
      throw error;
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Refusal || error instanceof HttpRefusal || error instanceof SignInRefused ? error.code : 'internal';
}
