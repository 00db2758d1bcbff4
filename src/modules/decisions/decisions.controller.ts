import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { API } from '../../platform/http/api.js';
import { invalidField } from '../../platform/http/problem.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { AuditedRequestService } from './audited-request.service.js';
import { ExplanationView, TokenTestView } from './dto/explanation.dto.js';
import { QuestionDto, TokenTestDto } from './dto/question.dto.js';
import { ExplainService } from './explain.service.js';
import type { Explanation, Question } from './explain.service.js';
import { TokenTestService } from './token-test.service.js';
import { principalOf, verdictOf } from './verdict.policy.js';

@ApiTags('decisions')
@Controller(API)
export class DecisionsController {
  constructor(
    private readonly explainer: ExplainService,
    private readonly audited: AuditedRequestService,
    private readonly tokenTests: TokenTestService,
  ) {}

  /** What would happen to a request and why, by the steps that decide real requests. Nothing is forwarded. */
  @Post('decisions')
  @HttpCode(200)
  @Access('auditor')
  async explain(@Body() body: QuestionDto, @CurrentActor() actor: Actor): Promise<ExplanationView> {
    const question =
      body.eventId === undefined ? asked(body, actor) : await this.auditedQuestion(body, body.eventId);
    return viewOf(await this.explainer.explain(question));
  }

  /** Whether a credential would be accepted, as whom, and if not, which rule refuses it. It is kept nowhere. */
  @Post('token-tests')
  @HttpCode(200)
  @Access('admin')
  async test(@Body() body: TokenTestDto, @CurrentActor() actor: Actor): Promise<TokenTestView> {
    const { scheme, token, username, application, method, path, clientIp } = body;
    const explanation = await this.tokenTests.test({
      credential: { scheme, token, username },
      application,
      method: method?.toUpperCase(),
      path,
      clientIp: clientIp ?? actor.clientIp,
    });
    const view = viewOf(explanation);
    return { accepted: view.decision === 'forward', ...view };
  }

  private auditedQuestion(body: QuestionDto, eventId: string): Promise<Question> {
    const others = ['application', 'method', 'path', 'username', 'credential'] as const;
    const other = others.find((name) => body[name] !== undefined);
    if (other) throw invalidField(other, 'must be absent when eventId is given');
    return this.audited.question(eventId);
  }
}

function asked(body: QuestionDto, actor: Actor): Question {
  const { application, method, path, clientIp, username, credential } = body;
  if (application === undefined) throw invalidField('application', 'is required unless eventId is given');
  if (path === undefined) throw invalidField('path', 'is required unless eventId is given');
  if (username !== undefined && credential)
    throw invalidField('username', 'must be absent when credential is given');
  return {
    application,
    method: (method ?? 'GET').toUpperCase(),
    path,
    clientIp: clientIp ?? actor.clientIp,
    username,
    credential,
  };
}

function viewOf({ application, exchange, classified, steps }: Explanation): ExplanationView {
  const principal = principalOf(exchange);
  return {
    ...verdictOf(exchange.decision),
    application: application.key,
    canonicalPath: exchange.policyPath,
    classification: classified.classification,
    classifiedBy: {
      source: classified.source,
      path: classified.path ?? null,
      detail: classified.detail,
    },
    credential: exchange.credential.kind,
    principal: principal && { ...principal, groups: [...principal.groups] },
    wouldDeny: [...(exchange.wouldDeny ?? [])],
    steps: [...steps],
  };
}
