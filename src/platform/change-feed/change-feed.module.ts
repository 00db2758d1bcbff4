import { Global, Module } from '@nestjs/common';
import { CHANGE_FEED } from './change-feed.port.js';
import { ChangeFeedService } from './change-feed.service.js';

@Global()
@Module({
  providers: [ChangeFeedService, { provide: CHANGE_FEED, useExisting: ChangeFeedService }],
  exports: [ChangeFeedService, CHANGE_FEED],
})
export class ChangeFeedModule {}
