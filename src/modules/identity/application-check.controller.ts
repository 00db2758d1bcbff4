import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { API } from '../../platform/http/api.js';
import { Access } from '../access/access.port.js';
import { ApplicationCheckService } from './application-check.service.js';
import { ApplicationCheckView, CheckApplication } from './dto/application-check.dto.js';

@ApiTags('applications')
@Controller(`${API}/applications`)
export class ApplicationCheckController {
  constructor(private readonly checks: ApplicationCheckService) {}

  /** Tries an application out: reachable, acting as a user, looking users up; and says what to change where. */
  @Post(':key/check')
  @HttpCode(200)
  @Access('admin')
  check(@Param('key') key: string, @Body() body?: CheckApplication): Promise<ApplicationCheckView> {
    return this.checks.check(key, body ?? {});
  }
}
