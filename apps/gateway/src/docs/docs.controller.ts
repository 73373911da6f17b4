import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Documents } from './documents.js';
import { ReferencePage } from './reference-page.js';

/** What the shop can do, for machines and for people. */
@Controller()
export class DocsController {
  constructor(
    private readonly documents: Documents,
    private readonly page: ReferencePage,
  ) {}

  @Get('openapi.json')
  openApi(@Res() reply: FastifyReply): void {
    void reply.type('application/json').header('cache-control', 'no-cache').send(this.documents.openApi());
  }

  @Get('asyncapi.json')
  asyncApi(@Res() reply: FastifyReply): void {
    void reply.type('application/json').header('cache-control', 'no-cache').send(this.documents.asyncApi());
  }

  @Get(['docs', 'docs/*'])
  async reference(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    reply.hijack();
    await this.page.answer(request.raw, reply.raw);
  }
}
