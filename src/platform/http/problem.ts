/** One faulty field of a request: `field` is a path such as `window.unit`. */
export interface FieldFault {
  readonly field: string;
  readonly message: string;
}

/** Error answers of the control plane: RFC 9457 problem details. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string;
  readonly errors?: readonly FieldFault[];
}

/**
 * What features throw for an expected refusal on the control plane. `code` is stable snake_case; `errors` name
 * the fields. The problem filter turns it into `application/problem+json`.
 */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors?: readonly FieldFault[],
    readonly headers?: Readonly<Record<string, string>>,
  ) {
    super(detail);
  }
}

/** 400 that names one field. */
export function invalidField(field: string, message: string): ProblemError {
  return new ProblemError(400, 'invalid_request', `${field}: ${message}`, [{ field, message }]);
}

/** 404 of an item that does not exist. */
export function notFound(what: string): ProblemError {
  return new ProblemError(404, 'not_found', `${what} does not exist.`);
}
