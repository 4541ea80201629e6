// The service, with one more route that takes a report as far as it goes without storing it: sign-in, body, validation.
import 'reflect-metadata';
import { Body, Controller, Post } from '@nestjs/common';
import { Needs } from '../dist/access/guard.js';
import { AppModule } from '../dist/app.module.js';
import { readConfig } from '../dist/config.js';
import { intake } from '../dist/decider/intake.js';
import { startService } from '../dist/service.js';

class Nowhere {
  take(body) {
    intake({ command: 'zones/report-incident', id: 'zone-0', body, caller: 'admin' }, Date.now());
    return { id: 'zone-0', stream: 'zone-zone-0', revision: 1, sequence: 1, eventId: '01a20954-3b5f-77cb-9dd9-984df8298641' };
  }
}
Body()(Nowhere.prototype, 'take', 0);
for (const decorate of [Post(), Needs('recorder')])
  decorate(Nowhere.prototype, 'take', Object.getOwnPropertyDescriptor(Nowhere.prototype, 'take'));
Controller('v1/bench')(Nowhere);

const whole = AppModule.with;
AppModule.with = (opened) => {
  const module = whole(opened);
  return { ...module, controllers: [Nowhere, ...module.controllers] };
};
const service = await startService(readConfig(process.env));
console.log(`listening on ${service.address}`);
process.once('SIGTERM', () => void service.close().then(() => process.exit(0)));
