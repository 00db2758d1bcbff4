import { Injectable } from '@nestjs/common';
import { ProviderHttp } from './provider-http.service.js';
import type { ProviderAnswer } from './provider-http.service.js';
import type { ClientAuthentication, Provider } from './provider-settings.port.js';

/**
 * Calls endpoints as our client (RFC 6749 section 2.3.1). A provider that refuses one way of authentication with
 * 401 is asked once more the other way, and the way that worked is remembered.
 */
@Injectable()
export class ProviderClient {
  private readonly working = new WeakMap<Provider, ClientAuthentication>();

  constructor(private readonly http: ProviderHttp) {}

  async post(
    provider: Provider,
    url: string,
    form: Readonly<Record<string, string>>,
  ): Promise<ProviderAnswer> {
    const way = this.working.get(provider) ?? provider.clientAuthentication;
    const answer = await this.postAs(provider, url, form, way);
    if (!isClientRefusal(answer) || provider.clientSecret === undefined || this.working.has(provider)) {
      if (answer.status < 400) this.working.set(provider, way);
      return answer;
    }
    const other = way === 'basic' ? 'post' : 'basic';
    const second = await this.postAs(provider, url, form, other);
    if (second.status < 400) this.working.set(provider, other);
    return isClientRefusal(second) ? answer : second;
  }

  private postAs(
    provider: Provider,
    url: string,
    form: Readonly<Record<string, string>>,
    way: ClientAuthentication,
  ): Promise<ProviderAnswer> {
    const { clientId, clientSecret } = provider;
    if (clientSecret === undefined)
      return this.http.send({ method: 'POST', url, form: { ...form, client_id: clientId } });
    if (way === 'post') {
      return this.http.send({
        method: 'POST',
        url,
        form: { ...form, client_id: clientId, client_secret: clientSecret },
      });
    }
    return this.http.send({
      method: 'POST',
      url,
      form,
      headers: { authorization: basicOf(clientId, clientSecret) },
    });
  }
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined. */
export function basicOf(clientId: string, clientSecret: string): string {
  const encoded = [clientId, clientSecret]
    .map((part) => new URLSearchParams({ v: part }).toString().slice(2))
    .join(':');
  return `Basic ${Buffer.from(encoded).toString('base64')}`;
}

function isClientRefusal(answer: ProviderAnswer): boolean {
  const error = (answer.json as { error?: unknown } | null | undefined)?.error;
  return answer.status === 401 || (answer.status === 400 && error === 'invalid_client');
}
