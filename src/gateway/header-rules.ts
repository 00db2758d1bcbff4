import { APPLICATIONS } from '../modules/applications/applications.port.js';
import type { ApplicationsSnapshot } from '../modules/applications/applications.port.js';
import { IP_RESTRICTIONS } from '../modules/restrictions/restrictions.port.js';
import type { IpRestrictions } from '../modules/restrictions/restrictions.port.js';
import type { Snapshot } from '../platform/change-feed/snapshot.js';

/** What happens to a header field of a request, by its name. */
export interface HeaderRule {
  /** Lower case. */
  readonly name: string;
  /** As it came: the same string object for every request, which saves undici looking it up anew. */
  readonly sent: string;
  /** Never sent upstream, whatever the way of forwarding: identity, hop-by-hop, rebuilt, overrides. */
  readonly drop: boolean;
  /** Not sent upstream when Restgate decides the identity (cookies, credentials, browser fields). */
  readonly dropWithIdentity: boolean;
  /** Not sent upstream except where the caller's own credential is forwarded. */
  readonly credential: boolean;
  /** An underscore spelling of a field that we set or strip: the request is refused. */
  readonly disguised: boolean;
  /** The property of the request head that it fills. */
  readonly field: string | undefined;
}

/** RFC 9110 section 7.6.1, and what undici must not be handed. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
];
const REBUILT = [
  'host',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-forwarded-uri',
  'x-forwarded-method',
  'x-forwarded-ssl',
  'x-forwarded-scheme',
  'x-real-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-request-id',
  'traceparent',
  'tracestate',
];
const IDENTITY = [
  'x-seraph-trusted-app-id',
  'x-seraph-trusted-app-cert',
  'x-seraph-trusted-app-key',
  'x-seraph-trusted-app-version',
  'x-seraph-trusted-app-magic',
  'x-seraph-trusted-app-signature',
  'remote-user',
  'x-remote-user',
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-groups',
  'x-forwarded-preferred-username',
  'x-auth-request-user',
  'x-ausername',
  'x-restgate-user',
  'x-gw-user',
  'user-name',
  'x-api-token',
];
const OVERRIDES = [
  'x-http-method-override',
  'x-method-override',
  'x-http-method',
  'x-original-url',
  'x-rewrite-url',
  'x-original-uri',
  'x-original-method',
  'x-original-host',
  'x-original-forwarded-for',
];
const WITH_IDENTITY = ['cookie', 'user-agent', 'origin', 'referer', 'x-atlassian-token'];
const FIELDS: Readonly<Record<string, string>> = {
  host: 'host',
  authorization: 'authorization',
  'x-api-token': 'apiToken',
  cookie: 'cookie',
  'content-type': 'contentType',
  'user-agent': 'userAgent',
  'content-length': 'contentLength',
  'transfer-encoding': 'transferEncoding',
  connection: 'connection',
  upgrade: 'upgrade',
  expect: 'expect',
  'x-request-id': 'requestId',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
};
const MOST_CACHED_NAMES = 2000;
/** No field that anybody uses has a longer name: what clients make up must not fill the memory. */
const LONGEST_CACHED_NAME = 64;

/**
 * The rules for every field name, for one state of the applications (their identity headers are stripped from
 * every request) and of the header that carries the client's address: an application that once stood behind the
 * same proxy may believe it. Names are looked up as received, so that known names cost one map look-up.
 */
export class HeaderRules {
  private readonly cache = new Map<string, HeaderRule>();
  private readonly drop: ReadonlySet<string>;
  private readonly withIdentity: ReadonlySet<string> = new Set(WITH_IDENTITY);

  constructor(applications: ApplicationsSnapshot, clientAddressHeader?: string) {
    this.drop = new Set([
      ...HOP_BY_HOP,
      ...REBUILT,
      ...IDENTITY,
      ...OVERRIDES,
      ...identityHeaders(applications),
      ...(clientAddressHeader === undefined ? [] : [clientAddressHeader]),
    ]);
  }

  of(rawName: string): HeaderRule {
    const cached = this.cache.get(rawName);
    if (cached) return cached;
    const rule = this.make(rawName, rawName.toLowerCase());
    if (rawName.length <= LONGEST_CACHED_NAME) {
      // Emptied, not kept: names that somebody made up would keep out those of everybody else for good.
      if (this.cache.size >= MOST_CACHED_NAMES) this.cache.clear();
      this.cache.set(rawName, rule);
    }
    return rule;
  }

  private make(sent: string, name: string): HeaderRule {
    const dashed = name.replaceAll('_', '-');
    const ours = (candidate: string): boolean =>
      this.drop.has(candidate) ||
      this.withIdentity.has(candidate) ||
      Object.hasOwn(FIELDS, candidate) ||
      candidate.startsWith('x-forwarded-');
    return {
      name,
      sent,
      drop:
        this.drop.has(name) ||
        name.startsWith('x-forwarded-') ||
        name.startsWith('proxy-') ||
        name.startsWith('x-seraph-'),
      dropWithIdentity: this.withIdentity.has(name),
      credential: name === 'authorization' || name === 'cookie',
      disguised: name !== dashed && ours(dashed),
      field: Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined,
    };
  }
}

function identityHeaders(applications: ApplicationsSnapshot): string[] {
  const names: string[] = [];
  for (const { identity } of applications.byKey.values()) {
    if (identity.mode !== 'header') continue;
    names.push(identity.header.toLowerCase());
    if (identity.sharedSecretHeader) names.push(identity.sharedSecretHeader.toLowerCase());
  }
  return names;
}

interface State {
  readonly restrictions: IpRestrictions;
  readonly rules: HeaderRules;
}

const latest = new WeakMap<ApplicationsSnapshot, State>();
/** Of the last request, which nearly always is the next one's, too. */
let last: { readonly snapshot: Snapshot; readonly rules: HeaderRules } | undefined;

/** The header rules for a state of the settings; made anew when the applications or the IP restrictions change. */
export function headerRulesFor(snapshot: Snapshot): HeaderRules {
  if (last?.snapshot !== snapshot) last = { snapshot, rules: rulesOf(snapshot) };
  return last.rules;
}

function rulesOf(snapshot: Snapshot): HeaderRules {
  const applications = APPLICATIONS.of(snapshot);
  const restrictions = IP_RESTRICTIONS.of(snapshot);
  const known = latest.get(applications);
  if (known?.restrictions === restrictions) return known.rules;
  const { enabled, header } = restrictions.reverseProxy;
  const rules = new HeaderRules(applications, enabled ? header : undefined);
  latest.set(applications, { restrictions, rules });
  return rules;
}
