import { parse, stringify } from 'yaml';
import { CONFIGURATION_FORMAT } from '../../lib/configuration-format.js';
import { ProblemError } from '../../platform/http/problem.js';

export type ConfigurationDocument = Readonly<Record<string, unknown>>;

/** The text of a document: JSON, or YAML without anchors. Throws 400 for malformed text. */
export function parseDocument(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0, uniqueKeys: true, merge: false }) as unknown;
  } catch (error) {
    if (error instanceof Error) throw malformed(error);
    throw error;
  }
}

/** Checks that a document is one: an object of this format with known sections only. Throws 400. */
export function checkedDocument(value: unknown, known: ReadonlySet<string>): ConfigurationDocument {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(undefined);
  const { formatVersion, ...sections } = value as Record<string, unknown>;
  const faults = Object.keys(sections)
    .filter((name) => !known.has(name))
    .map((field) => ({ field, message: 'This section is not known here.' }));
  if (formatVersion !== CONFIGURATION_FORMAT) {
    faults.push({ field: 'formatVersion', message: `must be ${CONFIGURATION_FORMAT}` });
  }
  if (faults.length > 0)
    throw new ProblemError(400, 'invalid_request', 'The document is not valid; see errors.', faults);
  return sections;
}

/** The document as YAML, for people. */
export function toYaml(document: ConfigurationDocument): string {
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** The refusal of a section, with the fields named from the top of the document. Keeps status and code. */
export function inSection(section: string, problem: ProblemError): ProblemError {
  const { status, code, detail, errors, headers } = problem;
  const faults = (errors ?? [{ field: '', message: detail }]).map(({ field, message }) => ({
    field: field === '' ? section : `${section}.${field}`,
    message,
  }));
  return new ProblemError(status, code, `${section}: ${detail}`, faults, headers);
}

function malformed(cause: Error | undefined): ProblemError {
  const where = cause?.message.split('\n', 1)[0];
  const detail = 'The document is not a well-formed JSON or YAML object.';
  return new ProblemError(400, 'invalid_request', where === undefined ? detail : `${detail} ${where}`);
}
