/** The extension of an operation that says who may call it; @Access writes it. */
export const ACCESS_EXTENSION = 'x-access';
