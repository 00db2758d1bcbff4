import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Application } from './applications.port.js';
import { isFields, optionalText, refuseUnknown, secretText } from './setting-fields.policy.js';
import type { Faults, TextRule } from './setting-fields.policy.js';

type TlsSettings = NonNullable<Application['tls']>;

const PATH = 'tls';
const CERTIFICATES: TextRule = { longest: 200_000 };
const PRIVATE_KEY: TextRule = { longest: 20_000 };
const ONE_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Reads TLS settings as an admin sent them; null removes them. Every fault is noted with its field. */
export function parseTls(
  value: unknown,
  stored: TlsSettings | undefined,
  faults: Faults,
): TlsSettings | undefined {
  if (value === undefined) return stored;
  if (value === null) return undefined;
  if (!isFields(value)) {
    faults.push({ field: PATH, message: 'must be an object' });
    return undefined;
  }
  refuseUnknown(value, ['ca', 'certificate', 'privateKey'], PATH, faults);
  const ca = optionalText(value, 'ca', CERTIFICATES, PATH, faults);
  const certificate = optionalText(value, 'certificate', CERTIFICATES, PATH, faults);
  const kept =
    certificate !== undefined && certificate === stored?.certificate ? stored.privateKey : undefined;
  const privateKey = secretText(value, 'privateKey', kept, PATH, faults, PRIVATE_KEY);
  const chain = checkedCertificates('certificate', certificate, faults);
  checkedCertificates('ca', ca, faults);
  checkPair(chain, privateKey, faults);
  const tls = {
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { certificate }),
    ...(privateKey !== undefined && { privateKey }),
  };
  return Object.keys(tls).length === 0 ? undefined : tls;
}

function checkedCertificates(
  field: string,
  pem: string | undefined,
  faults: Faults,
): X509Certificate | undefined {
  if (pem === undefined) return undefined;
  const all = pem.match(ONE_CERTIFICATE) ?? [];
  const parsed = all.map(certificateOf);
  if (parsed.length > 0 && !parsed.includes(undefined)) return parsed[0];
  faults.push({ field: `${PATH}.${field}`, message: 'must be one or more certificates in PEM form' });
  return undefined;
}

function checkPair(
  certificate: X509Certificate | undefined,
  privateKey: string | undefined,
  faults: Faults,
): void {
  if (privateKey === undefined) {
    if (certificate) faults.push({ field: `${PATH}.privateKey`, message: 'is needed with certificate' });
    return;
  }
  const key = privateKeyOf(privateKey);
  if (!key)
    faults.push({
      field: `${PATH}.privateKey`,
      message: 'must be a private key in PEM form without passphrase',
    });
  else if (!certificate) faults.push({ field: `${PATH}.certificate`, message: 'is needed with privateKey' });
  else if (!certificate.checkPrivateKey(key))
    faults.push({ field: `${PATH}.privateKey`, message: 'does not belong to the certificate' });
}

/** Undefined when it does not parse: the caller notes the fault. */
function certificateOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function privateKeyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
