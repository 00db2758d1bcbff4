import type { ApplicationSettings } from './application-settings.policy.js';
import { toApplication } from './application-settings.policy.js';
import type { Application, ApplicationsSnapshot } from './applications.port.js';

/** The snapshot of all applications, ready for routing: longest prefix first, disabled ones by key only. */
export function snapshotOf(
  stored: readonly { readonly id: string; readonly settings: ApplicationSettings }[],
): ApplicationsSnapshot {
  const all = stored.map(({ id, settings }) => Object.freeze(toApplication(id, settings)));
  const enabled = all.filter((application) => application.enabled).sort(longestFirst);
  const byHostname = new Map<string, Application[]>();
  for (const application of enabled) {
    if (application.hostname === undefined) continue;
    const list = byHostname.get(application.hostname);
    if (list) list.push(application);
    else byHostname.set(application.hostname, [application]);
  }
  return {
    byKey: new Map(all.map((application) => [application.key, application])),
    byHostname,
    byPrefix: enabled.filter((application) => application.hostname === undefined),
  };
}

function longestFirst(a: Application, b: Application): number {
  return b.pathPrefix.length - a.pathPrefix.length;
}
