import type { StandInUser } from './types.js';

function user(name: string, more: Partial<StandInUser> = {}): StandInUser {
  return {
    name,
    password: `${name}-password`,
    email: name.includes('@') ? name : `${name}@example.com`,
    displayName: name.charAt(0).toUpperCase() + name.slice(1),
    active: true,
    groups: ['jira-users'],
    browseUsers: false,
    administrator: false,
    ...more,
  };
}

/** Fresh copies of the people every test knows; the password is always `<name>-password`. */
export function defaultUsers(): StandInUser[] {
  return [
    user('alice', { displayName: 'Alice Liddell', groups: ['jira-users', 'developers'] }),
    user('bob', { displayName: 'Bob Builder', groups: ['jira-users', 'developers'] }),
    user('rita', { displayName: 'Rita Reader', groups: ['jira-users', 'readers'] }),
    user('admin', {
      displayName: 'Administrator',
      groups: ['jira-users', 'jira-administrators'],
      browseUsers: true,
      administrator: true,
    }),
    user('svc-restgate', {
      displayName: 'Restgate service',
      groups: ['jira-users', 'service-accounts'],
      browseUsers: true,
      administrator: true,
    }),
    user('ivan', { displayName: 'Ivan Inactive', active: false }),
    user("o'brien+x@example.com", { displayName: "Pat O'Brien" }),
    user('zoë', { displayName: 'Zoë Müller', email: 'zoe@example.com' }),
  ];
}

/** The product's user directory: names are compared without regard to case. */
export class StandInDirectory {
  private readonly users = new Map<string, StandInUser>();
  private readonly extraGroups: Set<string>;

  constructor(users: StandInUser[], groups: string[] = []) {
    for (const each of users) this.add(each);
    this.extraGroups = new Set(groups);
  }

  add(added: StandInUser): void {
    this.users.set(added.name.toLowerCase(), added);
  }

  remove(name: string): void {
    this.users.delete(name.toLowerCase());
  }

  find(name: string | null): StandInUser | null {
    return name === null ? null : (this.users.get(name.toLowerCase()) ?? null);
  }

  require(name: string): StandInUser {
    const found = this.find(name);
    if (found === null) throw new Error(`The stand-in has no user ${name}`);
    return found;
  }

  all(): StandInUser[] {
    return [...this.users.values()];
  }

  groups(): string[] {
    const names = new Set(this.extraGroups);
    for (const each of this.all()) for (const group of each.groups) names.add(group);
    return [...names].sort();
  }

  members(group: string): StandInUser[] {
    return this.all().filter((each) => each.groups.includes(group));
  }

  /** The products match a part of the username, the full name or the e-mail address. */
  search(text: string): StandInUser[] {
    const wanted = text.toLowerCase();
    return this.all().filter((each) =>
      [each.name, each.displayName, each.email].some((value) => value.toLowerCase().includes(wanted)),
    );
  }
}

/** A user of a test's own, with the password `<name>-password`. */
export function standInUser(name: string, more: Partial<StandInUser> = {}): StandInUser {
  return user(name, more);
}
