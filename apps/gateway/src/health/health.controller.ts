import { Controller, Get, Inject, Res } from '@nestjs/common';
import { Readiness } from '@stoa/service';
import type { FastifyReply } from 'fastify';

/** For the balancer and for people: `live` says that the process answers, `ready` that it should be given work. */
@Controller('health')
export class HealthController {
  constructor(@Inject(Readiness) private readonly readiness: Readiness) {}

  @Get('live')
  live(@Res() reply: FastifyReply): void {
    void reply.header('cache-control', 'no-store').send({ status: 'live' });
  }

  @Get('ready')
  ready(@Res() reply: FastifyReply): void {
    const missing = this.readiness.missing();
    const ready = missing.length === 0;
    void reply.code(ready ? 200 : 503).header('cache-control', 'no-store');
    void reply.send({ status: ready ? 'ready' : 'not ready', ...(!ready && { missing }) });
  }
}
