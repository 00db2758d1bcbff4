import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BROWSER_SESSIONS } from '../access/access.port.js';
import { AuditModule } from '../audit/audit.module.js';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { SIGN_IN_CALLBACK } from '../providers/sign-in.port.js';
import { BrowserSessionEntity } from './browser-session.entity.js';
import { BrowserSessionsRepository } from './browser-sessions.repository.js';
import { BrowserSessions } from './browser-sessions.service.js';
import { ListedSessionsRepository } from './listed-sessions.repository.js';
import { SessionAdministration } from './session-administration.service.js';
import { SessionController } from './session.controller.js';
import { SessionsController } from './sessions.controller.js';
import { SignInController } from './sign-in.controller.js';
import { SignIn } from './sign-in.service.js';

/** Browser sign-in. Global: the control plane's guard asks for sessions, the OAuth callback for sign-ins. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forFeature([BrowserSessionEntity]),
    AuditModule,
    CredentialsModule,
    ProvidersModule,
  ],
  controllers: [SignInController, SessionController, SessionsController],
  providers: [
    BrowserSessionsRepository,
    BrowserSessions,
    ListedSessionsRepository,
    SessionAdministration,
    { provide: BROWSER_SESSIONS, useExisting: BrowserSessions },
    SignIn,
    { provide: SIGN_IN_CALLBACK, useExisting: SignIn },
  ],
  exports: [BROWSER_SESSIONS, SIGN_IN_CALLBACK],
})
export class SessionsModule {}
