import { startApp, stopApp, type TestApp } from './support/start-app.js';
import { sample } from './support/sample.js';

describe('the Astana sample', () => {
  let app: TestApp;
  let replies: Record<string, unknown>[];
  beforeAll(async () => {
    app = await startApp();
    replies = await app.feed(sample());
  });
  afterAll(() => stopApp(app));

  test('is recorded whole', () => {
    expect(replies.filter((reply) => !('eventId' in reply))).toEqual([]);
    expect(replies.map(({ sequence }) => sequence)).toEqual(sample().map((_, at) => at + 1));
  });

  test('adds nothing when it is fed again', async () => {
    const before = await app.get('/v1/events?limit=1');
    const again = await app.feed(sample());
    expect(again).toEqual(replies);
    expect((await app.get('/v1/events?limit=1')).json.sequence).toBe(before.json.sequence);
  });

  test('has every fact of the case', () => {
    const keys = sample().map(({ idempotencyKey }) => idempotencyKey!.split('/')[1]);
    const facts = Array.from({ length: 53 }, (_, at) => `t${String(at + 1).padStart(2, '0')}`);
    expect(facts.filter((fact) => !keys.includes(fact))).toEqual([]);
  });

  test('has every contradiction of its sources', () => {
    const amending = sample().filter(({ command }) => command.startsWith('events/'));
    const told = new Set(amending.map(({ idempotencyKey }) => idempotencyKey!.split('/')[1]));
    expect(told).toEqual(new Set(Array.from({ length: 9 }, (_, at) => `c${at + 1}`)));
  });

  test('tells every text in English and in Arabic', () => {
    const lame: unknown[] = [];
    const visit = (value: unknown): void => {
      if (value === null || typeof value !== 'object') return;
      if ('en' in value !== 'ar' in value) lame.push(value);
      Object.values(value).forEach(visit);
    };
    sample().forEach(({ body }) => visit(body));
    expect(lame).toEqual([]);
  });

  test('leaves the four zones where the case left them', async () => {
    const { json } = await app.get('/v1/zones');
    const statuses = Object.fromEntries(json.data.map(({ id, status }: { id: string; status: string }) => [id, status]));
    expect(statuses).toMatchObject({
      idlib: expect.any(String),
      'north-homs': expect.any(String),
      'eastern-ghouta': 'dissolved',
      south: expect.any(String),
    });
  });

  test('names the three guarantors, and who contests one of them', async () => {
    const { json } = await app.get('/v1/agreements');
    const guarantors = json.data.flatMap(({ roles }: { roles: { party: string; role: string; status: string; contestedBy: string[] }[] }) =>
      roles.filter(({ role, status }) => role === 'guarantor' && status === 'accepted'),
    );
    expect(new Set(guarantors.map(({ party }: { party: string }) => party))).toEqual(
      new Set(['party-russia', 'party-iran', 'party-turkey']),
    );
    expect(guarantors.find(({ party }: { party: string }) => party === 'party-iran').contestedBy).not.toEqual([]);
  });

  test('holds nothing out of the usual order', async () => {
    for (const collection of ['zones', 'agreements', 'deployments', 'talks', 'parties']) {
      const { json } = await app.get(`/v1/${collection}?limit=1000`);
      expect(json.data.flatMap(({ anomalies }: { anomalies: unknown[] }) => anomalies)).toEqual([]);
    }
  });
});
