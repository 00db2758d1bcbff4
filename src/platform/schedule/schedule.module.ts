import { Module } from '@nestjs/common';
import { ScheduleModule as NestScheduleModule } from '@nestjs/schedule';

/** Gives every feature the one `SchedulerRegistry` of the process. */
@Module({ imports: [NestScheduleModule.forRoot()], exports: [NestScheduleModule] })
export class ScheduleModule {}
