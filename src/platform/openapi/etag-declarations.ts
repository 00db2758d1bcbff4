import { ApiExtension } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { responseReference } from './problem-schema.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const ANSWERS = 'x-answers-etag';
const TAKES = 'x-takes-if-match';

/** Says in the OpenAPI document that a route answers the ETag of what it shows. */
export const AnswersEtag = (): MethodDecorator => ApiExtension(ANSWERS, true);

/** Says in the OpenAPI document that a route refuses a lost update: `If-Match`, 412. */
export const TakesIfMatch = (): MethodDecorator => ApiExtension(TAKES, true);

const ETAG = {
  description: 'The version of what is shown; goes into `If-Match` of a change.',
  schema: { type: 'string', maxLength: 80, example: '"3"' },
} as const;

const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description:
    'ETag of the state that is changed: 412 when it is not the present one. Absent or `*`: whatever is there.',
  schema: { type: 'string', maxLength: 80, example: '"3"' },
} as const;

/** Writes headers and the 412 answer where the routes declared them. */
export function declareEtags(operation: Operation): void {
  const marks = operation as unknown as Record<string, unknown>;
  if (marks[ANSWERS] === true) {
    for (const [status, response] of Object.entries(operation.responses)) {
      if (status.startsWith('2') && response && 'description' in response)
        response.headers = { ETag: { ...ETAG } };
    }
  }
  if (marks[TAKES] === true) {
    operation.parameters = [...(operation.parameters ?? []), { ...IF_MATCH }];
    operation.responses['412'] ??= responseReference('PreconditionFailed');
  }
  delete marks[ANSWERS];
  delete marks[TAKES];
}
