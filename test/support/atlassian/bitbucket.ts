import {
  adminRequired,
  failure,
  json,
  jsonBody,
  loginRequired,
  noContent,
  numberParameter,
} from './answers.js';
import { on, type Route } from './answers.js';
import { gitLfsRoutes } from './git-lfs.js';
import { gitRoutes } from './git-backend.js';
import { bitbucketSlug } from './slug.js';
import type { StandInState } from './state.js';
import type { Exchange, StandInUser } from './types.js';

function userView(exchange: Exchange, user: StandInUser): Record<string, unknown> {
  const slug = bitbucketSlug(user.name);
  return {
    name: user.name,
    emailAddress: user.email,
    active: user.active,
    displayName: user.displayName,
    id: user.name.length + 100,
    slug,
    type: 'NORMAL',
    links: { self: [{ href: `${exchange.baseUrl}/users/${slug}` }] },
  };
}

function detailed(exchange: Exchange, user: StandInUser): Record<string, unknown> {
  return {
    ...userView(exchange, user),
    directoryName: 'Bitbucket Internal Directory',
    deletable: true,
    lastAuthenticationTimestamp: 1_700_000_000_000,
    mutableDetails: true,
    mutableGroups: true,
  };
}

function page(exchange: Exchange, all: unknown[]): true {
  const start = numberParameter(exchange, 'start', 0);
  const limit = Math.min(numberParameter(exchange, 'limit', 25), 1000);
  const values = all.slice(start, start + limit);
  const isLastPage = start + values.length >= all.length;
  const next = isLastPage ? {} : { nextPageStart: start + limit };
  return json(exchange, 200, { size: values.length, limit, isLastPage, start, ...next, values });
}

function filtered(state: StandInState, exchange: Exchange): StandInUser[] {
  const filter = exchange.parameters.get('filter') ?? exchange.parameters.get('context');
  return filter === null ? state.directory.all() : state.directory.search(filter);
}

function noSuchUser(exchange: Exchange): true {
  return failure(
    exchange,
    404,
    'The specified user does not exist.',
    'com.atlassian.bitbucket.user.NoSuchUserException',
  );
}

function groupNames(state: StandInState, exchange: Exchange): string[] {
  const filter = (exchange.parameters.get('filter') ?? '').toLowerCase();
  return state.directory.groups().filter((each) => each.toLowerCase().includes(filter));
}

function userRoutes(state: StandInState): Route[] {
  return [
    on(
      'GET',
      /^\/rest\/api\/latest\/users$/,
      (exchange) =>
        loginRequired(exchange) ||
        page(
          exchange,
          filtered(state, exchange)
            .filter((each) => each.active)
            .map((each) => userView(exchange, each)),
        ),
    ),
    on('GET', /^\/rest\/api\/latest\/users\/([^/]+)$/, (exchange, match) => {
      if (loginRequired(exchange)) return true;
      const user = state.directory.all().find((each) => bitbucketSlug(each.name) === match[1]);
      return user === undefined ? noSuchUser(exchange) : json(exchange, 200, userView(exchange, user));
    }),
    on(
      'GET',
      /^\/rest\/api\/latest\/admin\/users$/,
      (exchange) =>
        adminRequired(exchange) ||
        page(
          exchange,
          filtered(state, exchange).map((each) => detailed(exchange, each)),
        ),
    ),
    on('GET', /^\/rest\/api\/latest\/admin\/users\/more-members$/, (exchange) => {
      if (loginRequired(exchange)) return true;
      const user = state.directory.find(exchange.parameters.get('context'));
      if (user === null) return noSuchUser(exchange);
      return page(
        exchange,
        user.groups.map((name) => ({ name, deletable: true })),
      );
    }),
  ];
}

function groupRoutes(state: StandInState): Route[] {
  return [
    on(
      'GET',
      /^\/rest\/api\/latest\/groups$/,
      (exchange) => loginRequired(exchange) || page(exchange, groupNames(state, exchange)),
    ),
    on(
      'GET',
      /^\/rest\/api\/latest\/admin\/groups$/,
      (exchange) =>
        adminRequired(exchange) ||
        page(
          exchange,
          groupNames(state, exchange).map((name) => ({ name, deletable: true })),
        ),
    ),
    on('GET', /^\/rest\/api\/latest\/admin\/groups\/more-members$/, (exchange) => {
      if (adminRequired(exchange)) return true;
      const members = state.directory.members(exchange.parameters.get('context') ?? '');
      return page(
        exchange,
        members.map((each) => detailed(exchange, each)),
      );
    }),
  ];
}

function contentRoutes(state: StandInState): Route[] {
  const projects = [
    { key: 'PUB', id: 1, name: 'Public', public: true, type: 'NORMAL' },
    { key: 'TEAM', id: 2, name: 'Team', public: false, type: 'NORMAL' },
  ];
  const visible = (exchange: Exchange) => projects.filter((each) => each.public || exchange.user !== null);
  const repositories = (exchange: Exchange) =>
    visible(exchange).map((project) => ({
      slug: 'demo',
      id: project.id,
      name: 'demo',
      project,
      public: project.public,
    }));
  return [
    on('GET', /^\/rest\/api\/latest\/application-properties$/, (exchange) =>
      json(exchange, 200, {
        version: state.version,
        buildNumber: '9004000',
        buildDate: '1700000000000',
        displayName: 'Bitbucket',
      }),
    ),
    on('GET', /^\/rest\/api\/latest\/projects$/, (exchange) => page(exchange, visible(exchange))),
    on('GET', /^\/rest\/api\/latest\/repos$/, (exchange) => page(exchange, repositories(exchange))),
    on('GET', /^\/rest\/api\/latest\/projects\/([^/]+)(\/repos)?(?:\/demo)?$/, (exchange, match) => {
      const project = visible(exchange).find((each) => each.key === match[1]);
      if (project === undefined && exchange.user === null) return loginRequired(exchange);
      if (project === undefined) return failure(exchange, 404, `Project ${match[1]} does not exist.`);
      if (match[2] === undefined) return json(exchange, 200, project);
      return page(
        exchange,
        repositories(exchange).filter((each) => each.project.key === project.key),
      );
    }),
    on(
      'POST',
      /^\/rest\/api\/latest\/projects\/([^/]+)\/repos$/,
      (exchange) =>
        loginRequired(exchange) || json(exchange, 201, { ...jsonBody(exchange), slug: 'created' }),
    ),
    on(
      'DELETE',
      /^\/rest\/api\/latest\/projects\/([^/]+)\/repos\/([^/]+)$/,
      (exchange) => loginRequired(exchange) || noContent(exchange),
    ),
  ];
}

/** Bitbucket's resources. */
export function bitbucketRoutes(state: StandInState): Route[] {
  return [
    ...userRoutes(state),
    ...groupRoutes(state),
    ...contentRoutes(state),
    ...gitRoutes(state),
    ...gitLfsRoutes(),
  ];
}
