import { jsonOf } from '../applications/application-http.port.js';
import type { ApplicationHttpAnswer } from '../applications/application-http.port.js';
import type { Application, Product } from '../applications/applications.port.js';

export interface ServerInfo {
  readonly product: string;
  readonly version: string | null;
  readonly warnings: readonly string[];
}

/** OAuth allows 300 s; what is off by this much will be off by more. */
const SKEW_WARNING_MS = 60_000;

const VERSION_PATHS: Record<Product, string> = {
  jira: '/rest/api/2/serverInfo',
  confluence: '/rest/applinks/1.0/manifest',
  bitbucket: '/rest/api/latest/application-properties',
};
/** How manifests of application links call the products. */
const TYPE_IDS: Record<string, Product> = { jira: 'jira', confluence: 'confluence', stash: 'bitbucket' };

/** A resource that tells the version without authentication. */
export function versionPathOf(product: Product): string {
  return VERSION_PATHS[product];
}

/** What the answer of `versionPathOf` says, and what is strange about it. */
export function serverInfoOf(product: Product, answer: ApplicationHttpAnswer): ServerInfo {
  const json = jsonOf(answer);
  const fields = (typeof json === 'object' && json !== null ? json : manifestOf(answer.text)) as Record<
    string,
    unknown
  >;
  const version = typeof fields['version'] === 'string' ? fields['version'] : null;
  const seen = productSeen(fields) ?? (version === null ? 'unknown' : product);
  if (answer.status >= 300 && answer.status < 400) {
    const where = answer.header('location') ?? 'elsewhere';
    const warning = `The application redirects API calls to ${where}: give that address, with its context path, as base URL.`;
    return { product: seen, version, warnings: [warning] };
  }
  if (answer.status !== 200 || version === null) {
    const warning = `${VERSION_PATHS[product]} answered HTTP ${answer.status} without a version: check the base URL and its context path.`;
    return { product: seen, version, warnings: [warning] };
  }
  if (seen !== product)
    return {
      product: seen,
      version,
      warnings: [`The application is set up as ${product} but ${seen} answers there.`],
    };
  return { product: seen, version, warnings: [] };
}

function manifestOf(xml: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [, name, value] of xml.slice(0, 10_000).matchAll(/<(version|typeId)>([^<]{1,100})<\/\1>/g)) {
    if (name !== undefined && value !== undefined) fields[name] = value;
  }
  return fields;
}

function productSeen(fields: Record<string, unknown>): Product | undefined {
  if (typeof fields['typeId'] === 'string') return TYPE_IDS[fields['typeId']];
  if (fields['deploymentType'] !== undefined || fields['serverTitle'] !== undefined) return 'jira';
  return fields['displayName'] === 'Bitbucket' ? 'bitbucket' : undefined;
}

/** A warning when the application's clock (its `Date` field) is off by more than a minute. */
export function serverTimeWarning(date: string | undefined, now: number): string | undefined {
  const time = date === undefined ? NaN : Date.parse(date);
  if (Number.isNaN(time) || Math.abs(time - now) <= SKEW_WARNING_MS) return undefined;
  const seconds = Math.round(Math.abs(time - now) / 1000);
  const direction = time > now ? 'ahead of' : 'behind';
  return `The application's clock is ${seconds} s ${direction} Restgate's: synchronise both (OAuth signatures fail beyond 300 s).`;
}

const OAUTH_PROBLEMS: Record<string, string> = {
  consumer_key_unknown:
    'it knows no application link with this consumer key: create the incoming link and enter the consumer key',
  signature_invalid:
    'the signature does not match: enter the public key that Restgate shows, and check identity.signingBaseUrl (scheme, host, port and context path as the server sees itself)',
  timestamp_refused: 'it refuses the time of the request: synchronise both clocks',
  nonce_used: 'it has seen the nonce before: something repeats requests between Restgate and the application',
  signature_method_rejected: 'it refuses RSA-SHA1 signatures: check its FIPS or Java security settings',
  parameter_rejected:
    'a parameter is repeated on the way: something between Restgate and the application changes requests',
  parameter_absent: 'a parameter is missing: something between Restgate and the application changes requests',
  permission_denied: 'the link may not be used: check its incoming authentication',
};

/** Why a signed request was refused, in words for the admin; undefined when it was not about the signature. */
export function oauthFailure(answer: ApplicationHttpAnswer): string | undefined {
  const field = answer.header('www-authenticate') ?? '';
  const problem =
    /oauth_problem="?([a-z_]+)/.exec(field)?.[1] ?? /oauth_problem=([a-z_]+)/.exec(answer.text)?.[1];
  if (problem !== undefined) {
    return `The application refuses the signed request (HTTP ${answer.status}, ${problem}): ${OAUTH_PROBLEMS[problem] ?? 'see its log'}.`;
  }
  // Refusals of the user echo the parameters of the request and name no problem.
  if (answer.status !== 401 || !field.includes('oauth_consumer_key')) return undefined;
  return 'The application accepts the signature but not the user (HTTP 401): switch "Allow user impersonation through 2-Legged OAuth" on in the incoming link, and check that the user is active and licensed.';
}

/** Where an application tells who is calling. */
export function whoAmIPathOf(application: Application): string {
  const paths: Record<Product, string> = {
    jira: '/rest/api/2/myself',
    confluence: '/rest/api/user/current',
    bitbucket: '/rest/api/latest/application-properties',
  };
  return `${application.contextPath}${paths[application.product]}`;
}

/** The user that a who-am-I answer names; undefined: nobody. Bitbucket says it only in `X-AUSERNAME`. */
export function userInAnswer(
  product: Product,
  answer: ApplicationHttpAnswer,
  actingUser: string | undefined,
): string | undefined {
  const named = actingUser === 'anonymous' ? undefined : actingUser;
  if (product === 'bitbucket') return named;
  const json = jsonOf(answer);
  if (answer.status !== 200 || typeof json !== 'object' || json === null) return undefined;
  const name = (json as Record<string, unknown>)[product === 'jira' ? 'name' : 'username'];
  return typeof name === 'string' ? name : undefined;
}
