import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contextOf } from '../http/exchange.js';
import { ResponseSender } from '../http/response-sender.js';
import { jsonResponse } from '../http/response.js';
import { SigningKeys } from './signing-keys.js';

/** The public keys that tokens are verified with (RFC 7517), for verification outside of the gateway. */
@Controller('.well-known')
export class JwksController {
  constructor(
    private readonly keys: SigningKeys,
    private readonly responses: ResponseSender,
  ) {}

  @Get('jwks.json')
  jwks(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const headers = { 'cache-control': 'public, max-age=300' };
    this.responses.send(reply, jsonResponse(JSON.stringify(this.keys.jwks()), headers), contextOf(request));
  }
}
