import type { Exchange } from '../decisions/exchange.port.js';
import type { ApiCall } from './public-api.policy.js';

/** What the lists look at, of an exchange whose application is known. Throws when it is not. */
export function apiCallOf({ application, head, policyPath }: Exchange): ApiCall {
  if (!application) throw new Error('The lists of public APIs were asked before the application was known.');
  return {
    product: application.product,
    applicationKey: application.key,
    method: head.method,
    policyPath,
    exactPath: head.exactPath,
  };
}
