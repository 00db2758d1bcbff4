/** Names of the facilities by their code, RFC 5424 section 6.2.1 (names as in syslog.h). */
const FACILITIES = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'clock',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const;

export const DEFAULT_FACILITY = FACILITIES.indexOf('local0');

/** The code of a facility given by number or name; undefined when there is none such. */
export function facilityCode(facility: unknown): number | undefined {
  const text = typeof facility === 'number' ? String(facility) : facility;
  if (typeof text !== 'string') return undefined;
  const code = /^\d{1,2}$/.test(text)
    ? Number(text)
    : FACILITIES.findIndex((name) => name === text.toLowerCase());
  return code >= 0 && code < FACILITIES.length ? code : undefined;
}

export function facilityName(code: number): string {
  return FACILITIES[code] ?? String(code);
}
