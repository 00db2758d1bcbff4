import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApplicationEntity } from './application.entity.js';
import { ApplicationGuard } from './application.guard.js';
import { APPLICATION_ADMINISTRATION } from './application-administration.port.js';
import { APPLICATION_HTTP } from './application-http.port.js';
import { ApplicationHttpService } from './application-http.service.js';
import { ApplicationKeysController } from './application-keys.controller.js';
import { ApplicationsController } from './applications.controller.js';
import { ApplicationsRepository } from './applications.repository.js';
import { ApplicationsService } from './applications.service.js';
import { ApplicationBootstrap } from './application-bootstrap.service.js';
import { KeyPairService } from './key-pair.service.js';
import { ApplicationsConfiguration } from './applications-configuration.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([ApplicationEntity])],
  controllers: [ApplicationsController, ApplicationKeysController],
  providers: [
    ApplicationsConfiguration,
    ApplicationsRepository,
    ApplicationsService,
    { provide: APPLICATION_ADMINISTRATION, useExisting: ApplicationsService },
    ApplicationHttpService,
    { provide: APPLICATION_HTTP, useExisting: ApplicationHttpService },
    ApplicationBootstrap,
    KeyPairService,
    ApplicationGuard,
  ],
  exports: [ApplicationGuard, ApplicationBootstrap, APPLICATION_ADMINISTRATION, APPLICATION_HTTP],
})
export class ApplicationsModule {}
