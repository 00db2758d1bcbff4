import { isValidAntPattern } from '../../lib/ant-pattern.js';
import { parseIpEntry } from '../../lib/ip-set.js';
import type { FieldFault } from '../../platform/http/problem.js';

/** The limits of a new or changed token, as the caller gave them. */
export interface RequestedLimits {
  readonly applications?: readonly string[] | null;
  readonly paths?: readonly string[] | null;
  readonly allowedIps?: readonly string[] | null;
}

/** Every entry that could never match or does not exist, by field. */
export function faultsOfLimits(
  requested: RequestedLimits,
  isApplication: (key: string) => boolean,
): FieldFault[] {
  return [
    ...faultsOf('applications', requested.applications, (key) =>
      isApplication(key) ? undefined : 'no application has this key',
    ),
    ...faultsOf('paths', requested.paths, isValidAntPattern),
    ...faultsOf('allowedIps', requested.allowedIps, (entry) =>
      parseIpEntry(entry) ? undefined : 'must be an IP address or a CIDR range',
    ),
  ];
}

function faultsOf(
  field: string,
  entries: readonly string[] | null | undefined,
  faultOf: (entry: string) => string | undefined,
): FieldFault[] {
  return (entries ?? []).flatMap((entry, i) => {
    const message = faultOf(entry);
    return message === undefined ? [] : [{ field: `${field}.${i}`, message }];
  });
}
