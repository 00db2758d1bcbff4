const START = '/restgate/';
const LONGEST = 500;
/** Plain path segments only: no escapes, no backslash, no second slash, so that nothing can be read in two ways. */
const PAGE = /^\/restgate(?:\/[A-Za-z0-9._~-]+)*\/?(?:\?[A-Za-z0-9._~=&-]*)?$/;
const NOT_PAGES = /^\/restgate\/(?:session|oauth)(?:[/?]|$)/;

/** Where the browser goes after the sign-in: a page of this control plane, or its start for anything else. */
export function returnPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || wanted.length > LONGEST || !PAGE.test(wanted)) return START;
  const [path = ''] = wanted.split('?', 1);
  const climbs = path.split('/').some((segment) => segment === '.' || segment === '..');
  return climbs || NOT_PAGES.test(wanted) ? START : wanted;
}
