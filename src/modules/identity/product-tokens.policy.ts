import { jsonOf } from '../applications/application-http.port.js';
import type { ApplicationHttpAnswer } from '../applications/application-http.port.js';
import type { Application } from '../applications/applications.port.js';

/** A personal access token as the application lists it. */
export interface ProductToken {
  readonly id: string;
  readonly name: string;
  readonly issuedAt: Date | undefined;
  /** Undefined: never, or not told. */
  readonly expiresAt: Date | undefined;
}

/** A token that the application has just made. */
export interface MintedToken extends ProductToken {
  readonly token: string;
}

type Json = Readonly<Record<string, unknown>>;

const PAT_LENGTH = 33;
const COLON = 0x3a;
const COLON_AT = 12;
/** What a token of Bitbucket may do: as much as its owner, so that answers do not depend on how a call is signed. */
const BITBUCKET_PERMISSIONS = ['PROJECT_ADMIN', 'REPO_ADMIN'];

/** Where a user's own tokens are kept, below the origin. `slug`: Bitbucket's name of the user in addresses. */
export function tokensPathOf(application: Application, slug: string): string {
  const path =
    application.product === 'bitbucket'
      ? `/rest/access-tokens/latest/users/${encodeURIComponent(slug)}`
      : '/rest/pat/latest/tokens';
  return application.contextPath + path;
}

/** Method and body that make a token. */
export function mintRequestOf(
  { product }: Application,
  name: string,
  days: number,
): { readonly method: string; readonly body: string } {
  if (product === 'bitbucket') {
    const body = { name, permissions: BITBUCKET_PERMISSIONS, expiryDays: days };
    return { method: 'PUT', body: JSON.stringify(body) };
  }
  return { method: 'POST', body: JSON.stringify({ name, expirationDuration: days }) };
}

/** The token in the answer that made it; undefined when none was made. */
export function mintedTokenOf(answer: ApplicationHttpAnswer): MintedToken | undefined {
  if (answer.status !== 200 && answer.status !== 201) return undefined;
  const json = objectOf(jsonOf(answer));
  const listed = json && tokenOf(json);
  const token = json?.['rawToken'] ?? json?.['token'];
  return listed && typeof token === 'string' ? { ...listed, token } : undefined;
}

/** The tokens in a list; undefined when the answer is none. */
export function tokenListOf(answer: ApplicationHttpAnswer): ProductToken[] | undefined {
  if (answer.status !== 200) return undefined;
  const json = jsonOf(answer);
  const list = Array.isArray(json) ? (json as unknown[]) : objectOf(json)?.['values'];
  if (!Array.isArray(list)) return undefined;
  return list.flatMap((each) => {
    const fields = objectOf(each);
    return (fields && tokenOf(fields)) ?? [];
  });
}

/** Which of a user's tokens this one is: by the id that is part of it, or because there is only one. */
export function listedAs(token: string, list: readonly ProductToken[]): ProductToken | undefined {
  const id = idWithin(token);
  return list.find((each) => each.id === id) ?? (list.length === 1 ? list[0] : undefined);
}

/** Jira's and Confluence's tokens begin with a number; Bitbucket's have the same form behind a prefix. */
function idWithin(token: string): string | undefined {
  const bytes = Buffer.from(token.replace(/^BBDC-/, ''), 'base64');
  return bytes.length === PAT_LENGTH && bytes[COLON_AT] === COLON
    ? bytes.toString('latin1', 0, COLON_AT)
    : undefined;
}

function tokenOf(fields: Json): ProductToken | undefined {
  const id = fields['id'];
  if (typeof id !== 'string' && typeof id !== 'number') return undefined;
  return {
    id: String(id),
    name: typeof fields['name'] === 'string' ? fields['name'] : '',
    issuedAt: dateOf(fields['createdAt'] ?? fields['createdDate']),
    expiresAt: dateOf(fields['expiringAt'] ?? fields['expiryDate']),
  };
}

function dateOf(value: unknown): Date | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function objectOf(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
