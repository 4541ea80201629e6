import { validateSync, type ValidationError } from 'class-validator';
import type { Json } from '../event/event.js';
import { fieldsOf, rulesOf, type FieldSpec } from './fields.js';
import { MAX_FAULTS, jsonFaults, type FieldError } from './json.js';

/** Everything that is wrong with a body, field by field; an empty list where it may be taken as it stands. */
export function bodyFaults(body: new () => object, value: Json): FieldError[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return [{ field: '', rule: 'object', message: 'the body must be a JSON object' }];
  const faults = jsonFaults(value);
  if (faults.length) return faults;
  const unknown: FieldError[] = [];
  const errors = validateSync(instance(body, value, '', unknown));
  const broken = rulesOf(body).filter((rule) => rule.broken(value));
  return [
    ...unknown,
    ...errors.flatMap((error) => flatten(error, '')),
    ...broken.map(({ field, rule, message }) => ({ field, rule, message })),
  ].slice(0, MAX_FAULTS);
}

/**
 * The body as instances of its classes, which is what class-validator checks. Fields that the classes don't have are told and left out:
 * class-validator's own whitelist passes over names that every object has (`toString`).
 */
function instance(body: new () => object, value: object, path: string, unknown: FieldError[]): object {
  const fields = specsOf(body);
  const copy = new body() as Record<string, unknown>;
  for (const [name, inner] of Object.entries(value)) {
    const spec = fields.get(name);
    const field = path + name;
    if (!spec) unknown.push({ field: field.slice(0, 200), rule: 'unknown-field', message: `${name.slice(0, 200)} is not a field` });
    else if (!spec.nested) copy[name] = inner;
    else if (Array.isArray(inner))
      copy[name] = inner.map((item, at) => (isObject(item) ? instance(spec.nested!, item, `${field}[${at}].`, unknown) : item));
    else copy[name] = isObject(inner) ? instance(spec.nested, inner, `${field}.`, unknown) : inner;
  }
  return copy;
}

const knownSpecs = new Map<unknown, Map<string, FieldSpec>>();

function specsOf(body: new () => object): Map<string, FieldSpec> {
  let known = knownSpecs.get(body);
  if (!known) knownSpecs.set(body, (known = fieldsOf(body)));
  return known;
}

function isObject(value: unknown): value is object {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function flatten(error: ValidationError, parent: string): FieldError[] {
  const name = /^\d+$/.test(error.property) ? `[${error.property}]` : parent ? `.${error.property}` : error.property;
  const field = parent + name;
  const inner = (error.children ?? []).flatMap((child) => flatten(child, field));
  // A list of objects reports its entries as children; the rule about nesting only repeats that.
  const own = Object.entries(error.constraints ?? {}).filter(([rule]) => rule !== 'nestedValidation');
  return [...own.map(([rule, message]) => ({ field, rule, message })), ...inner];
}

export interface Reference {
  field: string;
  /** A subject's stream, or an event's id. */
  name: string;
}

/** Every subject and event that a valid body names. */
export function referencesIn(body: new () => object, value: Record<string, Json>, parent = ''): Reference[] {
  const found: Reference[] = [];
  for (const [name, spec] of referringFields(body)) {
    const at = value[name];
    if (at === undefined) continue;
    const field = parent + name;
    const items: [string, Json][] = Array.isArray(at) ? at.map((item, index) => [`${field}[${index}]`, item]) : [[field, at]];
    for (const [path, item] of items) {
      if (spec.nested) found.push(...referencesIn(spec.nested, item as Record<string, Json>, `${path}.`));
      else found.push({ field: path, name: item as string });
    }
  }
  return found;
}

const referring = new Map<unknown, [string, FieldSpec][]>();

function referringFields(body: new () => object): [string, FieldSpec][] {
  let known = referring.get(body);
  if (!known) {
    known = [...specsOf(body)].filter(([, spec]) => spec.names || (spec.nested && referringFields(spec.nested).length > 0));
    referring.set(body, known);
  }
  return known;
}
