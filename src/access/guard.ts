import { Inject, Injectable, SetMetadata, createParamDecorator, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpRefusal, problemText } from '../http/problems.js';
import type { Caller, Role } from './caller.js';
import { ENDED } from './sign-in-refused.js';
import { SignIn } from './sign-in.js';

const NEEDS = 'zonewatch:needs';

/** Who may use a route. A route that doesn't say is shut. */
export const Needs = (role: Role | 'nothing') => SetMetadata(NEEDS, role);

const callers = new WeakMap<FastifyRequest, Caller>();

/** The caller of a request, as the guard let it in. */
export const CallerOf = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callers.get(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** Signs every HTTP request in, and lets it through where its route allows. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(SignIn) private readonly signIn: SignIn,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const needs = this.reflector.getAllAndOverride<Role | 'nothing' | undefined>(NEEDS, [context.getHandler(), context.getClass()]);
    if (needs === 'nothing') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const credential = bearer(request.headers.authorization);
    const caller = await this.signIn.caller(credential);
    if (needs === undefined || !caller.roles.has(needs)) {
      if (credential === undefined) throw new HttpRefusal('unauthorized', 'this needs a key or a token: Authorization: Bearer <key>');
      throw new HttpRefusal('forbidden', needs === undefined ? 'this is shut' : `this needs the role ${needs}`);
    }
    callers.set(request, caller);
    return true;
  }
}

function bearer(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  return /^Bearer +(\S+)$/i.exec(header)?.[1] ?? '';
}

/**
 * Withholds what was asked for with a credential that has ended in the meantime: whoever waits for what is to come is not told it after that. What
 * came of a command is told all the same, since it has come of it.
 */
export function withholdFromEnded(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const why = request.method === 'GET' ? callers.get(request)?.ended?.() : undefined;
    if (why === undefined || reply.statusCode >= 400) return done(null, payload);
    void reply.status(401).headers({ 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' });
    done(null, problemText(why, ENDED[why]));
  });
}
