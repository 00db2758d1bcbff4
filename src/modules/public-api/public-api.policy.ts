import type { PatternSet } from '../../lib/ant-pattern.js';
import { covers } from '../../lib/method-rule.js';
import type { MethodRule } from '../../lib/method-rule.js';
import { otherSpellings } from '../../lib/rest-version.js';
import type { Product } from '../applications/applications.port.js';
import type { AnonymousAccess } from '../global-settings/global-settings.port.js';
import { isPublicByCatalogue } from './catalogue/public-catalogue.policy.js';
import type { PublicApiLists } from './public-api.port.js';

/** What of a request the lists look at. */
export interface ApiCall {
  readonly product: Product;
  readonly applicationKey: string;
  readonly method: string;
  readonly policyPath: string;
  /** False: the path was not sent in its canonical form, so no list may let it through. */
  readonly exactPath: boolean;
}

function find(list: PatternSet<MethodRule>, call: ApiCall, path: string): MethodRule | undefined {
  return list.match(path, (rule) => covers(rule, call.applicationKey, call.method));
}

/**
 * The rule that demands authentication for the call, if any. It holds for every way to write the resource:
 * other REST version, trailing slash, media ending.
 */
export function findRestriction(lists: PublicApiLists, call: ApiCall): MethodRule | undefined {
  const rule = find(lists.restricted, call, call.policyPath);
  if (rule) return rule;
  for (const path of otherSpellings(call.policyPath)) {
    const other = find(lists.restricted, call, path);
    if (other) return other;
  }
  return undefined;
}

/** The bypass rule that lets the call through unauthenticated. Restricted wins; only exact paths match. */
export function findBypass(lists: PublicApiLists, call: ApiCall): MethodRule | undefined {
  if (!call.exactPath) return undefined;
  const rule = find(lists.bypass, call, call.policyPath);
  return rule && !findRestriction(lists, call) ? rule : undefined;
}

/** `undefined`: the call may go on anonymously; else why it needs authentication, in words for the admin. */
export function needsAuthentication(
  lists: PublicApiLists,
  access: AnonymousAccess,
  call: ApiCall,
): string | undefined {
  if (access === 'deny') return 'Anonymous access is switched off.';
  const restriction = findRestriction(lists, call);
  if (restriction) return `The restricted public API ${restriction.path} needs authentication.`;
  if (access === 'application') return undefined;
  if (!call.exactPath)
    return 'The path was not sent in its canonical form, so no list of public APIs applies.';
  if (isPublicByCatalogue(call.product, call.method, call.policyPath)) return undefined;
  return find(lists.additionalPublic, call, call.policyPath) ? undefined : 'The path is not a public API.';
}
