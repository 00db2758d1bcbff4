/** Every environment variable, in the words of docs/configuration.md, which is generated from this list. */
export interface VariableDefinition {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}

export const VARIABLES: readonly VariableDefinition[] = [
  {
    name: 'HOST',
    default: '127.0.0.1',
    meaning: 'Address of the data plane listener. The container image sets 0.0.0.0.',
  },
  { name: 'PORT', default: '8080', meaning: 'Port of the data plane listener. 0 takes a free one.' },
  {
    name: 'CONTROL_HOST',
    default: 'as HOST',
    meaning: 'Address of the control plane listener, when it has its own.',
  },
  {
    name: 'CONTROL_PORT',
    default: 'unset',
    meaning:
      'Port of the control plane listener. Unset: the control plane answers on PORT. Either way under /restgate.',
  },
  {
    name: 'PUBLIC_URL',
    default: 'http://localhost:{PORT}',
    meaning: 'How browsers reach the control plane: redirect URIs and links are made from it.',
  },
  {
    name: 'DATABASE_URL',
    default: 'unset',
    meaning:
      'PostgreSQL 14 or newer, postgres://user:password@host:port/database. Unset: an embedded database in DATA_DIR.',
  },
  {
    name: 'DATA_DIR',
    default: './data',
    meaning: 'Embedded database, generated keys (mode 0600), audit spill.',
  },
  {
    name: 'REDIS_URL',
    default: 'unset',
    meaning:
      'redis:// or rediss:// for rate-limit counters shared by replicas. Unset: counters in the process.',
  },
  {
    name: 'ENCRYPTION_KEY',
    default: 'generated into DATA_DIR',
    meaning:
      '32 bytes in base64. Encrypts provider secrets, stored personal access tokens and private keys. Required with DATABASE_URL.',
  },
  {
    name: 'ENCRYPTION_KEY_PREVIOUS',
    default: 'unset',
    meaning: 'Earlier keys, separated by commas: still decrypt, never encrypt.',
  },
  {
    name: 'ADMIN_TOKEN',
    default: 'generated at first start, printed once',
    meaning:
      'Bootstrap administrator of the control plane: Authorization: Bearer {ADMIN_TOKEN}. At least 20 characters.',
  },
  {
    name: 'RESTGATE_CONFIG',
    default: 'unset',
    meaning: 'Path of a YAML or JSON configuration that is applied at start.',
  },
  { name: 'JIRA_URL', default: 'unset', meaning: 'Creates the application jira at /jira at first start.' },
  {
    name: 'CONFLUENCE_URL',
    default: 'unset',
    meaning: 'Creates the application confluence at /confluence at first start.',
  },
  {
    name: 'BITBUCKET_URL',
    default: 'unset',
    meaning: 'Creates the application bitbucket at /bitbucket at first start.',
  },
  { name: 'LOG_LEVEL', default: 'info', meaning: 'fatal, error, warn, info, debug, trace or silent.' },
  { name: 'LOG_FORMAT', default: 'json, pretty on a terminal', meaning: 'json or pretty.' },
  { name: 'METRICS_PUBLIC', default: 'false', meaning: 'true: /restgate/metrics needs no credential.' },
  {
    name: 'PROVIDER_ALLOWED_HOSTS',
    default: 'unset',
    meaning:
      'Host names, separated by commas, at which identity providers may be reached at private addresses or over plain http. Loopback is always allowed when named as localhost, 127.0.0.1 or ::1.',
  },
  {
    name: 'SHUTDOWN_GRACE_SECONDS',
    default: '30',
    meaning: 'How long in-flight requests may take after SIGTERM.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    default: 'unset',
    meaning:
      'Base URL of an OpenTelemetry collector (OTLP over HTTP, usually port 4318); /v1/traces is appended. Unset: no tracing.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    default: 'unset',
    meaning: "The collector's whole URL for traces, instead of the one above.",
  },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    default: 'unset',
    meaning: 'Header fields for the collector: name=value, separated by commas, values percent-encoded.',
  },
  { name: 'OTEL_SERVICE_NAME', default: 'restgate', meaning: 'The name of this service in traces.' },
  {
    name: 'OTEL_TRACES_SAMPLER',
    default: 'parentbased_always_on',
    meaning:
      "always_on, always_off, traceidratio, or one of them after parentbased_: then the caller's sampling flag decides where there is one.",
  },
  {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    default: '1',
    meaning: 'The share of traces that traceidratio takes, 0 to 1.',
  },
  { name: 'OTEL_SDK_DISABLED', default: 'false', meaning: 'true: no tracing, whatever the others say.' },
];
