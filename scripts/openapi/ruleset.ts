/** The rules of the API document: Spectral's own for OpenAPI, and what this project promises beyond them. */
import type { RulesetDefinition } from '@stoplight/spectral-core';
import { defined, pattern, truthy } from '@stoplight/spectral-functions';
import { oas } from '@stoplight/spectral-rulesets';
import { everyErrorIsAProblem, hasExample, isBounded } from './rules.js';

const OPERATIONS = '$.paths[*][get,put,post,delete,patch,head,options,trace]';
const error = 'error' as const;

export const ruleset: RulesetDefinition = {
  extends: [[oas as RulesetDefinition, 'recommended']],
  rules: {
    // The product has no public contact, and its operations say all in their summaries and in the tag's routes.
    'info-contact': 'off',
    'operation-description': 'off',
    'restgate-summary': {
      message: 'Every operation says in one line what it does.',
      given: OPERATIONS,
      severity: error,
      then: [
        { field: 'summary', function: truthy },
        {
          field: 'operationId',
          function: pattern,
          functionOptions: { match: '^[a-z][A-Za-z0-9]*_[a-z][A-Za-z0-9]*$' },
        },
        { field: 'tags', function: truthy },
      ],
    },
    'restgate-access': {
      message: 'Every operation says who may call it, and with what (an empty list: nothing is needed).',
      given: OPERATIONS,
      severity: error,
      then: [
        { field: 'security', function: defined },
        { field: 'x-access', function: pattern, functionOptions: { match: '^(public|user|auditor|admin)$' } },
      ],
    },
    'restgate-errors': {
      message: '{{error}}',
      given: OPERATIONS,
      severity: error,
      then: { field: 'responses', function: everyErrorIsAProblem },
    },
    'restgate-examples': {
      message: '{{error}}',
      given: [`${OPERATIONS}.requestBody.content[*]`, `${OPERATIONS}.responses[*].content[application/json]`],
      severity: error,
      then: { function: hasExample },
    },
    'restgate-limits': {
      message: '{{error}}',
      given: [`${OPERATIONS}.requestBody.content[*].schema`, `${OPERATIONS}.parameters[*].schema`],
      severity: error,
      then: { function: isBounded },
    },
  },
};
