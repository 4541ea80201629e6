import { statusAgreed, stepsUpTo } from '../body/agree.dto.js';
import type { Json } from '../event/event.js';
import type { Handlers, Projection } from '../folding/fold.js';
import type { DeploymentEvents } from './deployment.events.js';

const NOT_YET_THERE = ['proposed', 'expected', 'announced', 'agreed-in-principle', 'agreed'];

const on: Handlers<DeploymentEvents> = {
  DeploymentReported: (deployment, data) => {
    deployment.setAll(data, 'party', 'force', 'zone', 'task', 'armament', 'place', 'strength', 'posts', 'basis', 'when');
    deployment.begin(data.status, 'proposed');
  },
  DeploymentAgreed: (deployment, { level, by }) => {
    const status = statusAgreed(level);
    deployment.step(status, stepsUpTo(status, NOT_YET_THERE));
    deployment.add('agreedBy', by);
  },
  DeploymentRejected: (deployment, { by, reason }, { occurred }) => {
    for (const party of by) deployment.set('rejections', { party, ...(reason && { reason }), occurred }, party);
  },
  DeploymentStarted: (deployment) => deployment.step('deployed', NOT_YET_THERE),
  DeploymentAdjusted: (deployment, data) => {
    deployment.usually([...NOT_YET_THERE, 'deployed']);
    deployment.setAll(data, 'strength', 'posts', 'place');
  },
  DeploymentWithdrawn: (deployment) => deployment.step('withdrawn', ['deployed']),
};

export const deploymentProjection: Projection = {
  on,
  view: (deployment) => ({
    party: deployment.one('party'),
    force: deployment.one('force'),
    zone: deployment.one('zone'),
    task: deployment.one('task'),
    armament: deployment.one('armament'),
    place: deployment.one('place'),
    strength: deployment.one('strength'),
    posts: deployment.list('posts'),
    basis: deployment.one('basis'),
    when: deployment.one('when'),
    status: deployment.one('status'),
    agreedBy: deployment.set('agreedBy'),
    rejections: deployment.members('rejections').map(({ value }) => value) as Json,
  }),
};
