/** The texts that are served. */
export interface ApiTexts {
  readonly openApi: string;
  readonly configurationSchema: string;
}

/** Holds the documents of the running application's API; built once, when one is first asked for. */
export class ApiDocument {
  private texts: ApiTexts | undefined;
  private build: (() => ApiTexts) | undefined;

  use(build: () => ApiTexts): void {
    this.build = build;
  }

  /** The OpenAPI document. Throws when the application was started without `setUpOpenApi`. */
  get json(): string {
    return this.all.openApi;
  }

  /** The JSON Schema of the configuration document. Throws like `json`. */
  get configurationSchema(): string {
    return this.all.configurationSchema;
  }

  private get all(): ApiTexts {
    if (!this.build) throw new Error('The OpenAPI document was not set up.');
    return (this.texts ??= this.build());
  }
}
