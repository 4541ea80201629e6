import type { Dice } from '../record/random-command.js';

// eslint-disable-next-line typescript/no-explicit-any -- a schema is read key by key
export type Schema = Record<string, any>;

/** What goes wrong where nobody thought of it. */
const NASTY: unknown[] = [
  null, true, false, 0, -1, 0.1, 2 ** 53, 1e308, '', ' ', '\0', '\ud800', '😀', 'قمح', '\u202e', '\r\nx: y', '../..', '%00', '%zz', '__proto__', 'constructor', 'toString',
  "' OR 1=1 --", '${7*7}', '<script>', 'x'.repeat(300), 'x'.repeat(5_000), '9'.repeat(30), '-1', '1e9', '1~2', '~', 'start', 'now', '"3"', 'W/"3"', '*', '2017-02-30', '0000', '../2017', '2017-07-05/..',
  'party-russia', 'zone-idlib', 'zone-idlib@0', 'zone-idlib@999', '00000000-0000-0000-0000-000000000000', [], {}, [[]], [null], [[[[[[[[]]]]]]]], { en: null }, { en: 'x', __proto__x: 1 },
]; // prettier-ignore

/** A value of a schema, or near it: now and then a part of it is something else. */
export function valueOf(schema: Schema | undefined, dice: Dice, lookUp: (ref: string) => Schema | undefined, depth = 0): unknown {
  if (!schema || depth > 6 || dice.chance(6)) return dice.pick(NASTY);
  const inner = (one: Schema | undefined) => valueOf(one, dice, lookUp, depth + 1);
  if (schema['$ref']) return inner(lookUp(schema['$ref']));
  const choice = schema['oneOf'] ?? schema['anyOf'];
  if (choice) return inner(dice.pick(choice as Schema[]));
  if (schema['const'] !== undefined) return schema['const'];
  if (schema['enum']) return dice.pick(schema['enum'] as unknown[]);
  const type = [schema['type']].flat()[0] as string | undefined;
  if (type === 'object' || schema['properties']) {
    const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
    const required = (schema['required'] ?? []) as string[];
    const taken = properties.filter(([name]) => (required.includes(name) ? dice.chance(95) : dice.chance(40)));
    const entries: [string, unknown][] = taken.map(([name, one]) => [name, inner(one)]);
    if (schema['additionalProperties'] && schema['additionalProperties'] !== true)
      entries.push([dice.pick(['en', 'ar', 'x-y', '']), inner(schema['additionalProperties'] as Schema)]);
    if (dice.chance(5)) entries.push([String(dice.pick(NASTY)), dice.pick(NASTY)]);
    return Object.fromEntries(entries);
  }
  if (type === 'array') return Array.from({ length: dice.below(4) }, () => inner(schema['items'] as Schema));
  if (type === 'integer' || type === 'number') return dice.pick([0, 1, 2, dice.below(1_000), -1, 1_000_000]);
  if (type === 'boolean') return dice.chance(50);
  if (typeof schema['format'] === 'string' && schema['format'].startsWith('date'))
    return dice.pick(['2027-01-31T12:00:00Z', '2027-01-31', 'later']);
  return dice.pick([
    'idlib',
    'zone-idlib',
    'party-russia',
    '2017',
    '2017-07-05',
    '2017-07-05T10:00:00Z',
    '2017-05/2017-07',
    '1',
    '2',
    '100',
    'en',
    'https://a.example',
    'a line',
  ]);
}
