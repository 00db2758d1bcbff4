/** Holds the OpenAPI text that is served; built once, when it is first asked for. */
export class ApiDocument {
  private text: string | undefined;
  private build: (() => string) | undefined;

  use(build: () => string): void {
    this.build = build;
  }

  /** Throws when the application was started without `setupOpenApi`. */
  get json(): string {
    if (!this.build) throw new Error('The OpenAPI document was not set up.');
    return (this.text ??= this.build());
  }
}
