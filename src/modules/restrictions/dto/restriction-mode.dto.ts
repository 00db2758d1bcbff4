export const RESTRICTION_MODES = ['enforce', 'report'] as const;
