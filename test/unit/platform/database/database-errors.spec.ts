import { QueryFailedError } from 'typeorm';
import {
  DatabaseUnavailableError,
  isDatabaseDown,
} from '../../../../src/platform/database/database.errors.js';

const withCode = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });

describe('isDatabaseDown', () => {
  it.each([
    ['nobody listens', withCode('ECONNREFUSED')],
    ['the name is unknown', withCode('ENOTFOUND')],
    ['an administrator ended the session', withCode('57P01')],
    ['the server is starting', withCode('57P03')],
    ['the connection broke', withCode('08006')],
    ['the server takes no more connections', withCode('53300')],
    ['the pool waited too long', new Error('timeout exceeded when trying to connect')],
    ['the connection ended in the middle', new Error('Connection terminated unexpectedly')],
    ['the pool has been closed', new Error('Cannot use a pool after calling end on the pool')],
    ['no answer came', new Error('Query read timeout')],
    ['it is our own error', new DatabaseUnavailableError(undefined)],
    ['TypeORM wrapped it', new QueryFailedError('SELECT 1', [], withCode('57P01', 'terminating'))],
    ['it is the cause', new Error('could not save', { cause: withCode('ECONNRESET') })],
    ['all addresses failed', new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')])],
  ])('is true when %s', (_, error) => {
    expect(isDatabaseDown(error)).toBe(true);
  });

  it.each([
    ['a duplicate', withCode('23505')],
    ['a syntax error', withCode('42601')],
    ['a statement that took too long', withCode('57014')],
    ['a code that merely begins alike', withCode('0800')],
    ['an error without a code', new Error('Something else')],
    ['no error', undefined],
    ['a text', 'ECONNREFUSED'],
  ])('is false for %s', (_, error) => {
    expect(isDatabaseDown(error)).toBe(false);
  });

  it('does not follow causes without end', () => {
    const error = new Error('a');
    error.cause = error;
    expect(isDatabaseDown(error)).toBe(false);
  });
});
