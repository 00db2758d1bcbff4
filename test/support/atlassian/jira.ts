import { createHash } from 'node:crypto';
import {
  adminRequired,
  failure,
  json,
  jsonBody,
  loginRequired,
  nameOf,
  noContent,
  redirect,
  send,
} from './answers.js';
import { jiraDirectoryRoutes } from './jira-directory.js';
import { firstFile } from './multipart.js';
import { on, type Route } from './answers.js';
import type { StandInState } from './state.js';
import type { Exchange } from './types.js';

interface Issue {
  key: string;
  public: boolean;
  fields: Record<string, unknown>;
  comments: { id: string; body: unknown; author: string }[];
}

interface Attachment {
  id: string;
  filename: string;
  content: Buffer;
  size: number;
}

/** Issues and files of one Jira: PUB-* is browsable by anybody, all else by whoever is logged in. */
class JiraContent {
  readonly issues = new Map<string, Issue>();
  readonly attachments = new Map<string, Attachment>();
  private nextNumber = 100;

  constructor() {
    for (const key of ['PUB-1', 'X-1', 'X-2', 'DEMO-1', 'DEMO-2']) this.add(key, { summary: `Issue ${key}` });
  }

  add(key: string, fields: Record<string, unknown>): Issue {
    const issue = { key, public: key.startsWith('PUB-'), fields, comments: [] };
    this.issues.set(key, issue);
    return issue;
  }

  create(project: string, fields: Record<string, unknown>): Issue {
    this.nextNumber += 1;
    return this.add(`${project}-${this.nextNumber}`, fields);
  }

  visibleTo(exchange: Exchange): Issue[] {
    return [...this.issues.values()].filter((each) => each.public || exchange.user !== null);
  }
}

function issueView(exchange: Exchange, issue: Issue): Record<string, unknown> {
  return {
    id: issue.key,
    key: issue.key,
    self: `${exchange.baseUrl}/rest/api/2/issue/${issue.key}`,
    fields: { ...issue.fields, comment: { comments: issue.comments, total: issue.comments.length } },
  };
}

function findIssue(content: JiraContent, exchange: Exchange, key: string): Issue | null {
  const issue = content.issues.get(key);
  if (issue === undefined && exchange.user !== null) {
    failure(exchange, 404, 'Issue Does Not Exist');
    return null;
  }
  if (issue === undefined || (!issue.public && exchange.user === null)) {
    failure(exchange, 401, 'You do not have the permission to see the specified issue.');
    return null;
  }
  return issue;
}

function search(content: JiraContent, exchange: Exchange): true {
  const given = exchange.method === 'POST' ? jsonBody(exchange) : Object.fromEntries(exchange.parameters);
  const startAt = Number(given.startAt ?? 0);
  const maxResults = Number(given.maxResults ?? 50);
  const found = content.visibleTo(exchange);
  const issues = found.slice(startAt, startAt + maxResults).map((each) => issueView(exchange, each));
  return json(exchange, 200, { expand: 'names,schema', startAt, maxResults, total: found.length, issues });
}

function createIssue(content: JiraContent, exchange: Exchange): boolean {
  if (loginRequired(exchange)) return true;
  const fields = (jsonBody(exchange).fields ?? {}) as Record<string, unknown>;
  const project = (fields.project as { key?: string } | undefined)?.key ?? 'DEMO';
  const issue = content.create(project, { ...fields, creator: nameOf(exchange.user) });
  const { id, key, self } = issueView(exchange, issue);
  return json(exchange, 201, { id, key, self });
}

function attach(content: JiraContent, exchange: Exchange, key: string): boolean {
  if (loginRequired(exchange) || findIssue(content, exchange, key) === null) return true;
  const file = firstFile(exchange.record.header('content-type')[0] ?? '', exchange.record.body);
  const filename = file?.filename ?? 'attachment.bin';
  const bytes = file?.content ?? exchange.record.body;
  const id = String(10_000 + content.attachments.size);
  const size =
    file === null || exchange.record.bodyLength > exchange.record.body.length
      ? exchange.record.bodyLength
      : bytes.length;
  content.attachments.set(id, { id, filename, content: bytes, size });
  const url = `${exchange.baseUrl}/secure/attachment/${id}/${encodeURIComponent(filename)}`;
  return json(exchange, 200, [
    {
      self: `${exchange.baseUrl}/rest/api/2/attachment/${id}`,
      id,
      filename,
      size,
      content: url,
      author: { name: nameOf(exchange.user) },
    },
  ]);
}

function download(content: JiraContent, exchange: Exchange, id: string): boolean {
  if (exchange.user === null)
    return redirect(exchange, `${exchange.baseUrl}/login.jsp?permissionViolation=true`);
  const file = content.attachments.get(id);
  if (file === undefined) return failure(exchange, 404, 'No such attachment');
  const { response } = exchange;
  const tag = `"${createHash('sha1').update(file.content).digest('hex')}"`;
  response.setHeader('ETag', tag);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader(
    'Content-Disposition',
    `attachment; filename*=UTF-8''${encodeURIComponent(file.filename)}`,
  );
  if (exchange.record.header('if-none-match')[0] === tag) {
    response.writeHead(304).end();
    return true;
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(exchange.record.header('range')[0] ?? '');
  if (!range) return send(exchange, 200, 'application/octet-stream', file.content);
  const from = Number(range[1]);
  const to = range[2] ? Number(range[2]) : file.content.length - 1;
  response.setHeader('Content-Range', `bytes ${from}-${to}/${file.content.length}`);
  return send(exchange, 206, 'application/octet-stream', file.content.subarray(from, to + 1));
}

function issueRoutes(content: JiraContent): Route[] {
  const one = /^\/rest\/api\/2\/issue\/([^/]+)$/;
  const comments = /^\/rest\/api\/2\/issue\/([^/]+)\/comment$/;
  return [
    on('POST', /^\/rest\/api\/2\/issue$/, (exchange) => createIssue(content, exchange)),
    on('GET', one, (exchange, match) => {
      const issue = findIssue(content, exchange, match[1] ?? '');
      return issue === null || json(exchange, 200, issueView(exchange, issue));
    }),
    on('PUT', one, (exchange, match) => {
      if (loginRequired(exchange)) return true;
      const issue = findIssue(content, exchange, match[1] ?? '');
      if (issue === null) return true;
      Object.assign(issue.fields, jsonBody(exchange).fields);
      return noContent(exchange);
    }),
    on('DELETE', one, (exchange, match) => {
      if (loginRequired(exchange) || findIssue(content, exchange, match[1] ?? '') === null) return true;
      content.issues.delete(match[1] ?? '');
      return noContent(exchange);
    }),
    on('GET', comments, (exchange, match) => {
      const issue = findIssue(content, exchange, match[1] ?? '');
      return issue === null || json(exchange, 200, { startAt: 0, comments: issue.comments });
    }),
    on('POST', comments, (exchange, match) => {
      if (loginRequired(exchange)) return true;
      const issue = findIssue(content, exchange, match[1] ?? '');
      if (issue === null) return true;
      const comment = {
        id: String(issue.comments.length + 1),
        body: jsonBody(exchange).body,
        author: nameOf(exchange.user),
      };
      issue.comments.push(comment);
      return json(exchange, 201, comment);
    }),
    on('POST', /^\/rest\/api\/2\/issue\/([^/]+)\/attachments$/, (exchange, match) =>
      attach(content, exchange, match[1] ?? ''),
    ),
    on('GET', /^\/secure\/attachment\/(\d+)\/.*$/, (exchange, match) =>
      download(content, exchange, match[1] ?? ''),
    ),
  ];
}

function publicRoutes(state: StandInState, content: JiraContent): Route[] {
  const info = (exchange: Exchange): true =>
    json(exchange, 200, {
      baseUrl: exchange.baseUrl,
      version: state.version,
      versionNumbers: state.version.split('.').map(Number),
      deploymentType: 'Server',
      buildNumber: 10030000,
      serverTitle: 'Jira stand-in',
    });
  const project = (exchange: Exchange, key: string) => ({
    self: `${exchange.baseUrl}/rest/api/2/project/${key}`,
    key,
    name: key,
  });
  return [
    on('GET', /^\/rest\/api\/2\/serverInfo$/, info),
    on('GET', /^\/rest\/api\/2\/search$/, (exchange) => search(content, exchange)),
    on('POST', /^\/rest\/api\/2\/search$/, (exchange) => search(content, exchange)),
    on('GET', /^\/rest\/api\/2\/project$/, (exchange) => {
      const keys = new Set(content.visibleTo(exchange).map((each) => each.key.replace(/-.*/, '')));
      return json(
        exchange,
        200,
        [...keys].map((key) => project(exchange, key)),
      );
    }),
    on('GET', /^\/rest\/api\/2\/dashboard$/, (exchange) =>
      json(exchange, 200, { startAt: 0, maxResults: 20, total: 0, dashboards: [] }),
    ),
    on(
      'GET',
      /^\/rest\/api\/2\/(mypermissions|permissions|configuration|field|priority|status)$/,
      (exchange) => loginRequired(exchange) || json(exchange, 200, {}),
    ),
    on(
      'GET',
      /^\/rest\/api\/2\/admin(\/.*)?$/,
      (exchange) => adminRequired(exchange) || json(exchange, 200, { secret: 'only for administrators' }),
    ),
  ];
}

/** Jira's resources. */
export function jiraRoutes(state: StandInState): Route[] {
  const content = new JiraContent();
  return [...jiraDirectoryRoutes(state), ...publicRoutes(state, content), ...issueRoutes(content)];
}
