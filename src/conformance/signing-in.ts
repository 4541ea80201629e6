import { expectThat, shown } from './expectation.js';
import { faultOfTold } from './messages.js';
import type { Check } from './scene.js';

const section = 'Signing in';

export const SIGNING_IN: readonly Check[] = [
  {
    section,
    name: 'a wrong key is refused with a connect_error that is forbidden, for good',
    async run(scene) {
      for (const token of ['a-key-of-nobody', '', 5]) {
        const told = await scene.refusal(token);
        const fault = faultOfTold('Error', told);
        expectThat(fault === undefined, `the data of connect_error ${fault}; it was ${shown(told)}`);
        expectThat(told.code === 'forbidden', `expected that the key ${shown(token)} is forbidden, and came ${shown(told)}`);
      }
    },
  },
];
