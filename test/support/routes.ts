import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Every route that an application answers: its method, and its path as Fastify has it. HEAD comes with each GET. */
export function routesOf(app: NestFastifyApplication): { method: string; path: string }[] {
  const parents: string[] = [];
  const lines = app.getHttpAdapter().getInstance().printRoutes().split('\n').filter(Boolean);
  return lines.flatMap((line) => {
    // A tree of what paths have in common: only a line with methods is a route.
    const [, indent, label, methods = ''] = /^([│ ]*)[├└]── (\S+)(?: \((.*)\))?$/.exec(line)!;
    parents.splice(indent!.length / 4, Infinity, label!);
    const path = parents.join('');
    return methods
      .split(', ')
      .filter((method) => method && method !== 'HEAD')
      .map((method) => ({ method, path }));
  });
}
