import { Body, Controller, Headers, HttpCode, HttpStatus, Inject, Post, StreamableFile } from '@nestjs/common';
import { Readable } from 'node:stream';
import { CallerOf, Needs } from '../access/guard.js';
import type { Caller } from '../access/sign-in.js';
import { MAX_BODY_BYTES, jsonFaults, parseJson } from '../body/json.js';
import { checkKey } from '../decider/command-key.js';
import { Commands } from '../decider/commands.js';
import type { Submission } from '../decider/intake.js';
import { Refusal, malformed } from '../decider/refusal.js';
import type { Json } from '../event/event.js';
import { Unforeseen } from '../logger.js';
import { NDJSON_ROUTE } from './body-parsers.js';
import { linesOf } from './lines.js';
import { OrderedReplies } from './ordered-replies.js';
import { HttpRefusal, problemOf } from './problems.js';

/** A body of the greatest size, and what stands around it. */
const MAX_LINE_BYTES = MAX_BODY_BYTES + 4_096;
/** Lines that are under way at once: a few groups of the log. */
const ROOM = 1_024;
const FIELDS = new Set(['command', 'id', 'body', 'idempotencyKey']);

@Controller(NDJSON_ROUTE)
export class CommandsController {
  constructor(
    @Inject(Commands) private readonly commands: Commands,
    @Inject(Unforeseen) private readonly unforeseen: Unforeseen,
  ) {}

  /** Commands in as NDJSON, replies out as NDJSON, in order, while more come in. A bad line does not stop the rest. */
  @Post()
  @HttpCode(HttpStatus.OK)
  @Needs('recorder')
  run(@Body() lines: unknown, @Headers('content-type') type: string | undefined, @CallerOf() caller: Caller): StreamableFile {
    if (!(lines instanceof Readable))
      throw new HttpRefusal('unsupported-media-type', `send application/x-ndjson, not ${type ?? 'nothing'}`);
    const replies = new OrderedReplies(ROOM);
    void this.read(lines, caller, replies);
    return new StreamableFile(Readable.from(replies, { objectMode: false, highWaterMark: 65_536 }), {
      type: 'application/x-ndjson; charset=utf-8',
    });
  }

  private async read(lines: Readable, caller: Caller, replies: OrderedReplies): Promise<void> {
    let line = 0;
    try {
      for await (const bytes of linesOf(lines, MAX_LINE_BYTES)) {
        line++;
        if (bytes?.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09)) continue;
        await replies.add(this.reply(line, bytes, caller));
        if (replies.isEnded) return;
      }
      replies.end();
    } catch (error) {
      replies.end(error);
    }
  }

  private async reply(line: number, bytes: Buffer | null, caller: Caller): Promise<string> {
    try {
      const { reply } = await this.commands.submit(submissionOf(bytes, caller));
      return `${JSON.stringify({ line, ...reply })}\n`;
    } catch (error) {
      return `${JSON.stringify({ line, ...problemOf(error, this.unforeseen) })}\n`;
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
