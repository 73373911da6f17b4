import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contextOf } from '../http/exchange.js';
import { ResponseSender } from '../http/response-sender.js';
import { jsonResponse } from '../http/response.js';
import { Documents } from './documents.js';
import { ReferencePage } from './reference-page.js';

const HEADERS = { 'cache-control': 'no-cache' };

/** The operations of the shop, described for machines and for people. */
@Controller()
export class DocsController {
  constructor(
    private readonly documents: Documents,
    private readonly page: ReferencePage,
    private readonly responses: ResponseSender,
  ) {}

  @Get('openapi.json')
  openApi(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.responses.send(reply, jsonResponse(this.documents.openApi(), HEADERS), contextOf(request));
  }

  @Get('asyncapi.json')
  asyncApi(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.responses.send(reply, jsonResponse(this.documents.asyncApi(), HEADERS), contextOf(request));
  }

  @Get(['docs', 'docs/*'])
  async reference(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    this.responses.send(reply, await this.page.respond(request.raw), contextOf(request));
  }
}
