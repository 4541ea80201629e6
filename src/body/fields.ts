import { ValidateIf, ValidateNested, registerDecorator } from 'class-validator';
import type { Kind } from '../event/subject.js';
import { KINDS, MAX_SLUG, SLUG, eventRef, isSlug, subjectOf } from '../event/subject.js';
import { bounds, instant } from '../time/occurred.js';
import { addressOf } from './address.js';
import { geometryFault } from './geometry.js';

/**
 * The fields of bodies, each a property decorator that says three things at once: how class-validator checks it, how the OpenAPI document
 * shows it, and which subjects it refers to. A field that is optional is left out, never null; a list has at least one entry.
 */
export type JsonSchema = Record<string, unknown>;

export interface FieldOptions {
  optional?: true;
  many?: true;
}

export interface FieldSpec extends FieldOptions {
  schema: JsonSchema;
  /** The kinds of subject that it may name; `event` for an event's id. */
  names?: readonly (Kind | 'event')[];
  nested?: new () => object;
}

const MAX_LIST = 1_000;
const MAX_LINE = 2_000;

const specs = new Map<unknown, Map<string, FieldSpec>>();

/** The fields of a body class, those of the classes that it extends first. */
export function fieldsOf(body: unknown): Map<string, FieldSpec> {
  const chain: unknown[] = [];
  for (let at = body; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) chain.unshift(at);
  return new Map(chain.flatMap((ancestor) => [...(specs.get(ancestor) ?? [])]));
}

function specify(target: object, property: string | symbol, spec: FieldSpec): void {
  const own = specs.get(target.constructor) ?? new Map<string, FieldSpec>();
  specs.set(target.constructor, own.set(String(property), spec));
  if (spec.optional) ValidateIf((_, value) => value !== undefined)(target, property);
}

/** What is wrong with one value, or undefined. */
type Fault = (value: unknown) => string | undefined;

function field(rule: string, schema: JsonSchema, fault: Fault, more: Pick<FieldSpec, 'names'> = {}) {
  return (options: FieldOptions = {}): PropertyDecorator =>
    (target, property) => {
      const list = { type: 'array', minItems: 1, maxItems: MAX_LIST, items: schema };
      specify(target, property, { ...options, ...more, schema: options.many ? list : schema });
      const faultOf = (value: unknown) => (options.many ? listFault(value, fault) : fault(value));
      registerDecorator({
        name: rule,
        target: target.constructor,
        propertyName: String(property),
        validator: {
          validate: (value) => faultOf(value) === undefined,
          defaultMessage: (args) => `${args!.property} ${faultOf(args!.value)}`,
        },
      });
    };
}

function listFault(value: unknown, fault: Fault): string | undefined {
  if (!Array.isArray(value)) return 'must be a list';
  if (value.length === 0) return 'must have at least one entry';
  if (value.length > MAX_LIST) return `must have at most ${MAX_LIST} entries`;
  const faults = value.flatMap((item, at) => {
    const found = fault(item);
    return found ? [`[${at}] ${found}`] : [];
  });
  if (faults.length) return faults.slice(0, 10).join('; ');
  const twice = new Set(value.map((item) => JSON.stringify(item))).size < value.length;
  return twice ? 'must not say the same twice' : undefined;
}

function matches(fits: (text: string) => boolean, fault: string): Fault {
  return (value) => (typeof value === 'string' && fits(value) ? undefined : fault);
}

const knownTags = new Set<string>();

function isLanguage(tag: string): boolean {
  if (knownTags.has(tag)) return true;
  if (tag.length > 35) return false;
  try {
    Intl.getCanonicalLocales(tag);
  } catch {
    return false;
  }
  if (knownTags.size < 1_000) knownTags.add(tag);
  return true;
}

function textFault(value: unknown): string | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return 'must be a text by language: {"en": "...", "ar": "..."}';
  const entries = Object.entries(value);
  if (entries.length === 0) return 'must have a text in at least one language';
  if (new Set(entries.map(([tag]) => tag.toLowerCase())).size < entries.length) return 'must have one text for each language';
  for (const [tag, text] of entries) {
    if (!isLanguage(tag)) return `has ${JSON.stringify(tag.slice(0, 40))}, which is no BCP-47 language tag`;
    if (typeof text !== 'string' || text.trim() === '') return `must have a text for ${tag}`;
  }
  return undefined;
}

/** A text that people read: `{"en": "...", "ar": "..."}`, keyed by BCP-47 tag. */
export const Text = field('localized', { $ref: '#/components/schemas/Localized' }, textFault);

/** A plain line that is not translated: a publisher, a title as it was printed. */
export const Line = field(
  'line',
  { type: 'string', minLength: 1, maxLength: MAX_LINE },
  matches(
    (text) => text.trim() !== '' && text.length <= MAX_LINE && !/\p{Cc}/u.test(text),
    `must be one line of 1 to ${MAX_LINE} characters`,
  ),
);

export const Slug = field(
  'slug',
  { type: 'string', pattern: SLUG.source, maxLength: MAX_SLUG },
  matches(isSlug, `must be a slug: lower-case letters and digits, parted by single hyphens, at most ${MAX_SLUG} characters`),
);

/** EDTF, ISO 8601-2, levels 0 to 2. */
export const Edtf = field(
  'edtf',
  { $ref: '#/components/schemas/Edtf' },
  matches(
    (text) => bounds(text) !== null,
    'must be an EDTF date (2017-07-05, 2017-07-04/2017-07-05, 2017-12, 2018-04-07?); a time needs its offset',
  ),
);

/** A point in time with its offset. */
export const Instant = field(
  'instant',
  { type: 'string', format: 'date-time' },
  matches((text) => instant(text) !== null, 'must be an instant with its offset: 2027-01-31T12:00:00Z'),
);

export const Language = field(
  'language',
  { type: 'string', description: 'A BCP-47 tag' },
  matches(isLanguage, 'must be a BCP-47 language tag'),
);

export const WebAddress = field(
  'url',
  { type: 'string', format: 'uri', maxLength: MAX_LINE },
  matches(
    (text) => text.length <= MAX_LINE && /^https?:\/\//.test(text) && addressOf(text) !== undefined,
    'must be an http or https address',
  ),
);

export const Sha256 = field(
  'sha256',
  { type: 'string', pattern: '^[0-9a-f]{64}$' },
  matches((text) => /^[0-9a-f]{64}$/.test(text), 'must be 64 hex digits'),
);

export const Whole = field('whole', { type: 'integer', minimum: 0 }, (value) => (isWhole(value) ? undefined : 'must be a whole number'));

export const Amount = field('quantity', { $ref: '#/components/schemas/Quantity' }, (value) => {
  const fault = 'must be a whole number, {"about": n} or {"min": n, "max": n}';
  if (typeof value === 'number') return isWhole(value) ? undefined : fault;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return fault;
  const { about, min, max } = value as Record<string, unknown>;
  const keys = Object.keys(value).sort().join();
  if (keys === 'about') return isWhole(about) ? undefined : fault;
  if (keys !== 'max,min' || !isWhole(min) || !isWhole(max)) return fault;
  return min <= max ? undefined : 'must have a min that is not above its max';
});

export const Geometry = field('geometry', { $ref: '#/components/schemas/Geometry' }, geometryFault);

export function OneOf(values: readonly string[], options?: FieldOptions): PropertyDecorator {
  const fits = matches((text) => values.includes(text), `must be one of ${values.join(', ')}`);
  return field('one-of', { type: 'string', enum: values }, fits)(options);
}

/** The stream of a subject: `party-russia`. */
export function Ref(kinds: readonly Kind[], options?: FieldOptions): PropertyDecorator {
  const fits = (text: string) => kinds.includes(subjectOf(text)?.kind as Kind);
  const shape =
    kinds.length === KINDS.length
      ? 'a subject: <kind>-<id>'
      : `a ${kinds.join(' or a ')}: ${kinds.map((kind) => `${kind}-<id>`).join(', ')}`;
  const schema = { type: 'string', pattern: `^(${kinds.join('|')})-`, description: `Names ${shape}` };
  return field('reference', schema, matches(fits, `must name ${shape}`), { names: kinds })(options);
}

/** Fields of another body, which says later whether they are right. */
export const Fields = field('fields', { type: 'object', minProperties: 1 }, (value) => {
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
  return isObject && Object.keys(value).length ? undefined : 'must be an object with at least one field';
});

/** A subject's stream or an event's id. */
export function SubjectOrEvent(options?: FieldOptions): PropertyDecorator {
  const fits = matches(
    (text) => subjectOf(text) !== undefined || eventRef(text) !== undefined,
    'must name a subject (<kind>-<id>) or an event (its id, or <stream>@<revision>)',
  );
  return field('reference', { type: 'string', description: "A subject's stream or an event's id" }, fits, { names: [...KINDS, 'event'] })(
    options,
  );
}

/** An object of its own class, or with `many` a list of them. */
export function Nested(nested: new () => object, options: FieldOptions = {}): PropertyDecorator {
  return (target, property) => {
    const one = { $ref: `#/components/schemas/${nested.name}` };
    specify(target, property, {
      ...options,
      nested,
      schema: options.many ? { type: 'array', minItems: 1, maxItems: MAX_LIST, items: one } : one,
    });
    const isObject = (value: unknown) => value instanceof nested;
    const faultOf = (value: unknown) =>
      options.many
        ? listFault(value, (item) => (isObject(item) ? undefined : 'must be an object'))
        : isObject(value)
          ? undefined
          : 'must be an object';
    registerDecorator({
      name: 'object',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value) => faultOf(value) === undefined,
        defaultMessage: (args) => `${args!.property} ${faultOf(args!.value)}`,
      },
    });
    ValidateNested()(target, property);
  };
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A rule over several fields of a body, told at one of them. */
export interface BodyRule {
  field: string;
  rule: string;
  message: string;
  broken(body: Record<string, unknown>): boolean;
}

const rules = new Map<unknown, BodyRule[]>();

export function rulesOf(body: unknown): readonly BodyRule[] {
  return rules.get(body) ?? [];
}

/** Adds a rule over several fields to a body class. */
export function Rule(rule: BodyRule): ClassDecorator {
  return (body) => void rules.set(body, [...rulesOf(body), rule]);
}

export function AtLeastOneOf(...fields: [string, ...string[]]): ClassDecorator {
  const message = `at least one of ${fields.join(', ')} is needed`;
  return Rule({ field: fields[0], rule: 'at-least-one', message, broken: (body) => fields.every((name) => body[name] === undefined) });
}
