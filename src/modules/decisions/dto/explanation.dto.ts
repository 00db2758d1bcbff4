import { ApiProperty } from '@nestjs/swagger';

const OUTCOMES = ['continue', 'forward', 'deny', 'skipped'] as const;
const CLASSIFICATIONS = ['read', 'write'] as const;
const KINDS = ['api-token', 'oauth', 'pat', 'basic', 'oauth1', 'session', 'none'] as const;
const FORWARD_KINDS = ['forwarded', 'bypassed', 'anonymous', 'passed-through', 'session'] as const;
const CLASSIFIERS = ['setting', 'catalogue', 'rule'] as const;
const SCOPES = ['read', 'write', 'admin'] as const;

/** What one step said. */
export class StepView {
  /** Name of the step, in the order in which requests go through them. */
  step: string;

  @ApiProperty({ enum: OUTCOMES })
  outcome: 'continue' | 'forward' | 'deny' | 'skipped';

  /** The reason code, when the step refused. */
  @ApiProperty({ type: String, nullable: true })
  reason: string | null;

  /** In words for the admin. */
  @ApiProperty({ type: String, nullable: true })
  detail: string | null;
}

/** Who the caller turned out to be. */
export class PrincipalView {
  username: string;

  groups: string[];

  /** False: the application itself still checks the password. */
  verified: boolean;

  /** Scope of an API token. */
  @ApiProperty({ enum: SCOPES, nullable: true })
  scope: 'read' | 'write' | 'admin' | null;

  /** When the API token ends. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt: string | null;

  /** The provider of the token. */
  @ApiProperty({ type: String, nullable: true })
  provider: string | null;

  /** The name of the API token. */
  @ApiProperty({ type: String, nullable: true })
  tokenName: string | null;
}

/** What decided whether the call reads or writes. */
export class ClassifiedByView {
  /** `setting`: an entry of `restrictions/read-write`; `catalogue`: a shipped one; `rule`: no entry of a list. */
  @ApiProperty({ enum: CLASSIFIERS })
  source: 'setting' | 'catalogue' | 'rule';

  /** The pattern of the entry that decided. */
  @ApiProperty({ type: String, nullable: true })
  path: string | null;

  /** In words for the admin. */
  detail: string;
}

/** What the gateway would do with a request, and why. Nothing was forwarded. */
export class ExplanationView {
  @ApiProperty({ enum: ['forward', 'deny'] })
  decision: 'forward' | 'deny';

  /** How it goes on; null when refused. */
  @ApiProperty({ enum: FORWARD_KINDS, nullable: true })
  kind: string | null;

  /** The reason code, when refused. */
  @ApiProperty({ type: String, nullable: true })
  reason: string | null;

  /** The status that the caller would see when refused. */
  @ApiProperty({ type: Number, nullable: true })
  status: number | null;

  /** In words for the caller. */
  message: string;

  /** The next step for the caller. */
  @ApiProperty({ type: String, nullable: true })
  hint: string | null;

  /** Key of the application. */
  application: string;

  /** The path that rules match: canonical, below the context path. Empty when the path was refused. */
  canonicalPath: string;

  @ApiProperty({ enum: CLASSIFICATIONS })
  classification: 'read' | 'write';

  classifiedBy: ClassifiedByView;

  /** The kind of credential that was recognised. */
  @ApiProperty({ enum: KINDS })
  credential: string;

  /** Null when nobody was found, or nobody was looked for. */
  @ApiProperty({ type: PrincipalView, nullable: true })
  principal: PrincipalView | null;

  /** Rules in report mode that would have refused. */
  wouldDeny: string[];

  steps: StepView[];
}

/** Whether a credential would be accepted, and as whom. */
export class TokenTestView extends ExplanationView {
  accepted: boolean;
}
