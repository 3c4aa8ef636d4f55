# One image for every process: `mainstay serve` (the default: api and worker in one, on SQLite), `api`, `worker`,
# and `mainstay migrate` before a release.
#
#   docker build -t mainstay .
#   (umask 077; openssl rand -base64 32 > master.key)   # keep it: without it the secrets in the database cannot be opened
#   sudo chown 10001 master.key                         # the user in the container
#   docker run -p 127.0.0.1:8080:8080 -v mainstay-data:/data \
#     -v "$PWD/master.key:/run/secrets/master_key:ro" -e MAINSTAY_MASTER_KEY_FILE=/run/secrets/master_key mainstay
#
# Every secret may stand in a file whose path is in NAME_FILE (.env.example lists them), so none is in a command line, in `docker inspect`
# or in the shell's history. The port is published to this machine alone: a reverse proxy stands before it.
#
# A tag may be moved to another image. To build from images that cannot change, look their digests up and pass them:
#
#   docker buildx imagetools inspect rust:1.95-bookworm --format '{{.Manifest.Digest}}'
#   docker buildx imagetools inspect debian:bookworm-slim --format '{{.Manifest.Digest}}'
#   docker build --build-arg RUST_IMAGE=rust:1.95-bookworm@sha256:… --build-arg BASE_IMAGE=debian:bookworm-slim@sha256:… -t mainstay .

ARG RUST_IMAGE=rust:1.95-bookworm
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${RUST_IMAGE} AS build
WORKDIR /src

# The dependencies first, against empty sources, so that a change of ours does not compile them again. Every target
# that Cargo.toml names by its path needs its empty file here.
COPY Cargo.toml Cargo.lock ./
COPY sim/Cargo.toml sim/
COPY tests/macros/Cargo.toml tests/macros/
COPY tests/servers/Cargo.toml tests/servers/
COPY crates/core/Cargo.toml crates/core/
COPY crates/crypto/Cargo.toml crates/crypto/
COPY crates/db/Cargo.toml crates/db/
COPY crates/egress/Cargo.toml crates/egress/
COPY crates/events/Cargo.toml crates/events/
COPY crates/meta/Cargo.toml crates/meta/
COPY crates/phone/Cargo.toml crates/phone/
COPY crates/queue/Cargo.toml crates/queue/
COPY crates/rate-limit/Cargo.toml crates/rate-limit/
COPY crates/storage/Cargo.toml crates/storage/
RUN mkdir -p bin src tests/it \
 && for member in . sim tests/macros tests/servers crates/*; do mkdir -p "$member/src" && touch "$member/src/lib.rs"; done \
 && for program in bin/api bin/worker bin/mainstay sim/src/main tests/it/main; do echo 'fn main() {}' > "$program.rs"; done \
 && cargo build --locked --profile dist --bins --no-default-features

# Cargo goes by modification times, and those of the checkout are older than the empty sources.
COPY . .
RUN find . -path ./target -prune -o -type f -exec touch {} + \
 && cargo build --locked --profile dist --bins --no-default-features


FROM ${BASE_IMAGE}

# ca-certificates: TLS to Meta, to a database, to subscribers. curl: the health check below.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates curl \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin mainstay \
 && install --directory --owner mainstay --group mainstay --mode 0700 /data

COPY --from=build /src/target/dist/mainstay /src/target/dist/api /src/target/dist/worker /usr/local/bin/
COPY LICENSE LICENSE-MIT LICENSE-APACHE /usr/share/doc/mainstay/

# A volume belongs here: mount one at /data, or set DATABASE_URL to a PostgreSQL. There is no VOLUME instruction,
# because Railway refuses images that have one, and because an unnamed volume is data nobody finds again.
WORKDIR /data
# A container listens on all its interfaces; which of them the world reaches is decided where its port is published.
ENV DATABASE_URL=sqlite:///data/mainstay.db \
    HOST=0.0.0.0 \
    PORT=8080
# By number, so that Kubernetes (runAsNonRoot) sees that it is not root.
USER 10001:10001
EXPOSE 8080

# For the processes that listen; run `worker` with --no-healthcheck.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD curl --fail --silent --show-error --output /dev/null "http://127.0.0.1:${PORT}/health/live"

# No shell and no init in between: the process itself gets SIGTERM, drains and exits 0, and it starts no other.
STOPSIGNAL SIGTERM
CMD ["mainstay", "serve"]
