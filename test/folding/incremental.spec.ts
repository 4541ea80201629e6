import fc from 'fast-check';
import type { RecordedEvent } from '../../src/event/event.js';
import type { Fact } from '../../src/folding/fact.js';
import { comesLast, emptyFold, evolve, fold, type Folded, type Register } from '../../src/folding/fold.js';
import { historyOf } from '../../src/folding/history.js';
import { certainlyPrecedes, inFoldingOrder } from '../../src/folding/order.js';
import { present } from '../../src/folding/state.js';
import { subjectOfStream } from '../../src/subjects.js';
import { LATER, factsOf, type Frame } from '../support/given.js';

type Loose = [type: string, occurred: string, data: object, frame?: Frame];

const dates = fc.constantFrom(
  '2017-05',
  '2017-05-04',
  '2017-05-04/2017-06-10',
  '2017-06',
  '2017-06-10',
  '2017-07',
  '2017',
  '../2017-05',
  '2017-06/..',
);
const parties = fc.uniqueArray(fc.constantFrom('party-russia', 'party-iran', 'party-turkey'), { minLength: 1 });
const party = fc.constantFrom('party-russia', 'party-iran');
const text = fc.constantFrom({ en: 'a' }, { en: 'b' });
const level = fc.constantFrom({}, { level: 'in-principle' }, { level: 'final' });

function roles(bearer: string): Record<string, fc.Arbitrary<object>> {
  const role = { party, role: fc.constantFrom('guarantor', 'host') };
  return {
    [`${bearer}RoleNamed`]: fc.record({ ...role, status: fc.constantFrom('proposed', 'accepted') }),
    [`${bearer}RoleContested`]: fc.record({ ...role, by: party }),
    [`${bearer}RoleEnded`]: fc.record(role),
  };
}

const nothing = fc.constant({});
const commitment = fc.constantFrom('maps', 'aid');
const KINDS: Record<string, Record<string, fc.Arbitrary<object>>> = {
  'zone-idlib': {
    ZoneReported: fc.record({ name: text }),
    ZoneAgreed: fc.tuple(level, parties).map(([more, by]) => ({ ...more, by })),
    ZoneDelimited: fc.record({ extent: text, by: parties }, { requiredKeys: ['extent'] }),
    ZoneEnteredIntoForce: nothing,
    ZoneSuspended: nothing,
    ZoneDissolved: nothing,
    ZoneIncidentReported: fc.record({ incident: fc.constantFrom('strike', 'clash'), text }),
    ...roles('Zone'),
  },
  'agreement-memorandum': {
    AgreementReported: fc.record({ title: text, kind: fc.constant('map'), parties, until: dates }, { requiredKeys: ['title', 'kind'] }),
    AgreementAgreed: fc.tuple(level, parties).map(([more, by]) => ({ ...more, by })),
    AgreementSigned: fc.record({ party, signatory: text }, { requiredKeys: ['party'] }),
    AgreementRejected: fc.record({ party }),
    AgreementEnteredIntoForce: nothing,
    AgreementExtended: fc.record({ until: dates }),
    AgreementSuspended: nothing,
    AgreementEnded: nothing,
    AgreementCommitted: fc.record({ commitment, text, due: dates }, { requiredKeys: ['commitment', 'text'] }),
    AgreementFulfilled: fc.record({ commitment }),
    AgreementBreached: fc.record({ commitment }),
    ...roles('Agreement'),
  },
  'party-iran': {
    PartyRegistered: fc.record({ name: text, kind: fc.constant('state') }),
    PartyRenamed: fc.record({ name: text }),
    PartyJoined: fc.record({ of: party }),
    PartyLeft: fc.record({ of: party }),
    ...roles('Zone'),
    ...roles('Talks'),
  },
};

/** Any events of one subject in any order, those of another's stream among them where it is a party's roles. */
function anyFacts(stream: string): fc.Arbitrary<Fact[]> {
  const told = Object.entries(KINDS[stream]!).map(([type, data]) =>
    fc.tuple(
      fc.constant(type),
      dates,
      data,
      fc.constant(stream.startsWith('party') && !type.startsWith('Party') ? { stream: 'zone-a' } : {}),
    ),
  );
  // A role elsewhere folds in only where it is this party's.
  const ofThisParty = ([type, occurred, said, frame = {}]: Loose): Loose => [
    type,
    occurred,
    frame.stream ? { ...said, party: stream } : said,
    frame,
  ];
  return fc
    .array(fc.oneof(...told), { maxLength: 25 })
    .map((some) => factsOf(stream, (some as unknown as Loose[]).map(ofThisParty) as unknown as never[]));
}

const streams = Object.keys(KINDS);
const projectionOf = (stream: string) => subjectOfStream(stream).projection;

/** What the projector does: one fact after another, onto the state as it was stored where the fact comes last, else anew. */
function oneAfterAnother(stream: string, facts: readonly Fact[]): Folded {
  const projection = projectionOf(stream);
  let folded = emptyFold(stream);
  facts.forEach((fact, at) => {
    if (!comesLast(folded, fact)) folded = fold(projection, historyOf(stream, facts.slice(0, at + 1)));
    else evolve(projection, (folded = JSON.parse(JSON.stringify(folded)) as Folded), fact);
  });
  return folded;
}

describe.each(streams)('the facts of %s', (stream) => {
  const projection = projectionOf(stream);

  test('fold one after another to what they fold to from nothing', () => {
    fc.assert(
      fc.property(anyFacts(stream), (facts) => {
        expect(JSON.stringify(oneAfterAnother(stream, facts))).toBe(JSON.stringify(fold(projection, historyOf(stream, facts))));
      }),
      { numRuns: 500 },
    );
  });

  test('fold onto what is there exactly where the order of folding puts them last', () => {
    fc.assert(
      fc.property(anyFacts(stream), (facts) => {
        fc.pre(facts.length > 0);
        const before = fold(projection, historyOf(stream, facts.slice(0, -1)));
        expect(comesLast(before, facts.at(-1)!)).toBe(inFoldingOrder(facts).at(-1) === facts.at(-1));
      }),
      { numRuns: 300 },
    );
  });

  test('are not changed by being folded', () => {
    fc.assert(
      fc.property(anyFacts(stream), (facts) => {
        const before = JSON.stringify(facts);
        present(projection, fold(projection, historyOf(stream, facts)), LATER);
        expect(JSON.stringify(facts)).toBe(before);
      }),
      { numRuns: 50 },
    );
  });

  test('leave a field uncertain exactly where another value may have been set last', () => {
    fc.assert(
      fc.property(anyFacts(stream), (facts) => {
        const { registers } = fold(projection, historyOf(stream, facts));
        const rivals = Object.entries(registers).map(([name, register]) => [name, rivalsOf(register)]);
        expect(rivals).toEqual(Object.keys(registers).map((name) => [name, expectedRivals(stream, facts, name)]));
      }),
      { numRuns: 300 },
    );
  });
});

const rivalsOf = ({ rivals = [] }: Register) => rivals.map(({ value }) => JSON.stringify(value)).sort();

/** By definition: the other values of a register among its settings that certainly precede none of the others. */
function expectedRivals(stream: string, facts: readonly Fact[], register: string): string[] {
  const settings = inFoldingOrder(facts)
    .flatMap((fact) => {
      const alone = fold(projectionOf(stream), historyOf(stream, [fact])).registers[register];
      return alone ? [{ fact, value: JSON.stringify(alone.value) }] : [];
    })
    .filter(({ fact }, at) => at === 0 || !leavesOpen(fact, register));
  const holds = settings.at(-1)!.value;
  const last = settings.filter(({ fact }) => !settings.some((other) => certainlyPrecedes(fact, other.fact)));
  return [...new Set(last.map(({ value }) => value))].filter((value) => value !== holds).sort();
}

/** Whether a report says nothing of the status: it then sets the first of its kind, but only where nothing was told of an earlier day. */
function leavesOpen({ type, data }: Fact, register: string): boolean {
  return register === 'status' && type.endsWith('Reported') && data['status'] === undefined;
}

test('corroborations change nothing but where the stream ends', () => {
  const told: Loose[] = [
    ['ZoneReported', '2017-05-04', { name: { en: 'a' } }],
    ['ZoneAgreed', '2017-05-05', {}],
  ];
  const facts = factsOf<Record<string, object>>('zone-idlib', told);
  const projection = projectionOf('zone-idlib');
  const corroboration = (revision: number, occurred?: string): RecordedEvent => ({
    ...facts[1]!,
    id: `c${revision}`,
    type: 'EventCorroborated',
    revision,
    sequence: revision + 1,
    occurred,
    data: {},
    corroborates: 'e2',
  });
  const without = fold(projection, historyOf('zone-idlib', facts));
  expect([without.revision, without.sequence]).toEqual([1, 2]);
  const all = [...facts, corroboration(2, '2017-05-04'), corroboration(3, '../2016'), corroboration(4)];
  expect(fold(projection, historyOf('zone-idlib', all))).toEqual({ ...without, revision: 4, sequence: 5 });
});
