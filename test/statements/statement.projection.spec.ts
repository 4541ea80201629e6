import type { StatementEvents } from '../../src/statements/statement.events.js';
import { given as givenOf, ownFields, type Told } from '../support/given.js';

const given = (...told: Told<StatementEvents>[]) => givenOf<StatementEvents>('statement-lavrentyev', ...told);

const text = { en: 'Two zones are agreed in principle.', ar: 'منطقتان متفق عليهما مبدئياً.' };

describe('the state of a statement', () => {
  test('holds all that was said, by whom and how', () => {
    const told = {
      speaker: { party: 'party-lavrentyev', name: { en: 'Alexander Lavrentyev' }, role: { en: 'chief negotiator' } },
      onBehalfOf: 'party-russia',
      attribution: 'on-record' as const,
      lang: 'ru',
      text,
      quote: { ru: 'Две зоны' },
      at: 'talks-astana-5',
      mentions: ['zone-idlib', 'party-iran'],
      stances: [{ on: 'zone-idlib', stance: 'supports' as const, party: 'party-russia', note: { en: 'with conditions' } }],
    };
    const story = given(['StatementMade', '2017-07-05', told, { accordingTo: ['statement-other'], confidence: 'low' }]);
    expect(story.state()).toEqual({
      id: 'lavrentyev',
      stream: 'statement-lavrentyev',
      revision: 0,
      sequence: 1,
      ...told,
      anomalies: [],
      disputed: [],
      uncertain: [],
      retracted: false,
      because: Object.fromEntries(
        Object.keys(told).map((field) => [field, { event: 'e1', accordingTo: ['statement-other'], confidence: 'low' }]),
      ),
    });
  });

  test('leaves out what was left open', () => {
    const told = { speaker: {}, attribution: 'unattributed' as const, lang: 'ar', text };
    const said = ownFields(given(['StatementMade', '2017-07-05', told]).state());
    expect(said).toEqual({ ...told, mentions: [], stances: [] });
  });
});
