import { Injectable } from '@nestjs/common';
import type { ContractDocument } from '@stoa/contract-kit';
import { GatewayDatabase } from '../storage/gateway-database.js';

/**
 * ContractStore keeps the last good contracts in the gateway's Postgres, for clones that start while Kafka is
 * unavailable.
 */
@Injectable()
export class ContractStore {
  constructor(private readonly database: GatewayDatabase) {}

  async load(): Promise<{ service: string; document: unknown }[]> {
    const prisma = await this.database.prisma();
    return prisma.contract.findMany({ select: { service: true, document: true }, orderBy: { service: 'asc' } });
  }

  async remove(service: string): Promise<void> {
    const prisma = await this.database.prisma();
    await prisma.contract.deleteMany({ where: { service } });
  }

  /** A clone that is behind does not bring back an older version. */
  async save({ service, version, ...rest }: ContractDocument): Promise<void> {
    const document = JSON.stringify({ service, version, ...rest });
    const prisma = await this.database.prisma();
    await prisma.$executeRaw`
      INSERT INTO contracts (service, version, document) VALUES (${service}, ${version}::int, ${document}::jsonb)
      ON CONFLICT (service) DO UPDATE SET version = excluded.version, document = excluded.document, accepted_at = now()
      WHERE contracts.version <= excluded.version`;
  }
}
