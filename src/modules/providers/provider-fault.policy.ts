const NEW_CERTIFICATE = 'renew it at the provider, or correct the clock of this machine';
const OWN_AUTHORITY =
  'if the provider has a certificate of your own authority, set NODE_EXTRA_CA_CERTS to its file and start Restgate again';

/** What is wrong and what to change, by the code that the system or TLS gives. */
const TEXTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: `The TLS certificate of {host} has expired: ${NEW_CERTIFICATE}.`,
  CERT_NOT_YET_VALID: `The TLS certificate of {host} is not valid yet: ${NEW_CERTIFICATE}.`,
  ERR_TLS_CERT_ALTNAME_INVALID:
    'The TLS certificate of {host} is for another host: use the name that is in the certificate.',
  DEPTH_ZERO_SELF_SIGNED_CERT: `The TLS certificate of {host} is self-signed: ${OWN_AUTHORITY}.`,
  SELF_SIGNED_CERT_IN_CHAIN: `The TLS certificate of {host} is of an unknown authority: ${OWN_AUTHORITY}.`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `The TLS certificate of {host} is of an unknown authority: ${OWN_AUTHORITY}.`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `The TLS certificate of {host} cannot be verified: the provider must send its intermediate certificates, too; ${OWN_AUTHORITY}.`,
  ERR_SSL_WRONG_VERSION_NUMBER: '{host} does not speak TLS there: check the port, or whether it is http.',
  EPROTO:
    '{host} and Restgate find no common TLS: check the port, and that the provider offers TLS 1.2 or later.',
  ENOTFOUND: 'The host {host} is not known: check the spelling of the endpoint, and the name server.',
  EAI_AGAIN: 'The host {host} could not be looked up: check the name server of this machine.',
  ECONNREFUSED: 'Nothing answers at {host}: check host and port of the endpoint, and the firewall.',
};

/** Why a provider could not be reached, in words for the admin. */
export function unreachableText(host: string, code: string): string {
  const known = Object.hasOwn(TEXTS, code) ? TEXTS[code] : undefined;
  return known?.replaceAll('{host}', host) ?? `${host} cannot be reached (${code}).`;
}
