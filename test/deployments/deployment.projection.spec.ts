import type { DeploymentEvents } from '../../src/deployments/deployment.events.js';
import { DEPLOYMENT_STATUSES } from '../../src/deployments/deployment.dto.js';
import { anomalies, given as givenOf, ownFields, type Told } from '../support/given.js';

const given = (...told: Told<DeploymentEvents>[]) => givenOf<DeploymentEvents>('deployment-police', ...told);

const police = { party: 'party-russia', force: 'military-police' as const };
const reported: Told<DeploymentEvents> = ['DeploymentReported', '2017-07-01', police];
const agreed: Told<DeploymentEvents> = ['DeploymentAgreed', '2017-07-05', {}];
const started: Told<DeploymentEvents> = ['DeploymentStarted', '2017-07-24', {}];
const withdrawn: Told<DeploymentEvents> = ['DeploymentWithdrawn', '2018-07', {}];

describe('the state of a deployment', () => {
  test('holds all that its report says', () => {
    const told = {
      ...police,
      zone: 'zone-idlib',
      task: { en: 'to watch' },
      armament: { en: 'Light weapons', ar: 'أسلحة خفيفة' },
      place: { en: 'Hama' },
      strength: { min: 400, max: 600 },
      posts: [
        { kind: 'checkpoint' as const, count: 2 },
        { kind: 'observation-post' as const, name: { en: 'North' } },
      ],
      basis: 'agreement-memorandum',
      when: '2017-08/..',
      status: 'announced' as const,
    };
    expect(given(['DeploymentReported', '2017-07-01', told]).state()).toEqual({
      id: 'police',
      stream: 'deployment-police',
      revision: 0,
      sequence: 1,
      ...told,
      agreedBy: [],
      rejections: [],
      anomalies: [],
      disputed: [],
      uncertain: [],
      retracted: false,
      because: Object.fromEntries(Object.keys(told).map((field) => [field, { event: 'e1' }])),
    });
  });

  test('leaves out what nobody has said', () => {
    const said = ownFields(given(reported).state());
    expect(said).toEqual({ ...police, posts: [], status: 'proposed', agreedBy: [], rejections: [] });
  });

  test.each(DEPLOYMENT_STATUSES)('can be heard of as %s', (status) => {
    expect(given(['DeploymentReported', '2017-07-01', { ...police, status }]).state()['status']).toBe(status);
  });

  test.each<[string, Told<DeploymentEvents>[]]>([
    ['proposed', []],
    ['agreed-in-principle', [['DeploymentAgreed', '2017-07-05', { level: 'in-principle' }]]],
    ['agreed', [['DeploymentAgreed', '2017-07-05', { level: 'final' }]]],
    ['agreed', [agreed]],
    ['deployed', [agreed, started]],
    ['deployed', [started]],
    ['deployed', [started, ['DeploymentAdjusted', '2017-10-13', { strength: 500 }]]],
    ['withdrawn', [agreed, started, withdrawn]],
  ])('is %s in the usual order, without an anomaly', (status, steps) => {
    const state = given(reported)
      .when(...steps)
      .state();
    expect([state['status'], anomalies(state), state['uncertain']]).toEqual([status, [], []]);
  });

  test.each(['expected', 'announced'] as const)('starts from %s without an anomaly', (status) => {
    const state = given(['DeploymentReported', '2017-07-01', { ...police, status }], started).state();
    expect([state['status'], anomalies(state)]).toEqual(['deployed', []]);
  });

  test.each<[string, string, Told<DeploymentEvents>[]]>([
    ['is withdrawn before it started', 'withdrawn', [withdrawn]],
    ['is withdrawn twice', 'withdrawn', [started, ['DeploymentWithdrawn', '2018-05', {}], withdrawn]],
    ['is agreed after it started', 'agreed', [started, ['DeploymentAgreed', '2017-08', {}]]],
    ['starts after its withdrawal', 'deployed', [started, ['DeploymentWithdrawn', '2017-08', {}], ['DeploymentStarted', '2017-09', {}]]],
    ['starts twice', 'deployed', [started, ['DeploymentStarted', '2017-09', {}]]],
  ])('takes it, and tells it, that a deployment %s', (_, status, steps) => {
    const state = given(reported)
      .when(...steps)
      .state();
    expect([state['status'], anomalies(state)]).toEqual([status, [`e${steps.length + 1} out-of-order`]]);
  });

  test('has the newest strength, posts and place, each for itself', () => {
    const state = given(['DeploymentReported', '2017-07-01', { ...police, strength: { about: 400 }, place: { en: 'Hama' } }], started)
      .when(['DeploymentAdjusted', '2017-10-13', { strength: 500, posts: [{ kind: 'checkpoint', count: 4 }] }])
      .when(['DeploymentAdjusted', '2017-11-13', { place: { en: 'Idlib' } }])
      .state();
    expect(state).toMatchObject({ strength: 500, posts: [{ kind: 'checkpoint', count: 4 }], place: { en: 'Idlib' } });
    expect(state['because']).toMatchObject({ strength: { event: 'e3' }, posts: { event: 'e3' }, place: { event: 'e4' } });
  });

  test('names everyone who agreed and everyone who rejected it, and why', () => {
    const state = given(reported, ['DeploymentAgreed', '2017-07-05', { by: ['party-russia', 'party-iran'] }])
      .when(['DeploymentRejected', '2017-07-06', { by: ['party-syrian-opposition', 'party-usa'], reason: { en: 'It takes sides.' } }])
      .when(['DeploymentRejected', '2017-07-07', { by: ['party-usa'] }])
      .state();
    expect(state['agreedBy']).toEqual(['party-russia', 'party-iran']);
    expect(state['rejections']).toEqual([
      { party: 'party-syrian-opposition', reason: { en: 'It takes sides.' }, occurred: '2017-07-06' },
      { party: 'party-usa', occurred: '2017-07-07' },
    ]);
    expect([state['status'], anomalies(state)]).toEqual(['agreed', []]);
  });
});
