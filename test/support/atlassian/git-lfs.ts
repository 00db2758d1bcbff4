import { createHash, randomBytes } from 'node:crypto';
import { failure, jsonBody, send, text } from './answers.js';
import { on, type Route } from './answers.js';
import type { Exchange } from './types.js';

const TYPE = 'application/vnd.git-lfs+json';
const BATCH = /^\/scm\/([^/]+)\/([^/]+)\.git\/info\/lfs\/objects\/batch$/;
const OBJECT = /^\/rest\/git-lfs\/storage\/([^/]+)\/([^/]+)\/([0-9a-f]{64})$/;

/** What Bitbucket lends an LFS client: a token of its own for one user, which needs no other credential. */
interface Grants {
  readonly users: Map<string, string>;
  readonly objects: Map<string, Buffer>;
}

function action(exchange: Exchange, grants: Grants, path: string): object {
  const jwt = randomBytes(24).toString('base64url');
  grants.users.set(jwt, exchange.user?.name ?? '');
  return {
    href: `${exchange.baseUrl}/rest/git-lfs/storage/${path}`,
    header: { Authorization: `JWT ${jwt}`, 'X-Storage': 'kept' },
    expires_at: new Date(Date.now() + 600_000).toISOString(),
  };
}

function batch(exchange: Exchange, grants: Grants, folder: string): true {
  const { operation, objects } = jsonBody(exchange) as {
    operation: string;
    objects: { oid: string; size: number }[];
  };
  const answered = objects.map(({ oid, size }) => {
    const known = grants.objects.has(oid);
    if (operation === 'download' && !known)
      return { oid, size, error: { code: 404, message: 'Object does not exist' } };
    if (operation === 'upload' && known) return { oid, size };
    const name = operation === 'upload' ? 'upload' : 'download';
    return {
      oid,
      size,
      authenticated: true,
      actions: { [name]: action(exchange, grants, `${folder}/${oid}`) },
    };
  });
  return send(exchange, 200, TYPE, JSON.stringify({ transfer: 'basic', objects: answered }));
}

/** With the token that was lent, or as any user. */
function mayStore(exchange: Exchange, grants: Grants): boolean {
  const jwt = /^JWT (\S+)$/.exec(exchange.record.header('authorization')[0] ?? '')?.[1];
  return exchange.user !== null || (jwt !== undefined && grants.users.has(jwt));
}

function put(exchange: Exchange, grants: Grants, oid: string): true {
  const { body, bodyLength } = exchange.record;
  if (bodyLength > body.length) throw new Error('The stand-in did not keep the whole body.');
  if (createHash('sha256').update(body).digest('hex') !== oid)
    return failure(exchange, 422, 'The content is not that of the object.');
  grants.objects.set(oid, body);
  return text(exchange, 200, '');
}

/** Bitbucket's large file storage. */
export function gitLfsRoutes(): Route[] {
  const grants: Grants = { users: new Map(), objects: new Map() };
  const challenge = (exchange: Exchange): true => {
    exchange.response.setHeader('WWW-Authenticate', 'Basic realm="Atlassian Bitbucket"');
    return send(exchange, 401, TYPE, '{"message":"Authentication required"}');
  };
  return [
    on('POST', BATCH, (exchange, match) =>
      exchange.user === null
        ? challenge(exchange)
        : batch(exchange, grants, `${match[1] ?? ''}/${match[2] ?? ''}`),
    ),
    on('PUT', OBJECT, (exchange, match) =>
      mayStore(exchange, grants) ? put(exchange, grants, match[3] ?? '') : challenge(exchange),
    ),
    on('GET', OBJECT, (exchange, match) => {
      if (!mayStore(exchange, grants)) return challenge(exchange);
      const found = grants.objects.get(match[3] ?? '');
      return found
        ? send(exchange, 200, 'application/octet-stream', found)
        : failure(exchange, 404, 'No such object');
    }),
  ];
}
