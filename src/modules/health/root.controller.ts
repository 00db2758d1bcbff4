import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Access } from '../access/access.port.js';
import { ROOT_PAGE } from './root-page.policy.js';

/** What a browser sees first. */
@ApiExcludeController()
@Controller('restgate')
export class RootController {
  @Access('public')
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return ROOT_PAGE;
  }
}
