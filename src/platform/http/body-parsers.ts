import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { HttpException } from '@nestjs/common';
import { BadRequestException, PayloadTooLargeException, UnsupportedMediaTypeException } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isDeeperThan } from '../../lib/json-depth.js';

/** Largest body of a control-plane request. */
export const LARGEST_BODY_BYTES = 1024 * 1024;
const DEEPEST_JSON = 64;
/** Requests whose body was left unread because of its type. */
const unread = new WeakSet<FastifyRequest>();
const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml'];

/** Route config of routes that take their body as an untouched stream: `@RouteConfig({ rawStream: true })`. */
interface BodyRouteConfig {
  readonly rawStream?: boolean;
  /** Takes YAML too, as text: the route parses it. */
  readonly yamlBody?: boolean;
}

/**
 * Replaces Fastify's body parsers. Routes with `rawStream` get the untouched stream, whatever its type. All
 * others take JSON only: at most 1 MiB, UTF-8, no `__proto__` or `constructor` keys, not nested absurdly
 * deep; other types stay unread and `requireReadBody` refuses them. Errors are HttpExceptions, because Nest makes
 * 500 of anything else thrown here.
 */
export function configureBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser('application/json', (request, payload, done) => {
    if (takesStream(request)) return done(null, payload);
    readText(request, payload, (error, text) => {
      if (error) return done(error);
      if (text === '') return done(null, undefined);
      if (isDeeperThan(text, DEEPEST_JSON))
        return done(new BadRequestException('The JSON is nested too deeply.'));
      void parse(request, text, (fault, body) => done(fault ? malformedJson(fault) : null, body));
    });
  });
  fastify.addContentTypeParser(YAML_TYPES, (request, payload, done) => {
    const { rawStream, yamlBody } = request.routeOptions.config as BodyRouteConfig;
    if (rawStream === true) return done(null, payload);
    if (yamlBody !== true) return leaveUnread(request, done);
    readText(request, payload, done);
  });
  fastify.addContentTypeParser('*', (request, payload, done) => {
    if (takesStream(request)) return done(null, payload);
    leaveUnread(request, done);
  });
}

/**
 * Throws 415 when the body came in a type that is not read here. Asked after the caller was admitted, so that a
 * form of another site (CSRF) is refused as such, and nobody without a credential learns what a route takes.
 */
export function requireReadBody(request: FastifyRequest): void {
  if (unread.has(request)) throw new UnsupportedMediaTypeException('Send the body as application/json.');
}

function leaveUnread(request: FastifyRequest, done: (error: null) => void): void {
  unread.add(request);
  done(null);
}

function takesStream(request: FastifyRequest): boolean {
  return (request.routeOptions.config as BodyRouteConfig).rawStream === true;
}

function readText(
  request: FastifyRequest,
  payload: IncomingMessage,
  done: (error: HttpException | null, text: string) => void,
): void {
  if (request.headers['content-encoding'] !== undefined) {
    return done(new UnsupportedMediaTypeException('Send the body without Content-Encoding.'), '');
  }
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY_BYTES) return done(tooLarge(), '');
  collect(payload, (error, bytes) => {
    if (error) return done(error, '');
    return isUtf8(bytes)
      ? done(null, bytes.toString())
      : done(new BadRequestException('The body is not UTF-8.'), '');
  });
}

function collect(payload: IncomingMessage, done: (error: HttpException | null, bytes: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  let settled = false;
  const settle = (error: HttpException | null): void => {
    if (settled) return;
    settled = true;
    done(error, error ? Buffer.alloc(0) : Buffer.concat(chunks, length));
  };
  payload.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > LARGEST_BODY_BYTES) settle(tooLarge());
    if (!settled) chunks.push(chunk);
  });
  payload.on('end', () => settle(null));
  payload.on('error', () => settle(new BadRequestException('The body ended early.')));
}

function tooLarge(): PayloadTooLargeException {
  return new PayloadTooLargeException(`The body is larger than ${LARGEST_BODY_BYTES} bytes.`);
}

function malformedJson(fault: Error): BadRequestException {
  return new BadRequestException('The body is not well-formed JSON.', { cause: fault });
}
