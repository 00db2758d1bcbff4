import { Module } from '@nestjs/common';
import { ApplicationsModule } from '../applications/applications.module.js';
import { DirectoryConnectionService } from './directory-connection.service.js';
import { DirectoryController } from './directory.controller.js';
import { DIRECTORY } from './directory.port.js';
import { DirectoryService } from './directory.service.js';

@Module({
  imports: [ApplicationsModule],
  controllers: [DirectoryController],
  providers: [
    DirectoryConnectionService,
    DirectoryService,
    { provide: DIRECTORY, useExisting: DirectoryService },
  ],
  exports: [DIRECTORY],
})
export class DirectoryModule {}
