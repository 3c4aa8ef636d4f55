# One image for every process: `mainstay serve` (the default: api and worker in one, on SQLite), `api`, `worker`,
# and `mainstay migrate` before a release.
#
#   docker build -t mainstay .
#   openssl rand -base64 32 > master.key     # keep it: without it the secrets in the database cannot be opened
#   docker run -p 8080:8080 -v mainstay-data:/data -e MAINSTAY_MASTER_KEY="$(cat master.key)" mainstay

FROM rust:1.95-bookworm AS build
WORKDIR /src

# The dependencies first, against empty sources, so that a change of ours does not compile them again. Every target
# that Cargo.toml names by its path needs its empty file here.
COPY Cargo.toml Cargo.lock ./
COPY sim/Cargo.toml sim/
RUN mkdir -p bin src sim/src tests/it \
 && touch src/lib.rs sim/src/lib.rs \
 && for program in bin/api bin/worker bin/mainstay sim/src/main tests/it/main; do echo 'fn main() {}' > "$program.rs"; done \
 && cargo build --locked --profile dist --bins

# Cargo goes by modification times, and those of the checkout are older than the empty sources.
COPY . .
RUN find . -path ./target -prune -o -type f -exec touch {} + \
 && cargo build --locked --profile dist --bins


FROM debian:bookworm-slim

# ca-certificates: TLS to Meta, to a database, to subscribers. curl: the health check below.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates curl \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin mainstay \
 && install --directory --owner mainstay --group mainstay --mode 0750 /data

COPY --from=build /src/target/dist/mainstay /src/target/dist/api /src/target/dist/worker /usr/local/bin/
COPY LICENSE LICENSE-MIT LICENSE-APACHE /usr/share/doc/mainstay/

# A volume belongs here: mount one at /data, or set DATABASE_URL to a PostgreSQL. There is no VOLUME instruction,
# because Railway refuses images that have one, and because an unnamed volume is data nobody finds again.
WORKDIR /data
ENV DATABASE_URL=sqlite:///data/mainstay.db \
    HOST=0.0.0.0 \
    PORT=8080
USER mainstay
EXPOSE 8080

# For the processes that listen; run `worker` with --no-healthcheck.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD curl --fail --silent --show-error --output /dev/null "http://127.0.0.1:${PORT}/health/live"

# No shell and no init in between: the process itself gets SIGTERM, drains and exits 0, and it starts no other.
STOPSIGNAL SIGTERM
CMD ["mainstay", "serve"]
