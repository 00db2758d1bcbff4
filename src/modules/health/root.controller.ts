import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Access } from '../access/access.port.js';
import { ROOT_PAGE, ROOT_SCRIPT, ROOT_STYLE } from './root-page.policy.js';

/** What a browser sees first: who is signed in, and where to go. */
@ApiExcludeController()
@Controller('restgate')
export class RootController {
  @Access('public')
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return ROOT_PAGE;
  }

  @Access('public')
  @Get('home.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  script(): string {
    return ROOT_SCRIPT;
  }

  @Access('public')
  @Get('home.css')
  @Header('content-type', 'text/css; charset=utf-8')
  style(): string {
    return ROOT_STYLE;
  }
}
