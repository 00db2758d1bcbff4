import type { OpenAPIObject } from '@nestjs/swagger';

type Components = NonNullable<OpenAPIObject['components']>;
type Schema = NonNullable<Components['schemas']>[string];
type Responses = NonNullable<Components['responses']>;

const FIELD_FAULT: Schema = {
  type: 'object',
  required: ['field', 'message'],
  properties: {
    field: { type: 'string', description: 'Dotted path of the faulty field.', example: 'window.unit' },
    message: { type: 'string' },
  },
};

/** RFC 9457 problem details, as the problem filter answers them. */
export const PROBLEM_SCHEMA: Schema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri', example: 'urn:restgate:problem:invalid_request' },
    title: { type: 'string', example: 'Bad Request' },
    status: { type: 'integer', example: 400 },
    detail: { type: 'string', description: 'What is wrong and what to do.' },
    code: { type: 'string', description: 'Stable: programs decide by it.', example: 'invalid_request' },
    requestId: { type: 'string', description: 'Also in X-Request-Id, in the log and in the audit log.' },
    errors: { type: 'array', items: FIELD_FAULT, description: 'The faulty fields of a request.' },
  },
};

function problemResponse(description: string): Responses[string] {
  return {
    description,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

/** The error answers that operations refer to. */
export const PROBLEM_RESPONSES: Responses = {
  InvalidRequest: problemResponse('A field is missing, unknown or not valid; `errors` names it.'),
  Unauthenticated: problemResponse('No credential, or one that is not accepted.'),
  Forbidden: problemResponse('The caller is known but may not do this.'),
  PreconditionFailed: problemResponse('Somebody else saved in between: read it again and repeat.'),
  NotFound: problemResponse('There is no such item.'),
  Unexpected: problemResponse('Any other refusal; `code` says which. 503 carries Retry-After.'),
};

export function responseReference(name: string): { $ref: string } {
  return { $ref: `#/components/responses/${name}` };
}
