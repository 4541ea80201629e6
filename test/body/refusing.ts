import { SUBJECTS } from '../../src/subjects.js';
import type { Answer, TestApp } from '../support/start-app.js';
import { exist } from '../support/desk.js';

export const sources = [{ publisher: 'TASS' }];
export const occurred = '2017-07-05';

/** What the bodies of these tests name. */
export async function furnish(app: TestApp): Promise<void> {
  const streams = ['party-russia', 'party-iran', 'zone-idlib', 'agreement-memorandum', 'deployment-police', 'statement-a', 'talks-five'];
  const replies = await app.feed(exist(...streams).map(([command, body]) => ({ command, body: { sources, ...body } })));
  const wrong = replies.filter((reply) => !('eventId' in reply));
  if (wrong.length) throw new Error(JSON.stringify(wrong));
}

export interface Problem {
  status: number;
  code: string;
  /** Each field at fault with the rule that it breaks. */
  faults: string[];
}

/** The problem of an answer, which must be a whole problem document; nothing may have been written. */
export async function refused(app: TestApp, request: Promise<Answer>): Promise<Problem> {
  const before = app.record.reader.head;
  const { status, headers, json } = await request;
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(json).toMatchObject({ type: expect.any(String), title: expect.any(String), detail: expect.any(String), status });
  expect(app.record.reader.head).toBe(before);
  return problem(json);
}

/** What a problem document says; its errors must be whole. */
export function problem(document: unknown): Problem {
  const { status, code, errors = [] } = document as { status: number; code: string; errors?: Record<string, unknown>[] };
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  const whole = { field: expect.any(String), rule: expect.any(String), message: expect.stringMatching(/./) };
  expect(errors).toEqual(errors.map(() => whole));
  return { status, code, faults: errors.map(({ field, rule }) => `${field as string} ${rule as string}`) };
}

/** Every command with its route, once for the subject that `furnish` makes, and with the documented body. */
export const COMMANDS = SUBJECTS.flatMap(({ kind, collection, create, bodies }) => {
  const id = { party: 'russia', zone: 'idlib', agreement: 'memorandum', deployment: 'police', statement: 'a', talks: 'five' }[kind];
  return Object.entries(bodies).map(([verb, { example }]) => ({
    command: `${collection}/${verb}`,
    ...(verb !== create && { id }),
    route: verb === create ? `/v1/${collection}` : `/v1/${collection}/${id}/${verb}`,
    example,
  }));
});
