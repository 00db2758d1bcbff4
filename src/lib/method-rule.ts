/** One line of an admin's list of calls, as it is stored. No methods: every method. */
export interface MethodRuleSetting {
  /** Key of the application; absent: all of them. */
  readonly application?: string;
  readonly methods: readonly string[];
  /** Ant-style pattern below the context path. */
  readonly path: string;
}

/** One line of a list, as it is matched. */
export interface MethodRule {
  /** Key of the application; undefined: all of them. */
  readonly application: string | undefined;
  /** Upper case; `GET` stands for `HEAD` as well. Undefined: every method. */
  readonly methods: ReadonlySet<string> | undefined;
  /** As the admin wrote it, for the audit log and explain. */
  readonly path: string;
}

/** Methods in upper case, each once, `HEAD` as the `GET` that serves it; every rule once. */
export function tidyMethodRules(rules: readonly MethodRuleSetting[]): MethodRuleSetting[] {
  const byText = new Map<string, MethodRuleSetting>();
  for (const { application, methods, path } of rules) {
    const unique = [...new Set(methods.map((method) => servedBy(method.toUpperCase())))].sort();
    const rule = { ...(application === undefined ? {} : { application }), methods: unique, path };
    byText.set(JSON.stringify([application ?? '', unique, path]), rule);
  }
  return [...byText.values()];
}

export function compileMethodRule({ application, methods, path }: MethodRuleSetting): MethodRule {
  return { application, methods: methods.length > 0 ? new Set(methods) : undefined, path };
}

/** True when the rule speaks of the application and the method; its path is the pattern set's to match. */
export function covers(rule: MethodRule, applicationKey: string, method: string): boolean {
  if (rule.application !== undefined && rule.application !== applicationKey) return false;
  return rule.methods === undefined || rule.methods.has(servedBy(method));
}

/** HEAD is served by what serves GET. */
function servedBy(method: string): string {
  return method === 'HEAD' ? 'GET' : method;
}
