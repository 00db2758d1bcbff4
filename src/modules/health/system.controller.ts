import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { API } from '../../platform/http/api.js';
import { Access } from '../access/access.port.js';
import { SystemView } from './dto/system-view.dto.js';
import { SystemService } from './system.service.js';

@ApiTags('system')
@Controller(`${API}/system`)
export class SystemController {
  constructor(private readonly system: SystemService) {}

  /** Version, uptime, and the services that this node uses. */
  @Access('auditor')
  @Get()
  read(): Promise<SystemView> {
    return this.system.describe();
  }
}
