import { Controller, Get, Inject, Module, Post } from '@nestjs/common';
import { Access, PublicWhen } from '../../../src/modules/access/access.port.js';
import { declaredRoutes } from '../../support/control-plane/routes.js';

@Controller('restgate/api/v1/a')
class DeclaredController {
  constructor(@Inject('NEEDED') readonly needed: string) {}

  @Access('admin')
  @Post(':id/check')
  check(): void {}

  @Access('auditor')
  @PublicWhen('metricsPublic')
  @Get()
  metrics(): void {}

  // eslint-disable-next-line no-restricted-syntax -- what happens without a declaration is what is tested
  @Get('forgotten')
  forgotten(): void {}
}

@Controller()
class RootController {
  @Access('public')
  @Get('inner')
  inner(): void {}
}

function neverCalled(): never {
  throw new Error('Reading routes must not instantiate anything.');
}

@Module({ controllers: [RootController] })
class InnerModule {}

@Module({
  imports: [InnerModule],
  controllers: [DeclaredController],
  providers: [{ provide: 'NEEDED', useFactory: neverCalled }],
})
class OuterModule {}

it('finds every route of a module and its imports, and names those that declare nobody', async () => {
  expect(await declaredRoutes(OuterModule)).toEqual([
    { method: 'GET', path: '/inner', access: 'public' },
    { method: 'GET', path: '/restgate/api/v1/a', access: 'auditor (public when metricsPublic)' },
    { method: 'POST', path: '/restgate/api/v1/a/:id/check', access: 'admin' },
    { method: 'GET', path: '/restgate/api/v1/a/forgotten', access: 'UNDECLARED' },
  ]);
});
