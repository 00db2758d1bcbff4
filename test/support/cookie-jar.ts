/** A browser as far as sign-in needs one: it keeps cookies, follows nothing by itself and says where it comes from. */
export class CookieJar {
  readonly cookies = new Map<string, string>();
  /** Set-Cookie fields as they came, the newest last. */
  readonly received: string[] = [];

  constructor(private readonly baseUrl: string) {}

  get(path: string): Promise<Response> {
    return this.send('GET', path);
  }

  async send(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(this.baseUrl + path, {
      method,
      redirect: 'manual',
      headers: { 'sec-fetch-site': 'same-origin', ...(cookie === '' ? {} : { cookie }), ...headers },
      ...(body === undefined ? {} : { body }),
    });
    for (const field of answer.headers.getSetCookie()) this.keep(field);
    return answer;
  }

  /** What the API says of the session. */
  async session(): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await this.get('/restgate/api/v1/session');
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  private keep(field: string): void {
    this.received.push(field);
    const [pair = ''] = field.split(';', 1);
    const [name = '', value = ''] = pair.split('=');
    if (/Max-Age=0(;|$)/.test(field)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
