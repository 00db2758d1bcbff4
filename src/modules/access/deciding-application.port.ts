import type { Snapshot } from '../../platform/change-feed/snapshot.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import type { Application } from '../applications/applications.port.js';

/** The application whose directory decides about control-plane callers: the first enabled one that has one. */
export function decidingApplication(snapshot: Snapshot): Application | undefined {
  for (const application of APPLICATIONS.of(snapshot).byKey.values()) {
    if (application.enabled && hasDirectory(application)) return application;
  }
  return undefined;
}

function hasDirectory({ directory }: Application): boolean {
  if (directory.kind !== 'application') return true;
  return (
    directory.application !== undefined ||
    directory.username !== undefined ||
    directory.personalAccessToken !== undefined
  );
}
