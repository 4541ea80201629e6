import type { Json } from '../../src/event/event.js';
import { subjectOf } from '../../src/event/subject.js';
import { SUBJECTS } from '../../src/subjects.js';
import { closeDesks, exist, openDesk, type Fields } from '../support/desk.js';

afterEach(closeDesks);

const ROLES = ['name-role', 'contest-role', 'end-role'];

/** The commands of the contract. */
const COMMANDS: Record<string, string[]> = {
  parties: ['register', 'rename', 'join', 'leave'],
  zones: ['report', 'agree', 'delimit', 'enter-into-force', 'suspend', 'dissolve', 'report-incident', ...ROLES],
  agreements: [
    ['report', 'agree', 'sign', 'reject', 'enter-into-force', 'extend', 'suspend', 'end', 'commit', 'fulfil', 'breach'],
    ROLES,
  ].flat(),
  deployments: ['report', 'agree', 'reject', 'start', 'adjust', 'withdraw'],
  statements: ['make'],
  talks: ['report', 'reschedule', 'open', 'conclude', 'cancel', ...ROLES],
};

/** The events that the contract names. */
const NAMED: Record<string, string> = {
  'zones/report': 'ZoneReported',
  'zones/agree': 'ZoneAgreed',
  'agreements/sign': 'AgreementSigned',
  'deployments/start': 'DeploymentStarted',
  'statements/make': 'StatementMade',
  'talks/conclude': 'TalksConcluded',
};

const commands = SUBJECTS.flatMap((subject) =>
  Object.entries(subject.bodies).map(([verb, { example }]) => ({ name: `${subject.collection}/${verb}`, subject, verb, example })),
);

/** Every subject that a body names. */
function named(value: Json): string[] {
  if (typeof value === 'string') return subjectOf(value) ? [value] : [];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(named) : [];
}

test('the commands are those of the contract', () => {
  const found = SUBJECTS.map(({ collection, bodies }) => [collection, Object.keys(bodies).sort()]);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(Object.entries(COMMANDS).map(([name, verbs]) => [name, verbs.toSorted()])));
});

test('each command makes an event of its own', () => {
  for (const { bodies, events, collection, kind } of SUBJECTS) {
    expect({ collection, verbs: Object.keys(events).sort() }).toEqual({ collection, verbs: Object.keys(bodies).sort() });
    const types = Object.values(events);
    expect(new Set(types).size).toBe(types.length);
    for (const type of types) expect(type.toLowerCase().startsWith(kind)).toBe(true);
  }
});

describe.each(commands)('the example of $name', ({ name, subject, verb, example }) => {
  const creates = verb === subject.create;
  const own = `${subject.kind}-${creates ? (example['id'] as string) : 'the-subject'}`;
  const command = creates ? name : `${name} the-subject`;
  const world = () => {
    const streams = new Set([...named(example), ...(creates ? [] : [own, 'party-russia'])]);
    return openDesk().given(...exist(...[...streams].sort(partiesFirst)));
  };

  test('is accepted where what it names exists, and makes its event', async () => {
    const { created, event } = await (await world()).when(command, example as Fields, { caller: 'a-newsroom' });
    const { id: _, occurred, sources = [], accordingTo: __, confidence, ...data } = example;
    expect(created).toBe(true);
    expect(event).toMatchObject({
      stream: own,
      type: NAMED[name] ?? subject.events[verb],
      occurred,
      sources,
      data,
      recordedBy: 'a-newsroom',
    });
    expect(event.confidence).toBe(confidence);
    expect(event.about).toEqual(expect.arrayContaining([own, ...named(example)]));
  });

  test('is refused without its date, without a source unless it is of a party, and with a field more', async () => {
    const at = await world();
    const { occurred: _, ...undated } = example;
    expect(await at.refused(command, undated)).toMatchObject({ code: 'malformed', faults: ['occurred edtf'] });
    for (const field of ['more', 'toString', 'hasOwnProperty', 'recordedAt', 'recordedBy', 'about'])
      expect((await at.refused(command, { ...example, [field]: 'x' })).faults).toEqual([`${field} unknown-field`]);
    for (const sources of [null, []]) expect((await at.refused(command, { ...example, sources })).faults).toContain('sources object');
    const { sources: __, ...unsourced } = example;
    if (subject.kind === 'party') expect((await at.when(command, unsourced)).event.sources).toEqual([]);
    else expect((await at.refusedAsIs(command, unsourced)).faults).toEqual(['sources object']);
  });
});

/** What is named must be there before what names it. */
function partiesFirst(a: string, b: string): number {
  return Number(b.startsWith('party-')) - Number(a.startsWith('party-'));
}
