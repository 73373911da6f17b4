# syntax=docker/dockerfile:1
# The local payment provider (infra/payments): Node and its own files, no packages.
ARG NODE_VERSION=24.21

FROM node:${NODE_VERSION}-slim AS part
WORKDIR /repo
RUN npm install --global turbo@2.11.9
COPY . .
RUN turbo prune @stoa/payment-provider --docker

FROM node:${NODE_VERSION}-slim AS build
WORKDIR /repo
ENV TURBO_TELEMETRY_DISABLED=1
COPY --from=part /repo/out/json/ ./
RUN npm ci --no-audit --no-fund
COPY --from=part /repo/out/full/ ./
COPY --from=part /repo/tsconfig.base.json ./
RUN npx turbo run build --filter=@stoa/payment-provider --output-logs=errors-only

FROM node:${NODE_VERSION}-slim
ENV NODE_ENV=production
COPY --from=build /repo/infra/payments/package.json /stoa/payments/package.json
COPY --from=build /repo/infra/payments/dist /stoa/payments/dist
RUN mkdir /var/lib/payments && chown node:node /var/lib/payments
WORKDIR /stoa/payments
USER node
EXPOSE 4242
HEALTHCHECK --interval=3s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4242/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-old-space-size=64", "--disable-warning=ExperimentalWarning", "dist/main.js"]
