import { plainToInstance } from 'class-transformer';
import type { ClassConstructor } from 'class-transformer';
import { validate } from 'class-validator';
import { ProblemError } from './problem.js';
import { fieldFaults, validationProblem } from './validation-pipe.js';

/** A value checked by its DTO exactly as a request body is. Throws 400 that names each faulty field. */
export async function validated<T extends object>(type: ClassConstructor<T>, value: unknown): Promise<T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProblemError(400, 'invalid_request', 'An object is needed here.', [
      { field: '', message: 'must be an object' },
    ]);
  }
  const instance = plainToInstance(type, value);
  const errors = await validate(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  });
  if (errors.length > 0) throw validationProblem(fieldFaults(errors));
  return instance;
}
