import { Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { catalog } from '@stoa/catalog-contract';
import { MessagingModule, onEvent } from '@stoa/messaging';
import { order } from '@stoa/order-contract';
import { CONFIG, type Logger, LOGGER } from '@stoa/service';
import { connectionShare } from '@stoa/postgres';
import { POOLS, type CatalogConfig } from './config.js';
import { AvailabilityWorker } from './background/availability-worker.js';
import { HoldSweeper } from './background/hold-sweeper.js';
import { ImportWorker } from './imports/import-worker.js';
import { ChangePrice } from './operations/change-price.js';
import { ChangeProduct } from './operations/change-product.js';
import { ConfirmHold } from './operations/holds/confirm-hold.js';
import { CreateProduct } from './operations/create-product.js';
import { ExportProducts } from './operations/export-products.js';
import { GetImport } from './operations/get-import.js';
import { GetProduct } from './operations/get-product.js';
import { HoldStock } from './operations/holds/hold-stock.js';
import { ImportProducts } from './operations/import-products.js';
import { ListCategories } from './operations/list-categories.js';
import { ListImportProblems } from './operations/list-import-problems.js';
import { ListProducts } from './operations/list-products.js';
import { ReleaseHold } from './operations/holds/release-hold.js';
import { RemoveProduct } from './operations/remove-product.js';
import { AdjustStock } from './operations/stock/adjust-stock.js';
import { GetStock } from './operations/stock/get-stock.js';
import { ListStockMovements } from './operations/stock/list-stock-movements.js';
import { SetLowStock } from './operations/stock/set-low-stock.js';
import { ExportQueries } from './storage/export-queries.js';
import { StockQueries } from './storage/stock/stock-queries.js';
import { Holds } from './storage/stock/holds.js';
import { ImportQueries } from './storage/imports/import-queries.js';
import { MOST_CONNECTIONS, openPrisma, PrismaClient } from './storage/prisma.js';
import { FreeStock, PutBackStock, RestockItems, SellStock } from './subscriptions/settle-orders.js';
import { ProductQueries } from './storage/product-queries.js';

const queries = [ProductQueries, ImportQueries, ExportQueries, StockQueries].map((type) => ({
  provide: type,
  inject: [PrismaClient],
  useFactory: (prisma: PrismaClient) => new type(prisma),
}));

const subscriptions = [
  onEvent(order.orderPlaced, SellStock),
  onEvent(order.orderRefused, FreeStock),
  onEvent(order.orderCancelled, PutBackStock),
  onEvent(order.itemsRestocked, RestockItems),
];

@Module({
  imports: [
    MessagingModule.serve(
      catalog,
      {
        listProducts: ListProducts,
        getProduct: GetProduct,
        listCategories: ListCategories,

        createProduct: CreateProduct,
        changeProduct: ChangeProduct,
        removeProduct: RemoveProduct,
        changePrice: ChangePrice,
        adjustStock: AdjustStock,
        getStock: GetStock,
        listStockMovements: ListStockMovements,
        setLowStock: SetLowStock,

        holdStock: HoldStock,
        confirmHold: ConfirmHold,
        releaseHold: ReleaseHold,

        importProducts: ImportProducts,
        getImport: GetImport,
        listImportProblems: ListImportProblems,
        exportProducts: ExportProducts,
      },
      { subscriptions },
    ),
  ],
  providers: [
    {
      provide: PrismaClient,
      inject: [CONFIG],
      useFactory: ({ CATALOG_DATABASE_URL: url, STOA_CLONE: clone, STOA_DATABASE_CONNECTIONS: all }: CatalogConfig) =>
        openPrisma(url, clone, connectionShare(all, POOLS, MOST_CONNECTIONS)),
    },
    ...queries,
    Holds,
    AvailabilityWorker,
    HoldSweeper,
    ImportWorker,
  ],
})
export class CatalogModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(PrismaClient) private readonly prisma: PrismaClient,
    @Inject(ProductQueries) private readonly products: ProductQueries,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Prisma loads its query compiler and connects at the first query: 130 ms of CPU, half a second on a busy machine,
   * which the first shopper would wait. The clone's readiness waits for a database that is unavailable, not this.
   */
  async onModuleInit(): Promise<void> {
    await this.products.find('').catch((error: unknown) => this.logger.debug({ err: error }, 'Prisma is not warm yet'));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.prisma.$disconnect();
  }
}
