/** Version of the configuration document. Grows when a document of an older Restgate needs to be read differently. */
export const CONFIGURATION_FORMAT = 1;

/** Longest list in a configuration document. */
export const MOST_CONFIGURATION_ITEMS = 1000;
