import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { Readiness } from '@stoa/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contextOf } from '../http/exchange.js';
import { ResponseSender } from '../http/response-sender.js';
import { jsonResponse } from '../http/response.js';
import { Contracts } from '../services/contracts.js';

const HEADERS = { 'cache-control': 'no-store' };

/**
 * For the load balancer and for people: `live` says that the process works, `ready` that it may get requests, and of
 * which services it does not follow what they published last (GET /v1/contracts says why).
 */
@Controller('health')
export class HealthController {
  constructor(
    @Inject(Readiness) private readonly readiness: Readiness,
    private readonly contracts: Contracts,
    private readonly responses: ResponseSender,
  ) {}

  @Get('live')
  live(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.responses.send(reply, jsonResponse(JSON.stringify({ status: 'live' }), HEADERS), contextOf(request));
  }

  @Get('ready')
  ready(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const missing = this.readiness.missing();
    const ready = missing.length === 0;
    const refusedContracts = this.contracts.refusedContracts().map(({ service }) => service);
    const more = refusedContracts.length > 0 ? { refusedContracts } : {};
    const body = JSON.stringify(ready ? { status: 'ready', ...more } : { status: 'not ready', missing, ...more });
    this.responses.send(reply, jsonResponse(body, HEADERS, ready ? 200 : 503), contextOf(request));
  }
}
