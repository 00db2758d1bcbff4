import { Global, Module } from '@nestjs/common';
import { CHANGE_FEED, CHANGE_SET } from './change-feed.port.js';
import { ChangeFeedService } from './change-feed.service.js';

@Global()
@Module({
  providers: [
    ChangeFeedService,
    { provide: CHANGE_FEED, useExisting: ChangeFeedService },
    { provide: CHANGE_SET, useExisting: ChangeFeedService },
  ],
  exports: [ChangeFeedService, CHANGE_FEED, CHANGE_SET],
})
export class ChangeFeedModule {}
