/** Why a provider could not be asked. Messages name the host and the fault, never a token or secret. */
export type ProviderFault =
  'timeout' | 'unreachable' | 'refused-address' | 'redirect' | 'too-large' | 'not-json' | 'status';

/** The provider gave no usable answer: never an identity, never "not valid". */
export class ProviderHttpError extends Error {
  override readonly name = 'ProviderHttpError';

  constructor(
    readonly fault: ProviderFault,
    message: string,
    readonly retryAfterSeconds?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
