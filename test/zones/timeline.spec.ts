import { correct, corroborate, dispute, retract } from '../amendments/amending.js';
import { exist, type Said } from '../support/desk.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';
import { tell } from '../support/telling.js';

type Fields = Record<string, any>; // eslint-disable-line typescript/no-explicit-any -- states are read field by field

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await tell(app, ...exist('party-russia', 'agreement-memorandum', 'talks-astana'));
});
afterAll(() => stopApp(app));

const read = (zone: string, view = '') => app.get(`/v1/zones/${zone}/timeline?${view}`);
const events = async (zone: string, view = ''): Promise<Fields[]> => {
  const { status, json, text } = await read(zone, view);
  if (status !== 200) throw new Error(text);
  return json.data;
};
/** The events of a timeline by their places: `zone-idlib@1`. */
const timeline = async (zone: string, view = '') =>
  (await events(zone, view)).map(({ stream, revision }) => `${String(stream)}@${String(revision)}`);
const problem = async (zone: string, view: string) => {
  const { json } = await read(zone, view);
  return [json.status, json.code, ...(json.errors ?? []).map(({ field, rule }: Fields) => `${field} ${rule}`)];
};
/** The events of a zone's own stream, by their revisions. */
const own = (zone: string, ...revisions: number[]) => revisions.map((revision) => `zone-${zone}@${revision}`);

const step = (verb: string, zone: string, occurred: string, more: Fields = {}): Said => [`zones/${verb} ${zone}`, { occurred, ...more }];
const published = (day: string) => ({ sources: [{ publisher: 'TASS', published: day }] });

test('a timeline is of the zone and of what is about it, as recorded', async () => {
  const on = { stances: [{ on: 'zone-whole@0', stance: 'denies' }], speaker: {}, attribution: 'document', lang: 'en', text: { en: 'x' } };
  const told: Said[] = [
    ...exist('zone-whole', 'zone-elsewhere'),
    ['deployments/report', { id: 'whole', party: 'party-russia', force: 'police', zone: 'zone-whole', occurred: '2017-06' }],
    ['deployments/start whole', { occurred: '2017-07' }],
    ['statements/make', { id: 'on-whole', ...on, occurred: '2017-08' }],
    ['talks/report', { id: 'on-whole', title: { en: 'x' }, when: '2017-09', on: ['zone-whole'], occurred: '2017-08-15' }],
    ['zones/report', { id: 'part', name: { en: 'Part' }, partOf: 'zone-whole', occurred: '2017-10' }],
    step('suspend', 'elsewhere', '2017-07'),
  ];
  await tell(app, ...told);
  const places = ['zone-whole@0', 'deployment-whole@0', 'deployment-whole@1', 'statement-on-whole@0', 'talks-on-whole@0', 'zone-part@0'];
  expect(await timeline('whole')).toEqual(places);
  for (const event of await events('whole')) expect((await app.get(`/v1/events/${String(event['id'])}`)).json.data.event).toEqual(event);
});

describe('a correction', () => {
  test('of the date moves its fact, and stands right behind it', async () => {
    const steps = [step('agree', 'moved', '2017-06'), step('suspend', 'moved', '2017-07'), step('dissolve', 'moved', '2017-08')];
    await tell(app, ...exist('zone-moved'), ...steps, correct('zone-moved@1', { occurred: '2017-09' }));
    expect(await timeline('moved')).toEqual(own('moved', 0, 2, 3, 1, 4));
    await tell(app, correct('zone-moved@3', { occurred: '2017-05' }));
    expect(await timeline('moved')).toEqual(own('moved', 0, 3, 5, 2, 1, 4));
    await tell(app, retract('zone-moved@4'));
    expect(await timeline('moved')).toEqual(own('moved', 0, 3, 5, 1, 2));
  });

  test('from one zone to another takes its fact along, with all that amends it', async () => {
    const sent = { id: 'led', party: 'party-russia', force: 'police', zone: 'zone-a', occurred: '2017-06' };
    await tell(app, ...exist('zone-a', 'zone-b'), ['deployments/report', sent], corroborate('deployment-led@0', 'SANA'));
    expect(await timeline('a')).toEqual(['zone-a@0', 'deployment-led@0', 'deployment-led@1']);
    const [amended] = await tell(app, correct('deployment-led@0', { zone: 'zone-b' }));
    expect(await timeline('a')).toEqual(['zone-a@0']);
    expect(await timeline('b')).toEqual(['zone-b@0', 'deployment-led@0', 'deployment-led@1', 'deployment-led@2']);
    expect(await timeline('a', `atSequence=${amended!.sequence - 1}`)).toEqual(['zone-a@0', 'deployment-led@0', 'deployment-led@1']);
    expect(await timeline('b', `atSequence=${amended!.sequence - 1}`)).toEqual(['zone-b@0']);
    await tell(app, retract('deployment-led@2'));
    expect(await timeline('a')).toEqual(['zone-a@0', 'deployment-led@0', 'deployment-led@1']);
    expect(await timeline('b')).toEqual(['zone-b@0']);
  });

  test('from an event of one zone to one of another takes its fact along', async () => {
    const said = { id: 'on-an-event', speaker: {}, attribution: 'document', lang: 'en', text: { en: 'x' }, occurred: '2017-06' };
    const stances = (on: string) => ({ stances: [{ on, stance: 'denies' }] });
    await tell(app, ...exist('zone-c', 'zone-d'), ['statements/make', { ...said, ...stances('zone-c@0') }]);
    await tell(app, correct('statement-on-an-event@0', stances('zone-d@0')));
    expect(await timeline('c')).toEqual(['zone-c@0']);
    expect(await timeline('d')).toEqual(['zone-d@0', 'statement-on-an-event@0', 'statement-on-an-event@1']);
  });

  test('to no zone takes its fact out', async () => {
    const sent = { id: 'nowhere', party: 'party-russia', force: 'police', zone: 'zone-left', occurred: '2017-06' };
    await tell(app, ...exist('zone-left'), ['deployments/report', sent], correct('deployment-nowhere@0', { zone: null }));
    expect(await timeline('left')).toEqual(own('left', 0));
  });

  test('that names one more zone leaves its fact where it was', async () => {
    const round = { id: 'agenda', title: { en: 'x' }, when: '2017-07', on: ['zone-e'], occurred: '2017-06' };
    await tell(app, ...exist('zone-e', 'zone-f'), ['talks/report', round], correct('talks-agenda@0', { on: ['zone-e', 'zone-f'] }));
    for (const zone of ['e', 'f']) expect(await timeline(zone)).toEqual([`zone-${zone}@0`, 'talks-agenda@0', 'talks-agenda@1']);
  });
});

test('what is retracted is out, with all that was said of it', async () => {
  const told = [step('suspend', 'out', '2017-07'), corroborate('zone-out@1', 'SANA'), dispute('zone-out@1', { occurred: '2017-08' })];
  const [, suspended] = await tell(app, ...exist('zone-out'), ...told);
  await tell(app, retract('zone-out@1'));
  expect(await timeline('out')).toEqual(own('out', 0));
  expect(await timeline('out', `atSequence=${suspended!.sequence + 2}`)).toEqual(own('out', 0, 1, 2, 3));
});

test('what was said of a fact stands right behind it, in the order of arrival, until it is retracted', async () => {
  await tell(
    app,
    ...exist('zone-behind'),
    step('agree', 'behind', '2017-06'),
    step('suspend', 'behind', '2017-07'),
    dispute('zone-behind@1', { occurred: '2017-08' }),
    corroborate('zone-behind@2', 'AFP'),
    corroborate('zone-behind@1', 'SANA'),
    correct('zone-behind@1', { level: 'final' }),
  );
  expect(await timeline('behind')).toEqual(own('behind', 0, 1, 3, 5, 6, 2, 4));
  await tell(app, retract('zone-behind@3'), retract('zone-behind@6'));
  expect(await timeline('behind')).toEqual(own('behind', 0, 1, 5, 2, 4));
});

test('a retracted creation leaves what else was told of the zone', async () => {
  await tell(app, ...exist('zone-gone'), step('suspend', 'gone', '2017-07'), retract('zone-gone@0'));
  expect(await timeline('gone')).toEqual(own('gone', 1));
});

describe('a timeline from a standpoint', () => {
  let first: number;
  beforeAll(async () => {
    const [made] = await tell(
      app,
      ['zones/report', { id: 'seen', name: { en: 'x' }, occurred: '2017-05-04', ...published('2017-05-05') }],
      step('suspend', 'seen', '2017-07-10', published('2017-07-11')),
      step('agree', 'seen', '2017-06-10', published('2017-08-01')),
      step('dissolve', 'seen', '2017-09'),
      ['events/corroborate zone-seen@3', { sources: [{ publisher: 'SANA', published: '2017-09-20' }] }],
      correct('zone-seen@1', { occurred: '2017-06-05' }, published('2017-10-01')),
    );
    first = made!.sequence;
  });

  test.each([
    ['', [0, 1, 5, 2, 3, 4]],
    ['asOf=2017-05-04', [0]],
    ['asOf=2017-06-05', [0, 1, 5]],
    ['asOf=2017-06-09T23:59:59Z', [0, 1, 5]],
    ['asOf=2017-09-01', [0, 1, 5, 2, 3, 4]],
    ['publishedBy=2017-07-11', [0, 1]],
    ['publishedBy=2017-08-01', [0, 2, 1]],
    ['publishedBy=2017-09-20', [0, 2, 1, 3, 4]],
    ['publishedBy=2017-10-01', [0, 1, 5, 2, 3, 4]],
    ['publishedBy=2017-09-20&asOf=2017-06-30', [0, 2]],
  ])('with %p', async (view, revisions) => {
    expect(await timeline('seen', view)).toEqual(own('seen', ...revisions));
  });

  test('as the record held it', async () => {
    const held = async (offset: number, view = '') => timeline('seen', `atSequence=${first + offset}${view}`);
    expect(await held(0)).toEqual(own('seen', 0));
    expect(await held(2)).toEqual(own('seen', 0, 2, 1));
    expect(await held(4)).toEqual(own('seen', 0, 2, 1, 3, 4));
    expect(await held(4, '&asOf=2017-06-30')).toEqual(own('seen', 0, 2));
    expect(await problem('seen', `atSequence=${first - 1}`)).toEqual([404, 'no-such-subject']);
  });

  test('is not there before the zone is', async () => {
    expect(await problem('seen', 'asOf=2017-05-03')).toEqual([404, 'no-such-subject']);
    expect(await problem('seen', 'publishedBy=2017-05-04')).toEqual([404, 'no-such-subject']);
    expect(await problem('never', '')).toEqual([404, 'no-such-subject']);
    expect(await problem('Not-A-Slug', '')).toEqual([404, 'no-such-subject']);
  });

  test('says at which instant it stands', async () => {
    expect((await read('seen', 'asOf=2017-06-05')).json).toMatchObject({ asOf: '2017-06-05T23:59:59.999Z' });
    expect((await read('seen')).json).not.toHaveProperty('asOf');
  });
});

describe('the pages of a timeline', () => {
  const suspended = (day: number) => step('suspend', 'paged', `2017-07-${20 + day}`);

  test('stand where the first one stood, whatever comes before them in time', async () => {
    await tell(app, ...exist('zone-paged'), ...[1, 2, 3, 4].map(suspended), correct('zone-paged@4', { occurred: '2017-07-01' }));
    const { sequence, data: whole } = (await read('paged')).json;
    const paged: Fields[] = [];
    for (let after: string | undefined = ''; after !== undefined;) {
      const { json } = await read('paged', `limit=2${after && `&after=${encodeURIComponent(after)}`}`);
      expect(json.sequence).toBe(sequence);
      paged.push(...json.data);
      after = json.next;
      await tell(app, suspended(-paged.length), retract(`zone-paged@${paged.length - 1}`));
    }
    expect(paged).toEqual(whole);
    expect(await timeline('paged')).not.toContain('zone-paged@1');
  });

  test.each(['x~1', '-1~1', '1', '1~', '~1', '1~1~1', '1.5~1'])('do not follow %s', async (after) => {
    expect(await problem('paged', `after=${after}`)).toEqual([400, 'bad-query', 'after cursor']);
  });

  test('end behind the last event, and never run ahead of the record', async () => {
    const { sequence } = (await read('paged')).json;
    expect((await read('paged', `after=1000~${sequence}`)).json).toEqual({ epoch: expect.any(String), sequence, data: [] });
    expect(await problem('paged', 'after=1~999999')).toEqual([400, 'future-position']);
  });
});
