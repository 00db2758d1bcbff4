import { text } from './answers.js';
import type { Exchange } from './types.js';

const BROWSER = /Mozilla|Chrome|Safari|Firefox|Opera|MSIE|Edg/;
const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];
/** Logins and token endpoints carry @XsrfProtectionExcluded. */
const EXCLUDED = /^\/rest\/(auth\/1\/session|oauth2\/[^/]+\/token|tsv\/[^/]+\/authenticate)$/;

function sameOrigin(exchange: Exchange): boolean {
  const claimed = exchange.record.header('origin')[0] ?? exchange.record.header('referer')[0];
  if (claimed === undefined) return false;
  return claimed === exchange.origin || claimed.startsWith(`${exchange.origin}/`);
}

function isFormLike(exchange: Exchange): boolean {
  const type = exchange.record.header('content-type')[0] ?? '';
  const bare = type.split(';')[0]?.trim().toLowerCase() ?? '';
  return bare === '' || FORM_TYPES.includes(bare);
}

/** The REST plug-in's XSRF rule; enforced for POST only. True when the request was refused. */
export function refusedByXsrfRule(exchange: Exchange): boolean {
  if (exchange.method !== 'POST' || !exchange.path.startsWith('/rest/')) return false;
  if (EXCLUDED.test(exchange.path)) return false;
  const agent = exchange.record.header('user-agent')[0] ?? '';
  if (BROWSER.test(agent) && !sameOrigin(exchange)) return text(exchange, 403, 'XSRF check failed');
  if (!isFormLike(exchange)) return false;
  const token = exchange.record.header('x-atlassian-token')[0];
  if (token === 'no-check' || token === 'nocheck') return false;
  return text(exchange, 403, 'XSRF check failed');
}
