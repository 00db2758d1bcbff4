import type { Authentication } from './authentication.js';
import type { OAuth1Filter } from './oauth1.js';
import type { SessionStore } from './sessions.js';
import type { TokenStore } from './tokens.js';
import type { StandInDirectory } from './users.js';
import type { StandInOptions, StandInProduct } from './types.js';

/** What the handlers of one stand-in share. */
export interface StandInState {
  product: StandInProduct;
  version: string;
  options: StandInOptions;
  directory: StandInDirectory;
  sessions: SessionStore;
  tokens: TokenStore;
  oauth1: OAuth1Filter;
  authentication: Authentication;
}
