/** Where the control plane lives. */
export const CONTROL_PREFIX = '/restgate';
/** First part of every admin API controller's path. */
export const API = 'restgate/api/v1';
