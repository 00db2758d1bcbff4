import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { ProblemError } from './problem.js';
import type { FieldFault } from './problem.js';

const MOST_FAULTS = 50;

/** Validates every input by its DTO; unknown fields are refused. Throws 400 that names each faulty field. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => validationProblem(fieldFaults(errors)),
  });
}

/** The answer to faulty fields. */
export function validationProblem(faults: readonly FieldFault[]): ProblemError {
  const shown = faults.slice(0, MOST_FAULTS);
  const detail =
    faults.length === 1 && shown[0]
      ? `${shown[0].field}: ${shown[0].message}`
      : `${faults.length} fields are not valid; see errors.`;
  return new ProblemError(400, 'invalid_request', detail, shown);
}

/** Flattens class-validator's tree: one fault per broken rule, with the dotted path of its field. */
export function fieldFaults(errors: readonly ValidationError[], parent = ''): FieldFault[] {
  return errors.flatMap((error) => {
    const field = parent === '' ? error.property : `${parent}.${error.property}`;
    const own = Object.entries(error.constraints ?? {}).map(([rule, text]) => ({
      field,
      message:
        rule === 'whitelistValidation' ? 'This field is not known here.' : messageOf(error.property, text),
    }));
    return [...own, ...fieldFaults(error.children ?? [], field)];
  });
}

/** class-validator's texts begin with the property's name; the fault names the field already. */
function messageOf(property: string, text: string): string {
  return text.startsWith(`${property} `) ? text.slice(property.length + 1) : text;
}
