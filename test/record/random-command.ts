import { AMENDMENTS, EVENTS, type AmendingVerb } from '../../src/amendments/amendments.js';
import { fieldsOf, type FieldSpec } from '../../src/body/fields.js';
import { bodyFaults } from '../../src/body/validate.js';
import type { Submission } from '../../src/decider/intake.js';
import type { Subject } from '../../src/decider/subject.js';
import type { Json, RecordedEvent } from '../../src/event/event.js';
import { SLUG, streamOf, subjectOf, type Kind } from '../../src/event/subject.js';
import { isFact } from '../../src/folding/fact.js';
import { SUBJECTS, commandOf } from '../../src/subjects.js';

/** Dates that precede, touch, overlap and contain one another, down to those that say next to nothing. */
export const DATES: readonly string[] = [
  '2017-05-01 2017-05-02 2017-05-03 2017-05-04 2017-05-05 2017-05-06 2017-05-07 2017-05-08 2017-05-09 2016-12-31 2018-01-01',
  '2017-01 2017-02 2017-03 2017-04 2017-05 2017-06 2017-07 2017-08 2017-09 2017-12 2018-01 2016 2017 2018',
  '2017-07-05? 2017-07-05~ 2017-07-05% 2017-06? 201X 2017-0X 2017-05-XX 2017-21 2017-24',
  '2017-05-04/2017-05-06 2017-05-01/2017-05-31 2017-04/2017-06 2017-05/2017-07 2016/2018 2017-06-30/2017-07-01 2017-05-03/2017-05',
  '2017-05-04?/2017-05-09~ ../2017-05-04 ../2017-06 /2017-07 /2016 2017-05-04/.. 2017-06/.. 2017-07/ 2018/',
  '[2017-05-01,2017-05-05] {2017-05..2017-07} [..2017-05-03] {2017-06-01..}',
  '2017-05-04T00:00:00Z 2017-05-04T12:30Z 2017-05-04T23:59:59.999Z 2017-05-05T01:00:00+03:00 2017-05-05T00:00:00Z 2017-05-06T00:00:00Z',
].flatMap((line) => line.split(' '));

const PUBLISHERS = ['TASS', 'Tass', 'SANA', 'AFP', 'Enab Baladi'];
const WORDS = ['Idlib', 'إدلب', 'a ceasefire', 'ten checkpoints', 'العاصمة', '𝔸 border'];
const SLUGS = ['maps', 'monitors', 'prisoners'];
const PLAIN = { type: 'Polygon', coordinates: [[[36, 35], [37, 35], [37, 36], [36, 35]]] }; // prettier-ignore
const RAISED = { type: 'MultiPolygon', coordinates: [[[[36.25, 35, 9], [37, 35.5, 9], [37, -36e-7, 9], [36.25, 35, 9]]]] }; // prettier-ignore

/** Pseudo-random choices that one number decides (mulberry32), so that a run is told and repeated by its seed. */
export class Dice {
  constructor(private state: number) {}

  below(count: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** True in so many of a hundred cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

type Told = Omit<Submission, 'body'> & { body: Record<string, Json> };

const VERBS = Object.keys(AMENDMENTS) as AmendingVerb[];

/** Makes commands on what there is: valid ones, and amendments that may aim wrong. Tell it what came of each. */
export class Storyteller {
  private readonly streams = new Map<Kind, string[]>(SUBJECTS.map(({ kind }) => [kind, []]));
  private readonly events: RecordedEvent[] = [];
  private readonly told: Told[] = [];
  private made = 0;

  constructor(private readonly dice: Dice) {}

  next(): Submission {
    const told = this.told.length && this.dice.chance(15) ? this.again(this.dice.pick(this.told)) : this.anything();
    this.told.push(told);
    return { ...told, ...(this.dice.chance(20) && { key: `key-${this.made++}` }) };
  }

  learn(event: RecordedEvent): void {
    this.know(event.stream);
    this.events.push(event);
  }

  private anything(): Told {
    return this.events.length && this.dice.chance(25) ? this.amendment() : this.command();
  }

  private know(stream: string): void {
    const known = this.streams.get(subjectOf(stream)!.kind)!;
    if (!known.includes(stream)) known.push(stream);
  }

  /** What was said before, read elsewhere. */
  private again(told: Told): Told {
    const { sources, ...said } = told.body;
    return this.dice.chance(50) || !sources ? told : { ...told, body: { ...said, sources: [{ publisher: this.dice.pick(PUBLISHERS) }] } };
  }

  private command(): Told {
    for (;;) {
      const subject = this.dice.pick(SUBJECTS);
      const known = this.streams.get(subject.kind)!;
      const verb = known.length ? this.dice.pick(Object.keys(subject.bodies)) : subject.create;
      const { body } = subject.bodies[verb]!;
      const value = this.object(body);
      // A rule over several fields may not have been met, or there is nothing yet that a field could name.
      if (bodyFaults(body, value).length === 0) return this.submission(subject, verb, value, known);
    }
  }

  private submission(subject: Subject, verb: string, body: Record<string, Json>, known: readonly string[]): Told {
    const command = `${subject.collection}/${verb}`;
    if (verb !== subject.create) return { command, id: subjectOf(this.dice.pick(known))!.id, body, caller: 'test' };
    // What is still being written can be named already.
    if (typeof body['id'] === 'string') this.know(streamOf(subject.kind, body['id']));
    return { command, body, caller: 'test' };
  }

  /** An amendment of a fact or of any event, often of one that was told of last, so that many are amended again and again. */
  private amendment(): Told {
    const recent = this.dice.chance(60) ? this.events.slice(-12) : this.events;
    const facts = recent.filter(isFact);
    const target = this.dice.pick(facts.length && this.dice.chance(60) ? facts : recent);
    const verb = this.dice.pick(VERBS);
    for (;;) {
      const { changes, claim, ...body } = this.object(AMENDMENTS[verb].body);
      if (changes) body['changes'] = this.changes(target);
      if (claim) body['claim'] = this.changes(target);
      // What can't be told from the class of a claim: that it is all set.
      if (bodyFaults(AMENDMENTS[verb].body, body).length) continue;
      return { command: `${EVENTS}/${verb}`, id: this.nameOf(target), body, caller: 'test' };
    }
  }

  /** Some other fields for a fact; now and then one is taken away. */
  private changes(target: RecordedEvent): Record<string, Json> {
    if (!isFact(target)) return { occurred: this.dice.pick(DATES) };
    const fields = [...fieldsOf(commandOf(target.type).body)].filter(([name]) => name !== 'id');
    const changes: Record<string, Json> = {};
    for (let left = 1 + this.dice.below(3); left > 0; left--) {
      const [name, spec] = this.dice.pick(fields);
      const value = this.dice.chance(20) ? null : spec.many ? this.list(name, spec) : this.value(name, spec);
      if (value !== undefined) changes[name] = value;
    }
    return changes;
  }

  private nameOf({ id, stream, revision }: RecordedEvent): string {
    return this.dice.chance(50) ? id : `${stream}@${revision}`;
  }

  private object(body: new () => object): Record<string, Json> {
    const value: Record<string, Json> = {};
    for (const [name, spec] of fieldsOf(body)) {
      if (spec.optional && this.dice.chance(55)) continue;
      const said = spec.many ? this.list(name, spec) : this.value(name, spec);
      if (said !== undefined) value[name] = said;
    }
    return value;
  }

  private list(name: string, spec: FieldSpec): Json | undefined {
    const items = Array.from({ length: 1 + this.dice.below(3) }, () => this.value(name, spec)).filter((item) => item !== undefined);
    return items.length ? [...new Map(items.map((item) => [JSON.stringify(item), item])).values()] : undefined;
  }

  private value(name: string, { schema: whole, names, nested, many }: FieldSpec): Json | undefined {
    if (nested) return this.object(nested);
    if (names) return this.reference(names);
    // What is corrected or claimed depends on the fact that it is of, and is put in its place later.
    if (name === 'changes' || name === 'claim') return {};
    const schema = (many ? whole['items'] : whole) as { enum?: string[]; $ref?: string; type?: string; format?: string; pattern?: string };
    const { dice } = this;
    if (schema.enum) return dice.pick(schema.enum);
    if (schema.format === 'uri') return `https://example.org/${dice.below(5)}`;
    if (schema.type === 'integer') return dice.below(4);
    if (schema.pattern === SLUG.source) return name === 'id' ? `n-${this.made++}` : dice.pick(SLUGS);
    if (schema.pattern) return 'ab'.repeat(32);
    switch (schema.$ref?.split('/').at(-1)) {
      case 'Edtf':
        return dice.pick(DATES);
      case 'Localized':
        return { en: dice.pick(WORDS), ...(dice.chance(50) && { ar: dice.pick(WORDS) }) };
      case 'Quantity':
        return dice.pick<Json>([0, 500, { about: 500 }, { min: 40, max: 60 }]);
      case 'Geometry':
        return dice.pick<Json>([PLAIN, RAISED]);
      default:
        return name === 'lang' ? dice.pick(['ar', 'en', 'ru-Latn']) : dice.pick(PUBLISHERS);
    }
  }

  private reference(names: readonly (Kind | 'event')[]): string | undefined {
    const named = this.dice.pick(names);
    if (named === 'event') return this.events.length ? this.nameOf(this.dice.pick(this.events)) : undefined;
    const known = this.streams.get(named)!;
    return known.length ? this.dice.pick(known) : undefined;
  }
}
