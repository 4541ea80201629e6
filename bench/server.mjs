// The service, with one more route that takes a report as far as it goes without storing it: sign-in, body, validation.
import 'reflect-metadata';
import { Body, Controller, Headers, Param, Post, Res } from '@nestjs/common';
import { CallerOf, Needs } from '../dist/access/guard.js';
import { AppModule } from '../dist/app.module.js';
import { readConfig } from '../dist/config.js';
import { intake } from '../dist/decider/intake.js';
import { conditionsOf } from '../dist/http/conditions.js';
import { startService } from '../dist/service.js';

/** Takes what the commands' route takes, answers what that answers, and stores nothing. */
class Nowhere {
  async take({ id, verb }, body, caller, headers, response) {
    const { command } = intake({ command: `zones/${verb}`, id, body, caller: caller.name, ...conditionsOf(headers) }, Date.now());
    response.status(201);
    return { id, stream: command.stream, revision: 1, sequence: 1, eventId: '01a20954-3b5f-77cb-9dd9-984df8298641' };
  }
}
const { prototype } = Nowhere;
for (const [at, decorate] of [Param(), Body(), CallerOf(), Headers(), Res({ passthrough: true })].entries())
  decorate(prototype, 'take', at);
for (const decorate of [Post(':id/:verb'), Needs('recorder')])
  decorate(prototype, 'take', Object.getOwnPropertyDescriptor(prototype, 'take'));
Controller('v1/nowhere')(Nowhere);

const whole = AppModule.with;
AppModule.with = (opened) => {
  const module = whole(opened);
  return { ...module, controllers: [Nowhere, ...module.controllers] };
};
const service = await startService(readConfig(process.env));
console.log(`listening on ${service.address}`);
process.once('SIGTERM', () => void service.close().then(() => process.exit(0)));
