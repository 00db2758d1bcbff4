export interface OidcUser {
  /** Subject; the provider's own identifier, not the username. */
  sub: string;
  username: string;
  email: string;
  emailVerified: boolean;
  name: string;
  groups: string[];
}

export function oidcUser(username: string, more: Partial<OidcUser> = {}): OidcUser {
  return {
    sub: `sub-${username}`,
    username,
    email: username.includes('@') ? username : `${username}@example.com`,
    emailVerified: true,
    name: username.charAt(0).toUpperCase() + username.slice(1),
    groups: ['staff'],
    ...more,
  };
}

/** The same people as in the Atlassian stand-in, and one whom no application knows. */
export function defaultOidcUsers(): OidcUser[] {
  return [
    oidcUser('alice', { groups: ['staff', 'developers'] }),
    oidcUser('bob', { groups: ['staff', 'developers'] }),
    oidcUser('rita', { groups: ['staff', 'readers'] }),
    oidcUser('admin', { groups: ['staff', 'jira-administrators'] }),
    oidcUser('ivan'),
    oidcUser("o'brien+x@example.com"),
    oidcUser('mallory', { emailVerified: false, email: 'admin@example.com' }),
    oidcUser('stranger'),
  ];
}

export function profileClaims(user: OidcUser): Record<string, unknown> {
  return {
    preferred_username: user.username,
    name: user.name,
    email: user.email,
    email_verified: user.emailVerified,
    groups: user.groups,
  };
}
