import type { Product } from '../../src/modules/applications/applications.port.js';
import type {
  ClassifiedApplication,
  ClassifiedHead,
} from '../../src/modules/restrictions/read-write.policy.js';

export function applicationOf(
  product: Product,
  openedEndpoints: readonly string[] = [],
): ClassifiedApplication {
  return { key: product, product, openedEndpoints };
}

export function headOf(
  method: string,
  query: string | undefined,
  change: Partial<ClassifiedHead> = {},
): ClassifiedHead {
  return {
    method,
    query: query === undefined ? '' : `?${query}`,
    exactPath: true,
    upgrade: false,
    ...change,
  };
}
