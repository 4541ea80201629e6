import type { Data } from '../body/report.dto.js';
import type { StateView } from '../folding/fold.js';
import type * as bodies from './deployment.dto.js';

export interface DeploymentEvents {
  DeploymentReported: Data<bodies.ReportDeployment>;
  DeploymentAgreed: Data<bodies.AgreeDeployment>;
  DeploymentRejected: Data<bodies.RejectDeployment>;
  DeploymentStarted: Data<bodies.StartDeployment>;
  DeploymentAdjusted: Data<bodies.AdjustDeployment>;
  DeploymentWithdrawn: Data<bodies.WithdrawDeployment>;
}

export const deploymentEvents = {
  report: 'DeploymentReported',
  agree: 'DeploymentAgreed',
  reject: 'DeploymentRejected',
  start: 'DeploymentStarted',
  adjust: 'DeploymentAdjusted',
  withdraw: 'DeploymentWithdrawn',
};

export const deploymentStanding = (deployment: StateView) => [deployment.one('party'), deployment.one('zone'), deployment.one('basis')];
