import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The places that the purity rules hold, one for each pattern in .oxlintrc.json. */
const PURE = [
  'src/talks/talks.diary.ts',
  'src/zones/zone.projection.ts',
  'src/folding/order.ts',
  'src/decider/decide.ts',
  'src/time/occurred.ts',
];

const IMPORT = 'eslint(no-restricted-imports)';
const GLOBAL = 'eslint(no-restricted-globals)';
const PROPERTY = 'eslint(no-restricted-properties)';
const CLOCK_DATE = 'purity(no-clock-date)';
const CYCLE = 'import(no-cycle)';
const PROTOCOL = 'unicorn(prefer-node-protocol)';

/** What a pure file must not say, and the rule that says so. */
const IMPURE: [code: string, rule: string][] = [
  ["import { Injectable } from '@nestjs/common';\nexport const x = Injectable;", IMPORT],
  ["import { readFileSync } from 'node:fs';\nexport const x = readFileSync;", IMPORT],
  ["import { readFileSync } from 'fs';\nexport const x = readFileSync;", PROTOCOL],
  ["import Database from 'better-sqlite3';\nexport const x = Database;", IMPORT],
  ["import type { Database } from 'better-sqlite3';\nexport type X = Database;", IMPORT],
  ["import { pino } from 'pino';\nexport const x = pino;", IMPORT],
  ["import { v7 } from 'uuid';\nexport const x = v7;", IMPORT],
  ["export { v7 } from 'uuid';", IMPORT],
  ["export const x = () => import('node:crypto');", IMPORT],
  ["import { a } from '../record/a.js';\nexport const x = a;", IMPORT],
  ["import { a } from '../log/a.js';\nexport const x = a;", IMPORT],
  ["import { a } from '../http/a.js';\nexport const x = a;", IMPORT],
  ["import { a } from '../cli/a.js';\nexport const x = a;", IMPORT],
  ['export const x = () => Date.now();', PROPERTY],
  ["export const x = () => Date['now']();", PROPERTY],
  ['export const { now } = Date;', PROPERTY],
  ['export const x = () => Math.random();', PROPERTY],
  ['export const x = () => new Date();', CLOCK_DATE],
  ['export const x = () => new Date;', CLOCK_DATE],
  ['export const x = () => Date();', CLOCK_DATE],
  ['export const x = () => performance.now();', GLOBAL],
  ['export const x = () => process.env;', GLOBAL],
  ['export const x = (f: () => void) => setTimeout(f, 1);', GLOBAL],
  ['export const x = () => crypto.randomUUID();', GLOBAL],
  ['export const x = () => globalThis.Date.now();', GLOBAL],
];

const CLEAN = [
  "import edtf from 'edtf';",
  "import type { A } from '../event/a.js';",
  'export const parsed = (text: string, stamp: number): [unknown, string, A] => [edtf(text), new Date(stamp).toISOString(), { a: Date.UTC(2017, 4) }];',
  'export const largest = (numbers: number[]) => Math.max(...numbers);',
].join('\n');

const files = new Map<string, string>();
const found = new Map<string, string[]>();
let clean: { status: number | null; stdout: string };

const impure = (place: string, index: number) => place.replace(/(\w+)(\.diary|\.projection)?\.ts$/, `$1${index}$2.ts`);

function oxlint(cwd: string) {
  return spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/oxlint/bin/oxlint'), '--deny-warnings', '--disable-nested-config', '--format=json'],
    {
      cwd,
      encoding: 'utf8',
    },
  );
}

/** A folder laid out like the repository, under its real lint configuration. */
function lint(sources: Map<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'zonewatch-lint-'));
  try {
    cpSync(join(ROOT, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
    cpSync(join(ROOT, 'lint'), join(folder, 'lint'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const [path, source] of sources) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), `${source}\n`);
    }
    const { status, stdout } = oxlint(folder);
    return { status, stdout, folder };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

beforeAll(() => {
  const [first = ''] = PURE;
  IMPURE.forEach(([code], index) => files.set(impure(first, index), code));
  for (const place of PURE)
    files.set(place, 'export const x = () => [Date.now(), new Date(), process.uptime()];\nexport * from "../log/a.js";');
  files.set(
    'src/zones/zone.controller.ts',
    "import { Controller } from '@nestjs/common';\nexport const x = [Controller, Date.now(), new Date()];",
  );
  files.set('src/ring/a.ts', "import { b } from './b.js';\nexport const a = () => b;");
  files.set('src/ring/b.ts', "import { a } from './a.js';\nexport const b = () => a;");
  files.set('src/ring/types.ts', "import type { C } from './more-types.js';\nexport type D = C | null;");
  files.set('src/ring/more-types.ts', "import type { D } from './types.js';\nexport type C = { d: D };");
  files.set('src/main.ts', "import { run } from './cli/run.js';\nexport const x = run;");
  files.set('src/feed/feed.ts', "import { page } from '../console/page.js';\nexport const x = page;");
  files.set('src/cli.ts', "import { run } from './cli/run.js';\nexport const x = run;");
  files.set('src/cli/run.ts', "import { walk } from './sub/walk.js';\nexport const run = walk;");
  files.set('src/cli/page.ts', "import { page } from '../console/page.js';\nexport const x = page;");
  files.set('src/console/cli.ts', "import { run } from '../cli/run.js';\nexport const x = run;");

  const { stdout } = lint(files);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] };
  for (const { code, filename } of diagnostics) found.set(filename, [...(found.get(filename) ?? []), code]);

  clean = lint(new Map([...PURE.map((place) => [place, CLEAN] as const), ['src/event/a.ts', 'export interface A {\n  a: number;\n}']]));
});

test.each(IMPURE.map(([code, rule], index) => ({ code: code.replaceAll('\n', ' '), rule, index })))(
  'a pure file must not say $code: $rule',
  ({ rule, index }) => {
    expect(found.get(impure(PURE[0] ?? '', index))).toContain(rule);
  },
);

test.each(PURE)('%s is held pure', (place) => {
  expect(found.get(place)).toEqual(expect.arrayContaining([PROPERTY, CLOCK_DATE, GLOBAL, IMPORT]));
});

test('a file that need not be pure may read the clock and know Nest', () => {
  expect(found.get('src/zones/zone.controller.ts')).toBeUndefined();
});

test.each(['src/ring/a.ts', 'src/ring/types.ts'])('%s closes a ring of imports', (path) => {
  expect(found.get(path)).toContain(CYCLE);
});

test.each(['src/main.ts', 'src/feed/feed.ts', 'src/cli/page.ts', 'src/console/cli.ts'])('%s must not import cli/ or console/', (path) => {
  expect(found.get(path)).toContain(IMPORT);
});

test.each(['src/cli.ts', 'src/cli/run.ts'])('%s may import cli/', (path) => {
  expect(found.get(path)).toBeUndefined();
});

test('clean files pass', () => {
  const besides = ['src/event/a.ts', 'lint/purity.js'];
  expect(JSON.parse(clean.stdout)).toMatchObject({ diagnostics: [], number_of_files: PURE.length + besides.length });
  expect(clean.status).toBe(0);
});
