import { correct, corroborate, dispute, reason, retract } from '../amendments/amending.js';
import { exist, type Said } from '../support/desk.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';
import { tell, type Told } from '../support/telling.js';

type Fields = Record<string, any>; // eslint-disable-line typescript/no-explicit-any -- states are read field by field

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await tell(app, ...exist('party-russia', 'party-iran', 'party-turkey'));
});
afterAll(() => stopApp(app));

interface Changed {
  stream: string;
  changes: { field: string; before?: unknown; after?: unknown; by: string[] }[];
}

const read = (query: string) => app.get(`/v1/changes?${query}`);
const changes = async (from: number, to?: number): Promise<Changed[]> => {
  const { status, json, text } = await read(`from=${from}&limit=1000${to === undefined ? '' : `&to=${to}`}`);
  if (status !== 200) throw new Error(text);
  return json.data;
};
const head = async () => (await read('limit=1')).json.to as number;
/** What the commands change, subject by subject; in `by` stands the place of the command among them. */
async function changedBy(...said: Said[]) {
  const before = await head();
  const told = await tell(app, ...said);
  return inPlace(await changes(before), told);
}
function inPlace(changed: Changed[], told: Told[]) {
  const placeOf = new Map(told.map(({ eventId }, at) => [eventId, at]));
  return Object.fromEntries(
    changed.map(({ stream, changes: fields }) => [
      stream,
      Object.fromEntries(fields.map(({ field, by, ...values }) => [field, { ...values, by: by.map((id) => placeOf.get(id)) }])),
    ]),
  );
}
/** The fields that are told of a subject, with the events that they are told by. */
const fieldsOf = (changed: Awaited<ReturnType<typeof changedBy>>, stream: string) =>
  Object.fromEntries(Object.entries(changed[stream] ?? {}).map(([field, { by }]) => [field, by]));

const at = (occurred: string, more: Fields = {}): Fields => ({ occurred, ...more });
const incident = (zone: string, kind: string, occurred: string): Said => [
  `zones/report-incident ${zone}`,
  { incident: kind, text: { en: 'x' }, occurred },
];
const role = (command: string, party: string, more: Fields = {}): Said => [
  command,
  { party, role: 'guarantor', occurred: '2017-06', ...more },
];

describe('a change', () => {
  test('is told field by field, with what stood before, what stands after, and the events that set it', async () => {
    await tell(app, ...exist('zone-told'));
    const changed = await changedBy(
      ['zones/agree told', at('2017-06', { by: ['party-iran'] })],
      incident('told', 'strike', '2017-06-02'),
      ['zones/enter-into-force told', at('2017-07')],
      incident('told', 'clash', '2017-07-02'),
    );
    expect(changed).toEqual({
      'zone-told': {
        status: { before: 'proposed', after: 'in-force', by: [0, 2] },
        agreedBy: { before: [], after: ['party-iran'], by: [0] },
        incidents: { before: {}, after: { strike: 1, clash: 1 }, by: [1, 3] },
      },
    });
  });

  test('of a new subject has no before, and leaves out what is empty', async () => {
    const before = await head();
    const told = await tell(app, ['zones/report', { id: 'new', name: { en: 'New' }, occurred: '2017-05-04' }]);
    const changed = await changes(before);
    expect(changed).toMatchObject([{ stream: 'zone-new', isNew: true }]);
    expect(inPlace(changed, told)).toEqual({
      'zone-new': { name: { after: { en: 'New' }, by: [0] }, status: { after: 'proposed', by: [0] } },
    });
    await tell(app, ['zones/suspend new', at('2017-07')]);
    expect((await changes(before + 1))[0]).not.toHaveProperty('isNew');
  });

  test('is told of each subject, by its name', async () => {
    await tell(app, ...exist('zone-b', 'zone-a', 'agreement-c'));
    const before = await head();
    await tell(app, ['zones/suspend b', at('2017-07')], ['agreements/suspend c', at('2017-07')], ['zones/suspend a', at('2017-07')]);
    expect((await changes(before)).map(({ stream }) => stream)).toEqual(['agreement-c', 'zone-a', 'zone-b']);
  });

  test('is not told where one is as before in the end', async () => {
    await tell(app, ...exist('zone-back'), ['zones/agree back', at('2017-05-05')]);
    const changed = await changedBy(['zones/suspend back', at('2017-07')], ['zones/agree back', at('2017-08')]);
    expect(changed['zone-back']).not.toHaveProperty('status');
  });

  test('is none where a fact that comes late changes nothing', async () => {
    const drawn = (occurred: string): Said => ['zones/delimit late', at(occurred, { extent: { en: `As of ${occurred}` } })];
    await tell(app, ...exist('zone-late'), drawn('2017-07'));
    expect(await changedBy(drawn('2017-06'))).toEqual({});
  });

  test('is none where another source tells the same', async () => {
    await tell(app, ...exist('zone-same'));
    expect(await changedBy(corroborate('zone-same@0', 'SANA'))).toEqual({});
  });

  test('of a role is one of the zone and of the party', async () => {
    await tell(app, ...exist('zone-guarded'));
    const named = await changedBy(role('zones/name-role guarded', 'party-russia', { status: 'accepted' }));
    const held = { role: 'guarantor', status: 'accepted', contestedBy: [] };
    expect(named['zone-guarded']).toEqual({ roles: { before: [], after: [{ party: 'party-russia', ...held }], by: [0] } });
    expect(named['party-russia']!['roles']!.after).toContainEqual({ in: 'zone-guarded', ...held });
    expect(Object.keys(named)).toEqual(['party-russia', 'zone-guarded']);
    const ended = await changedBy(role('zones/contest-role guarded', 'party-russia', { by: 'party-iran' }));
    expect(Object.entries(ended).map(([stream, fields]) => [stream, Object.keys(fields)])).toEqual([
      ['party-russia', ['roles']],
      ['zone-guarded', ['roles']],
    ]);
  });

  test('of a commitment is none of its falling due', async () => {
    const commit: Said = ['agreements/commit due', at('2017-05-04', { commitment: 'maps', text: { en: 'Maps' }, due: '2017-06-04' })];
    await tell(app, ...exist('agreement-due'), commit);
    expect(await changedBy(['agreements/suspend due', at('2017-07')])).toMatchObject({ 'agreement-due': { status: { by: [0] } } });
  });
});

describe('an amendment', () => {
  test('changes what its fact sets', async () => {
    await tell(app, ...exist('zone-amended'), ['zones/suspend amended', at('2017-07')]);
    expect(await changedBy(correct('zone-amended@0', { name: { en: 'Right' } }))).toEqual({
      'zone-amended': { name: { before: { en: 'a text' }, after: { en: 'Right' }, by: [0] } },
    });
    expect(await changedBy(retract('zone-amended@1'))).toMatchObject({
      'zone-amended': { status: { before: 'suspended', after: 'proposed', by: [0] } },
    });
    expect(await changedBy(retract('zone-amended@2'))).toMatchObject({ 'zone-amended': { name: { after: { en: 'a text' }, by: [0] } } });
  });

  test('adds a field, or takes it away', async () => {
    await tell(app, ...exist('zone-extent'));
    const extent = { en: 'North' };
    expect(await changedBy(correct('zone-extent@0', { extent }))).toEqual({ 'zone-extent': { extent: { after: extent, by: [0] } } });
    expect(await changedBy(correct('zone-extent@0', { extent: null }))).toEqual({
      'zone-extent': { extent: { before: extent, by: [0] } },
    });
  });

  test('of a date changes what the order decides', async () => {
    await tell(app, ...exist('zone-order'), ['zones/agree order', at('2017-06')], ['zones/suspend order', at('2017-07')]);
    const changed = await changedBy(correct('zone-order@1', { occurred: '2017-08' }));
    expect(changed['zone-order']!['status']).toEqual({ before: 'suspended', after: 'agreed', by: [0] });
  });

  test('that disputes is told, with what settles it', async () => {
    await tell(app, ...exist('zone-disputed'), ['zones/suspend disputed', at('2017-07')]);
    const claim = dispute('zone-disputed@0', { name: { en: 'Other' } });
    expect(fieldsOf(await changedBy(claim), 'zone-disputed')).toEqual({ disputed: [0] });
    const settled = await changedBy(retract('zone-disputed@2'));
    expect(fieldsOf(settled, 'zone-disputed')).toEqual({ disputed: [0], settled: [0] });
  });

  test('that takes back a creation tells that the subject is retracted, and what it loses', async () => {
    await tell(app, ...exist('zone-gone'));
    expect(await changedBy(retract('zone-gone@0'))).toEqual({
      'zone-gone': {
        name: { before: { en: 'a text' }, by: [0] },
        status: { before: 'proposed', by: [0] },
        retracted: { before: false, after: true, by: [0] },
      },
    });
    const anew = await changedBy(['zones/report', { id: 'gone', name: { en: 'Anew' }, occurred: '2017-06' }]);
    expect(fieldsOf(anew, 'zone-gone')).toEqual({ name: [0], status: [0], retracted: [0] });
  });

  test('that gives a role to another party changes both, and the zone', async () => {
    await tell(app, ...exist('zone-role'), role('zones/name-role role', 'party-iran', { status: 'accepted' }));
    const changed = await changedBy(correct('zone-role@1', { party: 'party-turkey' }));
    expect(Object.entries(changed).map(([stream, fields]) => [stream, Object.keys(fields), fields['roles']!.by])).toEqual([
      ['party-iran', ['roles'], [0]],
      ['party-turkey', ['roles'], [0]],
      ['zone-role', ['roles'], [0]],
    ]);
  });
});

test('a field is told by the amendments that changed it, and by no others of its fact', async () => {
  await tell(app, ...exist('zone-others'));
  const changed = await changedBy(
    ['zones/agree others', at('2017-07')],
    corroborate('zone-others@0', 'SANA'),
    dispute('zone-others@0', { status: 'agreed' }),
    correct('zone-others@0', { name: { en: 'Right' } }),
  );
  expect(fieldsOf(changed, 'zone-others')).toEqual({ status: [0], name: [3], disputed: [2] });
});

describe('what follows from how the facts stand', () => {
  test('is told by the facts that it follows from, whatever else was amended', async () => {
    await tell(app, ...exist('zone-follow'), ['zones/agree follow', at('2017-07')]);
    const changed = await changedBy(['zones/suspend follow', at('2017-07-05')], dispute('zone-follow@0', { name: { en: 'Other' } }));
    const anomaly = { rule: 'out-of-order', event: expect.any(String), message: expect.any(String) };
    expect(changed['zone-follow']).toMatchObject({ anomalies: { after: [anomaly] }, uncertain: { after: ['status'] } });
    expect(fieldsOf(changed, 'zone-follow')).toMatchObject({ anomalies: [0], uncertain: [0], disputed: [1] });
  });

  test('is told by the creation that ends a retraction, whatever else was amended', async () => {
    await tell(app, ...exist('zone-anew'), ['zones/suspend anew', at('2017-07')], retract('zone-anew@0'));
    const changed = await changedBy(
      ['zones/report', { id: 'anew', name: { en: 'Anew' }, occurred: '2017-06' }],
      dispute('zone-anew@1', { occurred: '2017-08' }),
    );
    expect(fieldsOf(changed, 'zone-anew')).toMatchObject({ name: [0], retracted: [0], disputed: [1] });
  });
});

describe('the two ends', () => {
  let told: Told[];
  let recorded: string[];
  beforeAll(async () => {
    // Told one at a time, so that no two are recorded in one millisecond.
    told = [];
    for (const said of [...exist('zone-ends'), ['zones/agree ends', at('2017-06')], ['zones/suspend ends', at('2017-07')]] as Said[]) {
      told.push(...(await tell(app, said)));
      await new Promise((later) => setTimeout(later, 2));
    }
    const events = await Promise.all(told.map(({ eventId }) => app.get(`/v1/events/${eventId}`)));
    recorded = events.map(({ json }) => json.data.event.recordedAt);
  });
  /** The status of the zone at either end, where it was told. */
  const ends = async (query: string) => {
    const { json } = await read(`limit=1000&${query}`);
    const own = (json.data as Changed[]).find(({ stream }) => stream === 'zone-ends');
    const status = own?.changes.find(({ field }) => field === 'status');
    return status && [status.before, status.after];
  };

  test('are sequences: behind the first, up to and with the second', async () => {
    const [made, agreed, suspended] = told.map(({ sequence }) => sequence) as [number, number, number];
    expect(await ends(`from=${made}&to=${suspended}`)).toEqual(['proposed', 'suspended']);
    expect(await ends(`from=${made}&to=${agreed}`)).toEqual(['proposed', 'agreed']);
    expect(await ends(`from=${agreed}&to=${suspended}`)).toEqual(['agreed', 'suspended']);
    expect(await ends(`from=${made}&to=${made}`)).toBeUndefined();
    expect(await ends(`from=${made - 1}&to=${made}`)).toEqual([undefined, 'proposed']);
  });

  test('are instants of recording', async () => {
    const [made, agreed, suspended] = recorded as [string, string, string];
    expect(await ends(`from=${made}&to=${suspended}`)).toEqual(['proposed', 'suspended']);
    expect(await ends(`from=${made}&to=${agreed}`)).toEqual(['proposed', 'agreed']);
    const before = new Date(Date.parse(agreed) - 1).toISOString();
    expect(await ends(`from=${made}&to=${before}`)).toBeUndefined();
    expect(await ends(`from=${told[0]!.sequence}&to=${agreed.replace('Z', '%2B00:00')}`)).toEqual(['proposed', 'agreed']);
  });

  test('are days, whole', async () => {
    const [first, last] = [recorded[0]!.slice(0, 10), recorded[2]!.slice(0, 10)];
    expect(await ends(`from=${first}&to=${last}`)).toEqual([undefined, 'suspended']);
    expect(await ends(`from=${first.slice(0, 7)}&to=${last.slice(0, 7)}`)).toEqual([undefined, 'suspended']);
    expect((await read('from=2000-01-01&to=2000-12')).json).toMatchObject({ from: 0, to: 0, data: [] });
  });

  test('are the beginning and the head where they are left out, and stand in the reply', async () => {
    expect(await ends('')).toEqual([undefined, 'suspended']);
    const now = await head();
    const { json } = await read(`from=${now}`);
    expect(json).toEqual({ epoch: expect.any(String), sequence: now, from: now, to: now, data: [] });
    expect((await read('from=1&to=2&limit=1000')).json).toMatchObject({ sequence: 2, from: 1, to: 2 });
  });

  test('beyond the head are refused', async () => {
    const beyond = (await head()) + 1;
    for (const query of [`from=${beyond}`, `to=${beyond}`, `from=1&to=${beyond}`])
      expect((await read(query)).json).toMatchObject({ status: 400, code: 'future-position' });
  });

  test('an instant to come is the head', async () => {
    expect((await read('from=1&to=2999-01-01T00:00:00Z&limit=1')).json.to).toBe(await head());
  });
});

const REFUSED = [
  ['from=3&to=2', 'from order'],
  ['from=3&to=2000-01-01', 'from order'],
  ['from=-1', 'from sequence-or-moment'],
  ['from=1.5', 'from sequence-or-moment'],
  ['from=', 'from sequence-or-moment'],
  ['from=2026-02-30', 'from sequence-or-moment'],
  ['from=2026-11-23T12:00:00', 'from sequence-or-moment'],
  ['from=2026-11-23/2026-11-24', 'from sequence-or-moment'],
  ['from=2026-21', 'from sequence-or-moment'],
  [`to=${'9'.repeat(10_000)}`, 'to sequence-or-moment'],
  ['from=1&from=2', 'from once'],
  ['from=1&about=zone-told', 'about unknown-parameter'],
  ['from=1&asOf=2017', 'asOf unknown-parameter'],
  ['limit=0', 'limit whole'],
  ['after=zone-told', 'after cursor'],
];
test.each(REFUSED.map(([query, fault]) => ({ query: query!, fault: fault!, at: query!.slice(0, 40) })))(
  '$at is refused: $fault',
  async ({ query, fault }) => {
    const { json } = await read(query);
    expect([json.status, json.code, ...(json.errors ?? []).map(({ field, rule }: Fields) => `${field} ${rule}`)]).toEqual([
      400,
      'bad-query',
      fault,
    ]);
  },
);

test('pages stand where the first one stood', async () => {
  const before = await head();
  const streams = ['a', 'b', 'c', 'd', 'e'].map((id) => `zone-paged-${id}`);
  await tell(app, ...exist(...streams));
  const whole = await changes(before);
  const { json } = await read(`from=${before}&limit=2`);
  const paged: Changed[] = json.data;
  for (let { next } = json; next !== undefined;) {
    await tell(
      app,
      ...streams.map((stream): Said => [`zones/delimit ${stream.slice(5)}`, at('2017-08', { extent: { en: `${paged.length}` } })]),
    );
    const page = (await read(`from=${before}&limit=2&after=${encodeURIComponent(next)}`)).json;
    expect([page.from, page.to]).toEqual([json.from, json.to]);
    paged.push(...page.data);
    ({ next } = page);
  }
  expect(paged.map(({ stream }) => stream)).toEqual(streams);
  expect(paged).toEqual(whole);
});

test('what is read at either end is what is told of it', async () => {
  await tell(app, ...exist('zone-whole', 'statement-heard'), ['zones/agree whole', at('2017-06')]);
  const before = await head();
  await tell(
    app,
    ['zones/suspend whole', at('2017-06-15', { reason })],
    incident('whole', 'aid', '2017-07'),
    correct('zone-whole@1', { by: ['party-iran'], accordingTo: ['statement-heard'] }),
    dispute('zone-whole@2', { occurred: '2017-07' }),
  );
  const [was, is] = await Promise.all(
    [`?atSequence=${before}`, ''].map(async (view) => (await app.get(`/v1/zones/whole${view}`)).json.data),
  );
  const places = ['revision', 'sequence', 'because'];
  const differing = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(
    (field) => !places.includes(field) && JSON.stringify(was[field]) !== JSON.stringify(is[field]),
  );
  const [{ changes: told }] = (await changes(before)) as [Changed];
  expect(told.map(({ field }) => field).toSorted()).toEqual(differing.toSorted());
  for (const { field, before: had, after: has } of told) expect([had, has]).toEqual([was[field], is[field]]);
});
