import type { Folded } from '../../src/folding/fold.js';
import { present } from '../../src/folding/state.js';
import { rebuild } from '../../src/record/rebuild.js';
import { subjectOfStream } from '../../src/subjects.js';
import { statesIn } from '../record/told.js';
import { NOW, closeDesks, exist, openDesk, type Desk, type Fields, type Said } from '../support/desk.js';
import { correct, corroborate, dispute, idAt, retract } from './amending.js';

afterEach(closeDesks);

const from = (publisher: string): Fields => ({ sources: [{ publisher }] });
const suspend = (occurred = '2017-12', more: Fields = {}): Said => ['zones/suspend idlib', { occurred, ...more }];
const inForce = (occurred: string, more: Fields = {}): Said => ['zones/enter-into-force idlib', { occurred, ...more }];
const clash = (occurred: string, text = 'A clash'): Said => [
  'zones/report-incident idlib',
  { incident: 'clash', text: { en: text }, occurred },
];
const host = (party: string, more: Fields = {}): Said => [
  'zones/name-role idlib',
  { party, role: 'host', status: 'accepted', occurred: '2017-06', ...more },
];

interface Claim {
  value: unknown;
  event: string;
}
type Disputed = { field: string; claims: Claim[] }[];
type Settled = { field: string; how: string; by: string; claims: Claim[] }[];
// eslint-disable-next-line typescript/no-explicit-any -- each kind has its own fields, and each test knows which
type Read = Record<string, any> & { disputed: Disputed; settled?: Settled };

/** A desk that is told one command at a time; behind each, the stored states are those that a rebuild folds from nothing. */
async function told(...said: Said[]): Promise<Desk> {
  const at = openDesk();
  await at.given(...exist('party-iran', 'party-russia', 'zone-idlib', 'zone-south', 'statement-a', 'statement-b'));
  return more(at, ...said);
}

async function more(at: Desk, ...said: Said[]): Promise<Desk> {
  for (const one of said) {
    await at.given(one);
    rebuilt(at);
  }
  return at;
}

function rebuilt({ record: { writer } }: Desk): void {
  const came = statesIn(writer.db);
  rebuild(writer.db);
  const fromNothing = statesIn(writer.db);
  expect(fromNothing).toEqual(came);
  const read = ({ stream, folded }: (typeof came)[number]) => present(subjectOfStream(stream).projection, folded as Folded, NOW);
  expect(fromNothing.map(read)).toEqual(came.map(read));
}

function state(at: Desk, stream = 'zone-idlib'): Read {
  return at.record.reader.state(stream, { at: at.head, now: NOW }) as unknown as Read;
}

/** What is disputed, as `field: value of place | value of place`, in the order in which it stands. */
function sides(at: Desk, stream?: string): Record<string, [value: unknown, place: string][]> {
  return Object.fromEntries(state(at, stream).disputed.map(({ field, claims }) => [field, claims.map((claim) => side(at, claim))]));
}

function side({ record }: Desk, { value, event }: Claim): [unknown, string] {
  const { stream, revision } = record.tail.event({ id: event })!;
  return [value, `${stream}@${revision}`];
}

/** What was disputed: the field, how it was settled, by the event of which place. */
function settlements(at: Desk, stream?: string): [string, string, string][] {
  return (state(at, stream).settled ?? []).map(({ field, how, by }) => [field, how, side(at, { value: null, event: by })[1]]);
}

describe('a correction', () => {
  test('of a date gives the fact the place of its new date', async () => {
    const at = await told(suspend('2017-12'), inForce('2018-01'));
    expect(state(at)['status']).toBe('in-force');
    await more(at, correct('zone-idlib@1', { occurred: '2018-02' }));
    expect(state(at)).toMatchObject({ status: 'suspended', revision: 3, because: { status: { event: idAt(at, 'zone-idlib@1') } } });
    expect(state(at)['anomalies']).toEqual([expect.objectContaining({ event: idAt(at, 'zone-idlib@2') })]);
    await more(at, correct('zone-idlib@1', { occurred: '2017-11' }));
    expect(state(at)['status']).toBe('in-force');
    // Where the dates overlap, the fact folds by the sequence that it was recorded with.
    await more(at, correct('zone-idlib@1', { occurred: '2018-01' }));
    expect(state(at)).toMatchObject({ status: 'in-force', uncertain: ['status'] });
  });

  test('of a date is taken into account by what comes later', async () => {
    const at = await told(suspend('2017-12'), correct('zone-idlib@1', { occurred: '2018-06' }), inForce('2018-01'));
    expect(state(at)['status']).toBe('suspended');
    await more(at, inForce('2018-07'));
    expect(state(at)['status']).toBe('in-force');
  });

  test('of a field shows, and a later one shows on top of it', async () => {
    const at = await told([
      'zones/agree idlib',
      { level: 'in-principle', by: ['party-iran'], occurred: '2017-07', confidence: 'low', accordingTo: ['statement-a'] },
    ]);
    await more(at, correct('zone-idlib@1', { level: 'final' }), correct('zone-idlib@1', { by: ['party-russia'] }));
    expect(state(at)).toMatchObject({ status: 'agreed', agreedBy: ['party-russia'] });
    await more(at, correct('zone-idlib@1', { by: null, level: null }));
    expect(state(at)).toMatchObject({ status: 'agreed', agreedBy: [] });
    expect(state(at)['because']).not.toHaveProperty('agreedBy');
  });

  test('of what a fact counts into counts it elsewhere', async () => {
    const at = await told(clash('2017-07'), clash('2017-07', 'Another clash'), correct('zone-idlib@1', { incident: 'strike' }));
    expect(state(at)['incidents']).toEqual({ strike: 1, clash: 1 });
  });

  test('tells on whose word the field stands now', async () => {
    const at = await told(suspend('2017-12', { confidence: 'low', accordingTo: ['statement-a'] }));
    const event = idAt(at, 'zone-idlib@1');
    const because = () => state(at)['because'].status;
    expect(because()).toEqual({ event, confidence: 'low', accordingTo: ['statement-a'] });
    await more(at, correct('zone-idlib@1', { confidence: 'high', accordingTo: ['statement-b'] }));
    expect(because()).toEqual({ event, confidence: 'high', accordingTo: ['statement-b'] });
    await more(at, corroborate('zone-idlib@1', 'SANA', { accordingTo: ['statement-a'], confidence: 'low' }));
    expect(because()).toEqual({ event, confidence: 'high', accordingTo: ['statement-b', 'statement-a'] });
    await more(at, retract('zone-idlib@3'), correct('zone-idlib@1', { confidence: null, accordingTo: null }));
    expect(because()).toEqual({ event });
  });

  test('of the party of a role takes it from one and gives it to the other', async () => {
    const at = await told(host('party-iran'));
    const roles = () => ['party-iran', 'party-russia', 'zone-idlib'].map((stream) => state(at, stream)['roles']);
    const role = { role: 'host', status: 'accepted', contestedBy: [] };
    const of = (party: string) => [{ party, ...role }];
    const there = [{ in: 'zone-idlib', ...role }];
    expect(roles()).toEqual([there, [], of('party-iran')]);
    await more(at, correct('zone-idlib@1', { party: 'party-russia' }));
    expect(roles()).toEqual([[], there, of('party-russia')]);
    await more(at, correct('zone-idlib@1', { status: 'proposed' }), corroborate('zone-idlib@1', 'SANA', { accordingTo: ['statement-a'] }));
    expect(state(at, 'party-russia')['roles']).toEqual([{ ...there[0], status: 'proposed' }]);
    expect(state(at, 'party-russia')['because'].roles.accordingTo).toEqual(['statement-a']);
    await more(at, retract('zone-idlib@3'), retract('zone-idlib@2'));
    expect(roles()).toEqual([there, [], of('party-iran')]);
    await more(at, correct('zone-idlib@1', { party: 'party-russia' }), retract('zone-idlib@1'));
    expect(roles()).toEqual([[], [], []]);
  });

  test('of a role folds on into what its new party was told of since', async () => {
    const at = await told(host('party-iran'), ['parties/rename russia', { name: { en: 'Russia' }, occurred: '2018' }]);
    await more(at, correct('zone-idlib@1', { party: 'party-russia', occurred: '2018' }));
    await more(at, ['zones/end-role idlib', { party: 'party-russia', role: 'host', occurred: '2018-06' }]);
    expect([state(at, 'party-russia')['roles'], state(at, 'party-russia')['anomalies']]).toEqual([[], []]);
    await more(at, correct('zone-idlib@1', { party: 'party-iran' }));
    expect(state(at, 'party-russia')['anomalies']).toEqual([expect.objectContaining({ rule: 'role-not-named' })]);
    expect(state(at, 'party-russia')).toMatchObject({ revision: 1, name: { en: 'Russia' } });
  });

  test('of the zone of a deployment moves it', async () => {
    const at = await told([
      'deployments/report',
      { id: 'police', party: 'party-russia', force: 'police', zone: 'zone-idlib', occurred: '2017' },
    ]);
    await more(at, correct('deployment-police@0', { zone: 'zone-south' }));
    expect(state(at, 'deployment-police')['zone']).toBe('zone-south');
    const { event } = await at.when('deployments/start police', { occurred: '2018' });
    expect(event.about).toEqual(['deployment-police', 'party-russia', 'zone-south']);
    await more(at, correct('deployment-police@0', { zone: null }));
    expect(state(at, 'deployment-police')['zone']).toBeUndefined();
  });

  test('of a commitment is that of its outcome too', async () => {
    const commit = { commitment: 'maps', text: { en: 'Draw the maps.' }, due: '2017-06', occurred: '2017-05' };
    const at = await told(
      ...exist('agreement-memorandum'),
      ['agreements/commit memorandum', commit],
      ['agreements/fulfil memorandum', { commitment: 'maps', occurred: '2017-06-20' }],
    );
    const commitments = () => state(at, 'agreement-memorandum')['commitments'].map(({ id, status }: Fields) => [id, status]);
    expect(commitments()).toEqual([['maps', 'fulfilled']]);
    await more(at, correct('agreement-memorandum@2', { occurred: '2017-09' }));
    expect(commitments()).toEqual([['maps', 'late']]);
    await more(at, correct('agreement-memorandum@1', { due: '2017-10' }));
    expect(commitments()).toEqual([['maps', 'fulfilled']]);
    await more(at, correct('agreement-memorandum@1', { commitment: 'monitors' }));
    expect(commitments()).toEqual([['monitors', 'overdue']]);
    expect(state(at, 'agreement-memorandum')['anomalies']).toEqual([expect.objectContaining({ rule: 'no-such-commitment' })]);
  });
});

describe('a retraction', () => {
  test('takes a fact out of the state', async () => {
    const at = await told(suspend(), clash('2018'), inForce('2018-01'));
    await more(at, retract('zone-idlib@3'));
    expect(state(at)).toMatchObject({ status: 'suspended', revision: 4, retracted: false });
    await more(at, retract('zone-idlib@1'), retract('zone-idlib@2'));
    expect(state(at)).toMatchObject({ status: 'proposed', incidents: {}, retracted: false, anomalies: [] });
  });

  test('of a correction restores what it replaced, and what an earlier one said', async () => {
    const at = await told(inForce('2018-01'), suspend('2018-02'), correct('zone-idlib@2', { occurred: '2017' }));
    await more(at, correct('zone-idlib@2', { occurred: '2018-03' }));
    expect(state(at)['status']).toBe('suspended');
    await more(at, retract('zone-idlib@4'));
    expect(state(at)['status']).toBe('in-force');
    await more(at, retract('zone-idlib@3'));
    expect(state(at)['status']).toBe('suspended');
  });

  test('of a corroboration takes its statements away', async () => {
    const at = await told(suspend(), corroborate('zone-idlib@1', 'SANA', { accordingTo: ['statement-a'] }), retract('zone-idlib@2'));
    expect(state(at)['because'].status).toEqual({ event: idAt(at, 'zone-idlib@1') });
  });

  test('of the creation leaves the subject with what else was told of it', async () => {
    const at = await told(inForce('2018'), host('party-iran'), retract('zone-idlib@0'));
    expect(state(at)).toMatchObject({ retracted: true, status: 'in-force', roles: [{ party: 'party-iran' }] });
    expect(state(at)['name']).toBeUndefined();
    await more(at, suspend('2018-06'), corroborate('zone-idlib@1', 'SANA'));
    expect(state(at)).toMatchObject({ retracted: true, status: 'suspended', revision: 5 });
    await more(at, ['zones/report', { id: 'idlib', name: { en: 'Idlib' }, occurred: '2017' }], inForce('2018-07'));
    expect(state(at)).toMatchObject({ retracted: false, status: 'in-force', name: { en: 'Idlib' } });
    await more(at, retract('zone-idlib@6'));
    expect(state(at)).toMatchObject({ retracted: true, status: 'in-force' });
  });

  test('of all that there is leaves a subject that was told of', async () => {
    const at = await told(retract('zone-idlib@0'));
    expect(state(at)).toMatchObject({ retracted: true, anomalies: [], disputed: [], because: {}, revision: 1 });
    expect(state(at)['status']).toBeUndefined();
  });
});

describe('a corroboration', () => {
  test('changes nothing but where the stream ends', async () => {
    const at = await told(suspend(), inForce('2018'));
    const { revision, sequence, ...before } = state(at);
    await more(at, corroborate('zone-idlib@1', 'SANA'));
    expect(state(at)).toEqual({ ...before, revision: revision + 1, sequence: sequence + 1 });
  });

  test('of a role is no event of the party’s', async () => {
    const at = await told(host('party-iran'));
    const before = state(at, 'party-iran');
    await more(at, corroborate('zone-idlib@1', 'SANA'));
    expect(state(at, 'party-iran')).toEqual(before);
  });

  // All of one group, where states are at hand that are in no table yet.
  test('between two facts that arrive late counts nothing twice', async () => {
    const at = await told(clash('2017-07'), suspend('2018'));
    await at.given(clash('2017-05-20', 'b'), corroborate('zone-idlib@1', 'SANA'), clash('2017-05-21', 'c'));
    expect(state(at)['incidents']).toEqual({ clash: 3 });
    rebuilt(at);
  });
});

describe('a dispute', () => {
  const first = exist('zone-idlib')[0]![1]['name'];

  test('of a plain field sets what both have side by side, and leaves the field as it was first recorded', async () => {
    const at = await told(dispute('zone-idlib@0', { name: { en: 'Idlib' } }, { ...from('SANA'), confidence: 'low' }));
    expect(state(at)['name']).toEqual(first);
    expect(state(at).disputed).toEqual([
      {
        field: 'name',
        claims: [
          { value: first, event: idAt(at, 'zone-idlib@0'), sources: [{ publisher: 'TASS' }] },
          { value: { en: 'Idlib' }, event: idAt(at, 'zone-idlib@1'), sources: [{ publisher: 'SANA' }], confidence: 'low' },
        ],
      },
    ]);
    expect(state(at)).not.toHaveProperty('settled');
    await more(at, corroborate('zone-idlib@0', 'AFP'));
    expect(state(at).disputed[0]!.claims[0]).toHaveProperty('sources', [{ publisher: 'TASS' }, { publisher: 'AFP' }]);
  });

  test('of a field that was left out is against nothing', async () => {
    const at = await told(dispute('zone-idlib@0', { extent: { en: 'a' } }));
    expect(sides(at)).toEqual({ extent: [[null, 'zone-idlib@0'], [{ en: 'a' }, 'zone-idlib@1']] }); // prettier-ignore
  });

  test.each<[string, Said, Fields, Record<string, [unknown, unknown]>]>([
    [
      'a level',
      ['zones/agree idlib', { level: 'final', occurred: '2017-07' }],
      { level: 'in-principle' },
      { status: ['agreed', 'agreed-in-principle'] },
    ],
    [
      'who agreed',
      ['zones/agree idlib', { by: ['party-russia'], occurred: '2017-07' }],
      { by: ['party-iran'] },
      { agreedBy: [['party-russia'], ['party-iran']] },
    ],
    ['an incident', clash('2017-07'), { incident: 'strike' }, { incidents: [{ clash: 1 }, { strike: 1 }] }],
    ['what no state shows', clash('2017-07'), { text: { en: 'A strike' } }, { text: [{ en: 'A clash' }, { en: 'A strike' }] }],
    ['a date', suspend(), { occurred: '2017-11' }, { occurred: ['2017-12', '2017-11'] }],
    ['a reason', suspend('2017-12', { reason: { en: 'a' } }), { reason: { en: 'b' } }, { reason: [{ en: 'a' }, { en: 'b' }] }],
    [
      'borders',
      ['zones/delimit idlib', { extent: { en: 'a' }, level: 'final', occurred: '2017-09' }],
      { level: 'in-principle', extent: { en: 'b' } },
      {
        delimited: [
          { level: 'final', by: [] },
          { level: 'in-principle', by: [] },
        ],
        extent: [{ en: 'a' }, { en: 'b' }],
      },
    ],
    [
      'a role',
      host('party-iran'),
      { status: 'proposed' },
      {
        roles: [
          [{ party: 'party-iran', role: 'host', status: 'accepted', contestedBy: [] }],
          [{ party: 'party-iran', role: 'host', status: 'proposed', contestedBy: [] }],
        ],
      },
    ],
  ])('of %s is of the field that the state has', async (_, said, claim, fields) => {
    const at = await told(said, dispute('zone-idlib@1', claim));
    const expected = Object.entries(fields).map(([field, [held, claimed]]) => [
      field,
      [
        [held, 'zone-idlib@1'],
        [claimed, 'zone-idlib@2'],
      ],
    ]);
    expect(sides(at)).toEqual(Object.fromEntries(expected));
  });

  test('of a signature is of all that the signature is', async () => {
    const at = await told(...exist('agreement-memorandum'), ['agreements/sign memorandum', { party: 'party-iran', occurred: '2017-05' }]);
    await more(at, dispute('agreement-memorandum@1', { party: 'party-russia', occurred: '2017-06' }));
    const places = ['agreement-memorandum@1', 'agreement-memorandum@2'];
    expect(sides(at, 'agreement-memorandum')).toEqual({
      parties: [['party-iran'], ['party-russia']].map((value, n) => [value, places[n]]),
      signatures: [[{ party: 'party-iran', occurred: '2017-05' }], [{ party: 'party-russia', occurred: '2017-06' }]].map((value, n) => [
        value,
        places[n],
      ]),
      occurred: [['2017-05', places[0]], ['2017-06', places[1]]], // prettier-ignore
    });
  });

  test('of a commitment is of the commitments', async () => {
    const commit = { commitment: 'maps', text: { en: 'Draw the maps.' }, due: '2018', occurred: '2017-05' };
    const at = await told(...exist('agreement-memorandum'), ['agreements/commit memorandum', commit]);
    await more(at, dispute('agreement-memorandum@1', { due: '2019' }));
    const said = { id: 'maps', parties: [], text: { en: 'Draw the maps.' } };
    expect(sides(at, 'agreement-memorandum')).toEqual({
      commitments: [
        [[{ ...said, due: '2018', status: 'overdue' }], 'agreement-memorandum@1'],
        [[{ ...said, due: '2019', status: 'maybe-overdue' }], 'agreement-memorandum@2'],
      ],
    });
  });

  test('without a claim is of every field that the fact sets, and has nothing in its place', async () => {
    const at = await told(['zones/agree idlib', { by: ['party-iran'], occurred: '2017-07' }], dispute('zone-idlib@1', undefined));
    expect(sides(at)).toEqual({
      status: [['agreed', 'zone-idlib@1'], [null, 'zone-idlib@2']],
      agreedBy: [[['party-iran'], 'zone-idlib@1'], [null, 'zone-idlib@2']],
    }); // prettier-ignore
    expect(state(at)['status']).toBe('agreed');
  });

  test('of a role shows in the zone and in the party that has it', async () => {
    const at = await told(host('party-iran'), dispute('zone-idlib@1', undefined), dispute('zone-idlib@1', { party: 'party-russia' }));
    const role = { role: 'host', status: 'accepted', contestedBy: [] };
    const events = ['zone-idlib@1', 'zone-idlib@2', 'zone-idlib@3'];
    const at3 = (...values: unknown[]) => ({ roles: values.map((value, n) => [value, events[n]]) });
    expect(sides(at)).toEqual(at3([{ party: 'party-iran', ...role }], null, [{ party: 'party-russia', ...role }]));
    // Had the party only this fact as the other source has it, it would have no role.
    expect(sides(at, 'party-iran')).toEqual(at3([{ in: 'zone-idlib', ...role }], null, []));
    expect(sides(at, 'party-russia')).toEqual({});
  });

  test('goes with its fact where that is corrected to', async () => {
    const at = await told(host('party-iran'), dispute('zone-idlib@1', { status: 'proposed' }));
    await more(at, correct('zone-idlib@1', { party: 'party-russia' }));
    expect([sides(at, 'party-iran'), Object.keys(sides(at, 'party-russia'))]).toEqual([{}, ['roles']]);
  });

  test('stands beside others of the same field in the order of their arrival', async () => {
    const at = await told(
      dispute('zone-idlib@0', { name: { en: 'b' } }),
      dispute('zone-idlib@0', { name: { en: 'c' } }),
      dispute('zone-idlib@0', { name: { en: 'b' } }, from('SANA')),
    );
    expect(sides(at)).toEqual({
      name: [[first, 'zone-idlib@0'], [{ en: 'b' }, 'zone-idlib@1'], [{ en: 'c' }, 'zone-idlib@2'], [{ en: 'b' }, 'zone-idlib@3']],
    }); // prettier-ignore
  });

  test('of two facts that set one field stands in one entry', async () => {
    const agree = (more: Fields): Said => ['zones/agree idlib', { occurred: '2017-07', ...more }];
    const at = await told(agree({ level: 'final' }), agree({ level: 'final', by: ['party-iran'] }));
    await more(at, dispute('zone-idlib@2', { level: 'in-principle' }), dispute('zone-idlib@1', { level: 'in-principle' }));
    const [yes, no] = ['agreed', 'agreed-in-principle'];
    expect(sides(at)).toEqual({
      status: [[yes, 'zone-idlib@1'], [yes, 'zone-idlib@2'], [no, 'zone-idlib@3'], [no, 'zone-idlib@4']],
    }); // prettier-ignore
  });

  test('shows nowhere while the fact says what it claims', async () => {
    const at = await told(
      ['zones/agree idlib', { level: 'final', occurred: '2017-07' }],
      correct('zone-idlib@1', { level: 'in-principle' }),
    );
    await more(at, dispute('zone-idlib@1', { level: 'final' }), retract('zone-idlib@2'));
    expect(sides(at)).toEqual({});
  });

  test('reads against the fact as it was corrected in something else', async () => {
    const at = await told(
      ['zones/agree idlib', { level: 'final', occurred: '2017-07' }],
      dispute('zone-idlib@1', { level: 'in-principle' }),
    );
    await more(at, correct('zone-idlib@1', { occurred: '2017-08', by: ['party-iran'] }));
    expect(Object.keys(sides(at))).toEqual(['status']);
    expect(settlements(at)).toEqual([]);
  });
});

describe('a dispute is settled', () => {
  const claims = (at: Desk) => state(at).settled!.map(({ claims }) => claims.map((claim) => side(at, claim)));
  const disputed = () => told(suspend(), dispute('zone-idlib@1', { occurred: '2017-11' }, from('SANA')));
  const asItWas = [[['2017-12', 'zone-idlib@1'], ['2017-11', 'zone-idlib@2']]]; // prettier-ignore

  test('by its retraction', async () => {
    const at = await more(await disputed(), retract('zone-idlib@2'));
    expect([sides(at), settlements(at), claims(at)]).toEqual([{}, [['occurred', 'withdrawn', 'zone-idlib@3']], asItWas]);
    await more(at, correct('zone-idlib@1', { occurred: '2017-10' }));
    expect([settlements(at), claims(at)]).toEqual([[['occurred', 'withdrawn', 'zone-idlib@3']], asItWas]);
  });

  test('by the retraction of its target', async () => {
    const at = await more(await disputed(), retract('zone-idlib@1'));
    expect([sides(at), settlements(at), claims(at)]).toEqual([{}, [['occurred', 'retracted', 'zone-idlib@3']], asItWas]);
    await more(at, retract('zone-idlib@2'));
    expect(settlements(at)).toEqual([['occurred', 'retracted', 'zone-idlib@3']]);
  });

  test.each<[string, Fields]>([
    ['to what it claims', { occurred: '2017-11' }],
    ['to something else', { occurred: '2017-10', reason: { en: 'a' } }],
  ])('by a later correction of what it claims, %s, and open again when that is taken back', async (_, changes) => {
    const at = await more(await disputed(), correct('zone-idlib@1', { reason: { en: 'b' } }), correct('zone-idlib@1', changes));
    expect([sides(at), settlements(at), claims(at)]).toEqual([{}, [['occurred', 'corrected', 'zone-idlib@4']], asItWas]);
    await more(at, retract('zone-idlib@4'));
    expect([sides(at), settlements(at)]).toEqual([{ occurred: asItWas[0] }, []]);
    expect(state(at)).not.toHaveProperty('settled');
    await more(at, correct('zone-idlib@1', { occurred: '2017-09' }));
    expect(settlements(at)).toEqual([['occurred', 'corrected', 'zone-idlib@6']]);
  });

  test('by the first of the corrections that stand', async () => {
    const at = await more(
      await disputed(),
      correct('zone-idlib@1', { occurred: '2017-10' }),
      correct('zone-idlib@1', { occurred: '2017-09' }),
    );
    expect([settlements(at), claims(at)]).toEqual([[['occurred', 'corrected', 'zone-idlib@3']], asItWas]);
    await more(at, retract('zone-idlib@3'));
    expect([settlements(at), claims(at)]).toEqual([[['occurred', 'corrected', 'zone-idlib@4']], asItWas]);
  });

  test('not by a correction that came before it', async () => {
    const at = await told(suspend(), correct('zone-idlib@1', { occurred: '2017-11' }), dispute('zone-idlib@1', { occurred: '2017-12' }));
    expect([Object.keys(sides(at)), settlements(at)]).toEqual([['occurred'], []]);
    await more(at, retract('zone-idlib@2'));
    expect(settlements(at)).toEqual([]);
  });

  test('not by a correction where it has no claim', async () => {
    const at = await told(suspend(), dispute('zone-idlib@1', undefined), correct('zone-idlib@1', { occurred: '2017-11' }));
    expect(sides(at)).toEqual({ status: [['suspended', 'zone-idlib@1'], [null, 'zone-idlib@2']] }); // prettier-ignore
    await more(at, retract('zone-idlib@1'));
    expect([sides(at), settlements(at)]).toEqual([{}, [['status', 'retracted', 'zone-idlib@4']]]);
  });

  test('whole, though a correction was of one of its fields alone', async () => {
    const at = await told(['zones/agree idlib', { level: 'final', occurred: '2017-07' }]);
    await more(
      at,
      dispute('zone-idlib@1', { level: 'in-principle', by: ['party-iran'] }),
      correct('zone-idlib@1', { by: ['party-russia'] }),
    );
    expect(sides(at)).toEqual({});
    expect(settlements(at).sort()).toEqual([
      ['agreedBy', 'corrected', 'zone-idlib@3'],
      ['status', 'corrected', 'zone-idlib@3'],
    ]);
  });

  test('alone: another of the same field stays open', async () => {
    const at = await more(await disputed(), dispute('zone-idlib@1', { occurred: '2017-10' }), retract('zone-idlib@2'));
    expect(sides(at)).toEqual({ occurred: [['2017-12', 'zone-idlib@1'], ['2017-10', 'zone-idlib@3']] }); // prettier-ignore
    expect(settlements(at)).toEqual([['occurred', 'withdrawn', 'zone-idlib@4']]);
  });

  test('where the role went that it is of', async () => {
    const at = await told(
      host('party-iran'),
      dispute('zone-idlib@1', { party: 'party-russia' }),
      correct('zone-idlib@1', { party: 'party-russia' }),
    );
    expect(settlements(at)).toEqual([['roles', 'corrected', 'zone-idlib@3']]);
    expect(settlements(at, 'party-russia')).toEqual([['roles', 'corrected', 'zone-idlib@3']]);
    expect(settlements(at, 'party-iran')).toEqual([]);
  });
});

describe('the states', () => {
  test('as they stood at an earlier sequence read as they did then', async () => {
    const at = await told(host('party-iran'), suspend());
    const said = [
      correct('zone-idlib@1', { party: 'party-russia' }),
      dispute('zone-idlib@2', { occurred: '2017-11' }),
      corroborate('zone-idlib@2', 'SANA', { accordingTo: ['statement-a'] }),
      correct('zone-idlib@2', { occurred: '2017-10' }),
      retract('zone-idlib@3'),
      retract('zone-idlib@0'),
      retract('zone-idlib@6'),
    ];
    const streams = ['zone-idlib', 'party-iran', 'party-russia'];
    const then: [number, Read[]][] = [];
    for (const one of said) {
      await more(at, one);
      then.push([at.head, streams.map((stream) => state(at, stream))]);
    }
    for (const [head, states] of then)
      expect(streams.map((stream) => at.record.reader.state(stream, { at: head, now: NOW }))).toEqual(states);
  });

  test('tell what changed them: the two parties of a role that was corrected from one to the other', async () => {
    const at = await told(host('party-iran'), correct('zone-idlib@1', { party: 'party-russia' }));
    const changed = Object.fromEntries(statesIn(at.record.writer.db).map((row) => [row.stream, row.changed]));
    expect(changed).toMatchObject({ 'zone-idlib': at.head, 'party-iran': at.head, 'party-russia': at.head });
    expect(changed['zone-south']).toBeLessThan(at.head);
  });
});
