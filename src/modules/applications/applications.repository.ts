import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { SECRET_BOX } from '../../platform/crypto/secret-box.js';
import type { SecretBox } from '../../platform/crypto/secret-box.js';
import { ApplicationEntity } from './application.entity.js';
import type {
  ApplicationSettings,
  IdentityChoice,
  KeyPair,
  NextKeyPair,
} from './application-settings.policy.js';
import type { Application, DirectorySettings, Product } from './applications.port.js';

export interface StoredApplication {
  readonly id: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly settings: ApplicationSettings;
}

type TlsSettings = NonNullable<Application['tls']>;

interface StoredKeyPairs {
  readonly current?: KeyPair;
  readonly next?: NextKeyPair;
}

type Options = Pick<
  ApplicationSettings,
  | 'webTraffic'
  | 'sessionCookies'
  | 'applicationLinks'
  | 'anonymousAccess'
  | 'identityCheck'
  | 'timeouts'
  | 'openedEndpoints'
>;

/** Encrypts or decrypts one secret of one application; `field` is part of what is authenticated. */
type Transform = (text: string, field: string) => string;

/** Reads and writes applications. Secrets are sealed in the database and in the clear above it. */
@Injectable()
export class ApplicationsRepository {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(SECRET_BOX) private readonly box: SecretBox,
  ) {}

  async findAll(manager: EntityManager = this.dataSource.manager): Promise<StoredApplication[]> {
    const rows = await manager.find(ApplicationEntity, { order: { key: 'ASC' } });
    return rows.map((row) => this.fromRow(row));
  }

  async findByKey(
    key: string,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<StoredApplication | undefined> {
    const row = await manager.findOneBy(ApplicationEntity, { key });
    return row ? this.fromRow(row) : undefined;
  }

  async insert(
    manager: EntityManager,
    id: string,
    settings: ApplicationSettings,
  ): Promise<StoredApplication> {
    await manager.insert(ApplicationEntity, { id, ...this.toColumns(id, settings) });
    return this.stored(manager, settings.key);
  }

  async update(
    manager: EntityManager,
    stored: StoredApplication,
    settings: ApplicationSettings,
  ): Promise<StoredApplication> {
    const columns = this.toColumns(stored.id, settings);
    const version = stored.version + 1;
    await manager.update(
      ApplicationEntity,
      { id: stored.id },
      { ...columns, version, updatedAt: new Date() },
    );
    return this.stored(manager, settings.key);
  }

  async remove(manager: EntityManager, id: string): Promise<void> {
    await manager.delete(ApplicationEntity, { id });
  }

  private async stored(manager: EntityManager, key: string): Promise<StoredApplication> {
    const found = await this.findByKey(key, manager);
    if (!found) throw new Error(`Application ${key} was written but cannot be read.`);
    return found;
  }

  private fromRow(row: ApplicationEntity): StoredApplication {
    const open: Transform = (text, field) => this.box.open(text, purposeOf(row.id, field));
    const pairs = withKeyPairs(row.keyPairs, open);
    const tls = row.tls === null ? undefined : withTls(row.tls, open);
    const settings: ApplicationSettings = {
      key: row.key,
      name: row.name,
      product: row.product as Product,
      baseUrl: row.baseUrl,
      pathPrefix: row.pathPrefix,
      ...(row.hostname !== '' && { hostname: row.hostname }),
      enabled: row.enabled,
      ...(row.options as Options),
      ...(tls && { tls }),
      identity: withIdentity(row.identity as IdentityChoice, open),
      directory: withDirectory(row.directory as DirectorySettings, open),
      ...(pairs?.current && { keyPair: pairs.current }),
      ...(pairs?.next && { nextKeyPair: pairs.next }),
    };
    return { id: row.id, version: row.version, createdAt: row.createdAt, updatedAt: row.updatedAt, settings };
  }

  private toColumns(
    id: string,
    settings: ApplicationSettings,
  ): Omit<ApplicationEntity, 'id' | 'version' | 'createdAt' | 'updatedAt'> {
    const seal: Transform = (text, field) => this.box.seal(text, purposeOf(id, field));
    const {
      webTraffic,
      sessionCookies,
      applicationLinks,
      anonymousAccess,
      identityCheck,
      timeouts,
      openedEndpoints,
    } = settings;
    const options: Options = {
      webTraffic,
      sessionCookies,
      applicationLinks,
      ...(anonymousAccess !== undefined && { anonymousAccess }),
      identityCheck,
      timeouts,
      openedEndpoints,
    };
    const pairs = {
      ...(settings.keyPair && { current: settings.keyPair }),
      ...(settings.nextKeyPair && { next: settings.nextKeyPair }),
    };
    return {
      key: settings.key,
      name: settings.name,
      product: settings.product,
      baseUrl: settings.baseUrl,
      pathPrefix: settings.pathPrefix,
      hostname: settings.hostname ?? '',
      enabled: settings.enabled,
      options,
      identity: withIdentity(settings.identity, seal),
      directory: withDirectory(settings.directory, seal),
      tls: settings.tls ? withTls(settings.tls, seal) : null,
      keyPairs: withKeyPairs(pairs, seal) ?? null,
    };
  }
}

function purposeOf(id: string, field: string): string {
  return `application:${id}:${field}`;
}

function withIdentity(identity: IdentityChoice, transform: Transform): IdentityChoice {
  if (identity.mode !== 'header' || identity.sharedSecret === undefined) return identity;
  return { ...identity, sharedSecret: transform(identity.sharedSecret, 'identity.sharedSecret') };
}

function withDirectory(directory: DirectorySettings, transform: Transform): DirectorySettings {
  if (directory.kind === 'claims') return directory;
  if (directory.kind === 'crowd')
    return { ...directory, password: transform(directory.password, 'directory.password') };
  const { password, personalAccessToken } = directory;
  return {
    ...directory,
    ...(password !== undefined && { password: transform(password, 'directory.password') }),
    ...(personalAccessToken !== undefined && {
      personalAccessToken: transform(personalAccessToken, 'directory.personalAccessToken'),
    }),
  };
}

function withTls(tls: TlsSettings, transform: Transform): TlsSettings {
  return tls.privateKey === undefined
    ? tls
    : { ...tls, privateKey: transform(tls.privateKey, 'tls.privateKey') };
}

function withKeyPairs(pairs: StoredKeyPairs | null, transform: Transform): StoredKeyPairs | undefined {
  const { current, next } = pairs ?? {};
  if (!current && !next) return undefined;
  const one = <T extends KeyPair>(pair: T, field: string): T => ({
    ...pair,
    privateKeyPem: transform(pair.privateKeyPem, field),
  });
  return {
    ...(current && { current: one(current, 'identity.privateKey') }),
    ...(next && { next: one(next, 'identity.nextPrivateKey') }),
  };
}
