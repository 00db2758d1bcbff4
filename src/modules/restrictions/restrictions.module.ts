import { Global, Module } from '@nestjs/common';
import { CLIENT_ADDRESS } from '../access/access.port.js';
import { AuditModule } from '../audit/audit.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { RateLimitModule } from '../rate-limit/rate-limit.module.js';
import { AddressGuard } from './address.guard.js';
import { ControlAddressService } from './control-address.service.js';
import { GroupCheckService } from './group-check.service.js';
import { GroupReportService } from './group-report.service.js';
import { GroupRestrictionsController } from './group-restrictions.controller.js';
import { GroupRestrictionsService } from './group-restrictions.service.js';
import { IpRestrictionsController } from './ip-restrictions.controller.js';
import { RestrictionsConfiguration } from './restrictions-configuration.service.js';
import { IpRestrictionsService } from './ip-restrictions.service.js';
import { PermissionGuard } from './permission.guard.js';
import { ReadWriteController } from './read-write.controller.js';
import { ReadWriteService } from './read-write.service.js';

/**
 * Who may call, from where, and what: groups, addresses, reading and writing, limits of tokens. Global because
 * the control plane's guard asks CLIENT_ADDRESS.
 */
@Global()
@Module({
  imports: [AuditModule, DirectoryModule, RateLimitModule],
  controllers: [GroupRestrictionsController, IpRestrictionsController, ReadWriteController],
  providers: [
    AddressGuard,
    PermissionGuard,
    GroupRestrictionsService,
    GroupCheckService,
    GroupReportService,
    IpRestrictionsService,
    ReadWriteService,
    RestrictionsConfiguration,
    { provide: CLIENT_ADDRESS, useClass: ControlAddressService },
  ],
  exports: [AddressGuard, PermissionGuard, CLIENT_ADDRESS],
})
export class RestrictionsModule {}
