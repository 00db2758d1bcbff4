import 'reflect-metadata';
import { RequestMethod } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ACCESS_METADATA, PUBLIC_WHEN_METADATA } from '../../../src/modules/access/access.port.js';

/** One route as its decorators declare it. */
export interface DeclaredRoute {
  readonly method: string;
  readonly path: string;
  /** `UNDECLARED` where the route forgot to say. */
  readonly access: string;
}

type Controller = Type & { prototype: Record<string, unknown> };

/** Every route of a module and all that it imports, sorted by path. Nothing is instantiated. */
export async function declaredRoutes(module: Type | DynamicModule): Promise<DeclaredRoute[]> {
  const app = await NestFactory.create(module, new FastifyAdapter(), {
    preview: true,
    abortOnError: false,
    logger: false,
  });
  const { container } = app as unknown as {
    container: { getModules(): Map<string, { controllers: Map<unknown, { metatype: Controller }> }> };
  };
  const controllers = new Set<Controller>();
  for (const { controllers: own } of container.getModules().values()) {
    for (const { metatype } of own.values()) controllers.add(metatype);
  }
  const routes = [...controllers].flatMap(routesOf);
  return routes.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function key({ path, method }: DeclaredRoute): string {
  return `${path} ${method}`;
}

function routesOf(controller: Controller): DeclaredRoute[] {
  const names = Object.getOwnPropertyNames(controller.prototype).filter((name) => name !== 'constructor');
  return names.flatMap((name) => {
    const handler = controller.prototype[name];
    if (typeof handler !== 'function') return [];
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    if (method === undefined) return [];
    const access = accessOf(controller, handler);
    return paths(controller, handler).map((path) => ({ method: RequestMethod[method], path, access }));
  });
}

function paths(controller: Controller, handler: object): string[] {
  const bases = [Reflect.getMetadata(PATH_METADATA, controller) as string | string[]].flat();
  const own = [Reflect.getMetadata(PATH_METADATA, handler) as string | string[]].flat();
  return bases.flatMap((base) =>
    own.map(
      (part) =>
        `/${[base, part]
          .map((text) => text.replace(/^\/|\/$/g, ''))
          .filter(Boolean)
          .join('/')}`,
    ),
  );
}

function accessOf(controller: Controller, handler: object): string {
  const own = Reflect.getMetadata(ACCESS_METADATA, handler) as string | undefined;
  const level =
    own ?? (Reflect.getMetadata(ACCESS_METADATA, controller) as string | undefined) ?? 'UNDECLARED';
  const flag = Reflect.getMetadata(PUBLIC_WHEN_METADATA, handler) as string | undefined;
  return flag === undefined ? level : `${level} (public when ${flag})`;
}
