# syntax=docker/dockerfile:1

# The service runs on Node 20 too, which gets no more mends.
FROM node:22-bookworm-slim AS build
# better-sqlite3 comes built for most machines; where it does not, these build it.
RUN apt-get update && apt-get install -y --no-install-recommends g++ make python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /zonewatch
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:22-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 ZONEWATCH_DATA=/data
WORKDIR /zonewatch
COPY --from=build /zonewatch/package.json ./
COPY --from=build /zonewatch/node_modules ./node_modules
COPY --from=build /zonewatch/dist ./dist
COPY samples ./samples
RUN mkdir /data && chown node:node /data && chmod 700 /data && ln -s /zonewatch/dist/cli.js /usr/local/bin/zonewatch
USER node
# All that is ever written. The rest of the file system may be read-only.
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node itself is the first process, so that the signal to stop reaches it.
CMD ["node", "dist/main.js"]
