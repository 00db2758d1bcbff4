import type { Adapter, AdapterConstructor, AdapterPayload } from 'oidc-provider';

type Stored = Map<string, { payload: AdapterPayload; until: number }>;

class MemoryStore implements Adapter {
  constructor(
    private readonly model: string,
    private readonly stored: Stored,
  ) {}

  upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const until = expiresIn ? Date.now() + expiresIn * 1000 : Number.POSITIVE_INFINITY;
    this.stored.set(this.key(id), { payload, until });
    return Promise.resolve();
  }

  find(id: string): Promise<AdapterPayload | undefined> {
    const found = this.stored.get(this.key(id));
    return Promise.resolve(found && found.until > Date.now() ? found.payload : undefined);
  }

  findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return Promise.resolve(this.findBy((payload) => payload.uid === uid));
  }

  findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return Promise.resolve(this.findBy((payload) => payload.userCode === userCode));
  }

  async consume(id: string): Promise<void> {
    const payload = await this.find(id);
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }

  destroy(id: string): Promise<void> {
    this.stored.delete(this.key(id));
    return Promise.resolve();
  }

  revokeByGrantId(grantId: string): Promise<void> {
    for (const [key, { payload }] of this.stored) if (payload.grantId === grantId) this.stored.delete(key);
    return Promise.resolve();
  }

  private key(id: string): string {
    return `${this.model}:${id}`;
  }

  private findBy(matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined {
    for (const [key, { payload }] of this.stored) {
      if (key.startsWith(`${this.model}:`) && matches(payload)) return payload;
    }
    return undefined;
  }
}

/** Storage of one provider only; the library's own is shared by all providers of a process. */
export function newStore(): AdapterConstructor {
  const stored: Stored = new Map();
  return class extends MemoryStore {
    constructor(model: string) {
      super(model, stored);
    }
  };
}
