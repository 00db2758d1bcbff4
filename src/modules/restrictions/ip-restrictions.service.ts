import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { ProblemError } from '../../platform/http/problem.js';
import { SETTINGS_STORE } from '../../platform/settings/settings.port.js';
import type { SettingsStorePort, StoredSetting } from '../../platform/settings/settings.port.js';
import type { Actor } from '../access/access.port.js';
import { clientAddress, headerLines } from './client-address.policy.js';
import type { Hop } from './client-address.policy.js';
import { decideAddress } from './address.policy.js';
import {
  compileIpSettings,
  DEFAULT_IP_SETTINGS,
  IP_SETTINGS_KEY,
  ipSettingsFaults,
  tidyIpSettings,
  wouldLockOut,
} from './ip-settings.policy.js';
import type { IpSettings, Origin } from './ip-settings.policy.js';
import { IP_RESTRICTIONS } from './restrictions.port.js';

/** How an admin saves the IP restrictions. */
export interface IpSettingsChange {
  readonly settings: IpSettings;
  readonly origin: Origin;
  /** True: saved even when it shuts the admin's own address out of the data plane. */
  readonly confirmed: boolean;
  readonly expectedVersion: number | undefined;
}

/** How the data plane sees a caller: the peer, the header, the walk through it, and what comes of it. */
export interface WhoAmI {
  readonly peerIp: string;
  /** True: the peer is a trusted proxy, so the header is believed. */
  readonly peerTrusted: boolean;
  /** The configured header and what was sent in it, believed or not. */
  readonly header: { readonly name: string; readonly lines: readonly string[] };
  /** From the right of the header; empty when it is not believed. */
  readonly walk: readonly Hop[];
  /** Null: a trusted proxy did not say. */
  readonly clientIp: string | null;
  readonly allowed: boolean;
  /** Why not, in words; null when allowed. */
  readonly detail: string | null;
}

/** Reads and saves the IP restrictions, and keeps their compiled form in the snapshot. */
@Injectable()
export class IpRestrictionsService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(SETTINGS_STORE) private readonly store: SettingsStorePort,
  ) {
    changeFeed.register(IP_RESTRICTIONS, async () => compileIpSettings((await this.read()).value));
  }

  read(manager?: EntityManager): Promise<StoredSetting<IpSettings>> {
    return this.store.read(IP_SETTINGS_KEY, DEFAULT_IP_SETTINGS, manager);
  }

  /** Throws 400 for faulty settings, 409 `would_lock_out`, and `SettingConflictError` for a lost update. */
  async replace(change: IpSettingsChange, actor: Actor): Promise<StoredSetting<IpSettings>> {
    const faults = ipSettingsFaults(change.settings);
    if (faults.length > 0) {
      throw new ProblemError(400, 'invalid_request', 'The IP restrictions are not valid.', faults);
    }
    const settings = tidyIpSettings(change.settings);
    if (!change.confirmed && wouldLockOut(compileIpSettings(settings), change.origin)) {
      const detail =
        'Your own address is not in the list. Repeat the request with ?confirm=true to save it anyway.';
      throw new ProblemError(409, 'would_lock_out', detail);
    }
    const { after } = await this.changeFeed.change(
      async (manager) => {
        const before = await this.read(manager);
        const { expectedVersion } = change;
        const stored = await this.store.write(
          manager,
          IP_SETTINGS_KEY,
          settings,
          actor.username,
          expectedVersion,
        );
        return { before: before.value, after: stored };
      },
      (saved) => ({
        topic: IP_RESTRICTIONS.topic,
        by: actor.username,
        requestId: actor.requestId,
        clientIp: actor.clientIp,
        target: IP_SETTINGS_KEY,
        before: saved.before,
        after: saved.after.value,
      }),
    );
    return after;
  }

  /** How the data plane would see a request that comes the way this one came. */
  whoAmI(origin: Origin): WhoAmI {
    const rules = IP_RESTRICTIONS.of(this.changeFeed.current);
    const { reverseProxy } = rules;
    const walk: Hop[] = [];
    const address = clientAddress(origin.peerIp, origin.rawHeaders, reverseProxy, (hop) => walk.push(hop));
    const denial = decideAddress(rules, address);
    return {
      peerIp: origin.peerIp,
      peerTrusted: reverseProxy.enabled && reverseProxy.isTrusted(origin.peerIp),
      header: { name: reverseProxy.header, lines: headerLines(origin.rawHeaders, reverseProxy) },
      walk,
      clientIp: address ?? null,
      allowed: !denial,
      detail: denial?.detail ?? null,
    };
  }
}
