import Database from 'better-sqlite3';
import { FindingError, type FindingCode } from './finding.js';
import { visible } from './visible.js';
import { parseJson } from '../body/json.js';
import { decideAgain } from '../decider/again.js';
import { Refusal } from '../decider/refusal.js';
import { canonical, canonicalEvent } from '../event/canonical.js';
import type { Json, RecordedEvent } from '../event/event.js';
import { MAX_GROUP_BYTES, MAX_GROUP_EVENTS } from '../log/group-commit.js';
import { MAX_ENTRY_BYTES } from '../proof/entry-bundle.js';
import { formFault } from './event-form.js';
import type { RecordWriter } from '../record/record-writer.js';
import { Tail } from '../record/tail.js';

/** How much of what a stranger wrote, and how many of the faults in it, a refusal tells. */
const MAX_TOLD = 200;
const MAX_FAULTS_TOLD = 3;

/**
 * Fills a record that holds nothing with the events that another one recorded, byte for byte. Nothing in them is trusted: each must be the
 * event that its own command would make on those before it. The first that is not throws a `FindingError`, and the record that was being
 * filled is then to be thrown away.
 */
export class Copy {
  private readonly tail: Tail;
  private last = { sequence: 0, recordedAt: '' };
  private open: { events: number; bytes: number } | undefined;

  constructor(private readonly writer: RecordWriter) {
    this.tail = new Tail(writer);
  }

  /** The event that an entry is, known to be the record's next; nothing is written. */
  read(entry: Buffer): RecordedEvent {
    const sequence = this.last.sequence + 1;
    if (entry.length > MAX_ENTRY_BYTES) throw refusal({ sequence }, `has ${entry.length} bytes; at most ${MAX_ENTRY_BYTES} are taken`);
    const parsed = parseJson(entry);
    if ('fault' in parsed) throw refusal({ sequence }, parsed.fault);
    const given = parsed.value;
    const fault = formFault(given);
    if (fault !== undefined) throw refusal({ sequence, ...idIn(given) }, fault);
    const event = given as unknown as RecordedEvent;
    this.checkPlace(event, sequence);
    const made = this.made(event, sequence);
    if (!entry.equals(Buffer.from(canonicalEvent(made)))) throw refusal({ sequence, id: event.id }, difference(made, given as never));
    return event;
  }

  /** Writes an event that was read last. It is kept when its group is full, or at the `flush`. */
  write(event: RecordedEvent): void {
    if (!this.open) this.writer.begin();
    this.open ??= { events: 0, bytes: 0 };
    const { sequence, recordedAt, ...recorded } = event;
    const { bytes } = guarded(event, 'can not be folded', () => this.writer.take([{ ...recorded, recordedAt }]));
    this.last = { sequence, recordedAt };
    this.open.events += 1;
    this.open.bytes += bytes;
    if (this.open.events >= MAX_GROUP_EVENTS || this.open.bytes >= MAX_GROUP_BYTES) this.flush();
  }

  /** Commits what is open. */
  flush(): void {
    if (!this.open) return;
    this.writer.commit();
    this.open = undefined;
  }

  private checkPlace({ sequence, id, stream, revision, recordedAt, recordedBy, commandKey }: RecordedEvent, place: number): void {
    const misplaced = (message: string) => refusal({ sequence: place, id }, message, 'event-order');
    if (sequence !== place) throw misplaced(`sequence is ${sequence}, and ${place} comes next`);
    const next = this.writer.revisionOf(stream) + 1;
    if (revision !== next) throw misplaced(`revision is ${revision}, and ${next} comes next in ${stream}`);
    if (recordedAt < this.last.recordedAt)
      throw misplaced(`recordedAt is ${recordedAt}, which is before the ${this.last.recordedAt} of the event before it`);
    const same = this.tail.event({ id });
    if (same) throw misplaced(`id is that of event ${same.sequence} already`);
    const keyed = commandKey === undefined ? undefined : this.tail.byKey(recordedBy, commandKey);
    if (keyed) throw misplaced(`commandKey is that of event ${keyed.sequence} already, of the same recordedBy`);
  }

  /** The event as the record itself would have made it from what this one says. */
  private made(event: RecordedEvent, sequence: number): RecordedEvent {
    const { id, recordedAt, revision } = event;
    const { stream, draft } = guarded(event, 'can not be decided', () => decideAgain(event, this.tail));
    return { ...draft, id, recordedAt, stream, revision, sequence };
  }
}

/** Whatever an event breaks on is told as a refusal of that event; what the disk does is not its fault. */
function guarded<T>(event: RecordedEvent, what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof Refusal) throw refusal(event, reasons(error));
    if (error instanceof Database.SqliteError && !error.code.startsWith('SQLITE_CONSTRAINT')) throw error;
    throw refusal(event, `${what}: ${(error as Error).message}`);
  }
}

function reasons({ message, errors = [] }: Refusal): string {
  if (errors.length === 0) return message;
  const told = errors.slice(0, MAX_FAULTS_TOLD).map(({ field, rule, message: why }) => `${field} (${rule}): ${why}`);
  return `${message}: ${told.join('; ')}`;
}

/** Where an event says something else than what the record makes of it. */
function difference(made: RecordedEvent, given: Readonly<Record<string, Json>>): string {
  const wanted = made as unknown as Record<string, Json | undefined>;
  const field = Object.keys({ stream: '', type: '', ...given, ...wanted }).find((name) => shown(given[name]) !== shown(wanted[name]));
  if (field === undefined) return 'its bytes are not canonical (RFC 8785)';
  return `${field} is ${brief(shown(given[field]))}, and what the event says makes it ${brief(shown(wanted[field]))}`;
}

function shown(value: Json | undefined): string {
  return value === undefined ? 'left out' : canonical(value);
}

function brief(text: string): string {
  return text.length > MAX_TOLD ? `${text.slice(0, MAX_TOLD)}…` : text;
}

function idIn(given: Json): { id?: string } {
  const id = given !== null && typeof given === 'object' && !Array.isArray(given) ? given['id'] : undefined;
  return typeof id === 'string' && /^[0-9A-Za-z-]{1,64}$/.test(id) ? { id } : {};
}

function refusal(
  { sequence, id }: { sequence: number; id?: string },
  message: string,
  code: FindingCode = 'event-malformed',
): FindingError {
  return new FindingError({ code, message: visible(message), sequence, ...(id !== undefined && { id }) });
}
