import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { type DatabaseOptions, postgresOptions, runMigrations } from './data-source.js';
import { isDatabaseDown } from './database.errors.js';

const logger = new Logger('Database');

/**
 * Gives the whole application one TypeORM `DataSource`. The database is migrated before anybody can inject
 * it, so no provider ever sees an old schema. Entities come from each feature's `TypeOrmModule.forFeature`.
 */
@Module({})
export class DatabaseModule {
  static forRoot(options: DatabaseOptions): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => moduleOptions(options),
          dataSourceFactory: openMigrated,
        }),
      ],
      exports: [TypeOrmModule],
    };
  }
}

function moduleOptions(options: DatabaseOptions): TypeOrmModuleOptions {
  return {
    ...postgresOptions(options, (error) => logger.warn(`A database connection was lost: ${error.message}`)),
    autoLoadEntities: true,
    retryAttempts: 10,
    retryDelay: 1_000,
    toRetry: isDatabaseDown,
  };
}

async function openMigrated(options?: DataSourceOptions): Promise<DataSource> {
  if (!options) throw new Error('The database module was loaded without options');
  const dataSource = await new DataSource(options).initialize();
  try {
    const done = await runMigrations(dataSource);
    if (done.length > 0) logger.log(`The database was migrated: ${done.join(', ')}`);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}
