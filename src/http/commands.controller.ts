import {
  Body,
  Controller,
  Headers,
  HttpCode,
  HttpStatus,
  Inject,
  Post,
  Req,
  StreamableFile,
  type BeforeApplicationShutdown,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { CallerOf, Needs } from '../access/guard.js';
import type { Caller } from '../access/caller.js';
import { CommandRates } from '../access/command-rates.js';
import { ENDED, SignInRefused } from '../access/sign-in-refused.js';
import { MAX_BODY_BYTES, jsonFaults, parseJson } from '../body/json.js';
import { checkKey } from '../decider/command-key.js';
import type { Submission } from '../decider/intake.js';
import { Refusal, malformed } from '../decider/refusal.js';
import type { Json } from '../event/event.js';
import { Unforeseen } from '../logger.js';
import { NDJSON_ROUTE } from './body-parsers.js';
import { linesOf } from './lines.js';
import { OrderedReplies } from './ordered-replies.js';
import { HttpRefusal, problemOf } from './problems.js';
import { Submissions } from './submissions.js';

/** A body of the greatest size, and what stands around it. */
const MAX_LINE_BYTES = MAX_BODY_BYTES + 4_096;
/** Lines that are under way at once: a few groups of the log. */
const ROOM = 1_024;
const FIELDS = new Set(['command', 'id', 'body', 'idempotencyKey']);

interface From {
  caller: Caller;
  request: FastifyRequest;
}

@Controller(NDJSON_ROUTE)
export class CommandsController implements BeforeApplicationShutdown {
  /** What ends each batch that is under way. */
  private readonly ends = new Set<() => void>();

  constructor(
    @Inject(Submissions) private readonly submissions: Submissions,
    @Inject(CommandRates) private readonly rates: CommandRates,
    @Inject(Unforeseen) private readonly unforeseen: Unforeseen,
  ) {}

  /** Commands in as NDJSON, replies out as NDJSON, in order, while more come in. A bad line does not stop the rest. */
  @Post()
  @HttpCode(HttpStatus.OK)
  @Needs('recorder')
  run(
    @Body() lines: unknown,
    @Headers('content-type') type: string | undefined,
    @CallerOf() caller: Caller,
    @Req() request: FastifyRequest,
  ): StreamableFile {
    if (!(lines instanceof Readable))
      throw new HttpRefusal('unsupported-media-type', `send application/x-ndjson, not ${type ?? 'nothing'}`);
    const replies = new OrderedReplies(ROOM);
    void this.read(lines, { caller, request }, replies);
    return new StreamableFile(Readable.from(replies, { objectMode: false, highWaterMark: 65_536 }), {
      type: 'application/x-ndjson; charset=utf-8',
    });
  }

  /** What was taken is answered, and nothing more is taken. */
  beforeApplicationShutdown(): void {
    for (const end of this.ends) end();
  }

  private async read(lines: Readable, from: From, replies: OrderedReplies): Promise<void> {
    let line = 0;
    let isStopping = false;
    const end = () => {
      isStopping = true;
      replies.end();
    };
    this.ends.add(end);
    try {
      for await (const bytes of linesOf(lines, MAX_LINE_BYTES)) {
        // Read on all the same: a connection that is closed on unread bytes takes the replies on their way with it.
        if (isStopping) continue;
        line++;
        if (bytes?.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09)) continue;
        await replies.add(this.reply(line, bytes, from));
        if (replies.isEnded && !isStopping) return;
      }
      replies.end();
    } catch (error) {
      replies.end(error);
    } finally {
      this.ends.delete(end);
    }
  }

  private async reply(line: number, bytes: Buffer | null, { caller, request }: From): Promise<string> {
    try {
      const { reply } = await this.submissions.submit({ request, caller: caller.name, line }, () => {
        // The credential may end while more lines come in.
        const why = caller.ended?.();
        if (why) throw new SignInRefused(why, ENDED[why]);
        this.rates.take(caller);
        return submissionOf(bytes, caller);
      });
      return `${JSON.stringify({ line, ...reply })}\n`;
    } catch (error) {
      return `${JSON.stringify({ line, ...problemOf(error, this.unforeseen, { requestId: request.id }) })}\n`;
    }
  }
}

function submissionOf(bytes: Buffer | null, caller: Caller): Submission {
  if (!bytes) throw new Refusal('too-large', `the line is longer than the ${MAX_LINE_BYTES} bytes that are taken`);
  const parsed = parseJson(bytes);
  if ('fault' in parsed) throw malformed('', 'json', parsed.fault);
  const { value } = parsed;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw malformed('', 'object', 'a line must be a JSON object');
  const unknown = Object.keys(value).find((name) => !FIELDS.has(name));
  if (unknown !== undefined) throw malformed(unknown.slice(0, 100), 'unknown-field', `${unknown.slice(0, 100)} is not a field of a line`);
  const { command, id, body, idempotencyKey } = value;
  if (typeof command !== 'string') throw malformed('command', 'string', 'command must be a string: "zones/report"');
  if (id !== undefined && typeof id !== 'string') throw malformed('id', 'string', 'id must be a string');
  if (bytes.length > MAX_BODY_BYTES && Buffer.byteLength(JSON.stringify(body ?? null)) > MAX_BODY_BYTES)
    throw new Refusal('too-large', `the body is larger than the ${MAX_BODY_BYTES} bytes that are taken`);
  const faults = jsonFaults({ command, id: id ?? null });
  if (faults.length) throw new Refusal('malformed', 'the line is not what this route takes', faults);
  return {
    command,
    ...(id !== undefined && { id }),
    body: (body ?? null) as Json,
    caller: caller.name,
    ...(idempotencyKey !== undefined && { key: checkKey(idempotencyKey, 'idempotencyKey') }),
  };
}
