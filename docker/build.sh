#!/usr/bin/env bash
# Build the image with podman: docker/build.sh [TAG]. For where Docker and a registry are at hand, docs/container.md
# has one line in place of this.
#
# BASE_IMAGE=...   the image to build upon; without it, and as root on Debian, one is made of Debian's own packages,
#                  from the sources that this machine's apt has, so that no registry of images is needed
# PROCESSORS=...   processors that kernels are compiled for (x86-64-v3)
set -euo pipefail
cd "$(dirname "$0")/.."

tag=${1:-localhost/wengert:latest}
base=${BASE_IMAGE:-}
say() { echo "image: $*" >&2; }

# Made once a day; what a machine's apt needs to find its packages does not stay in it.
make_base() {
    local suite sources=() archive log
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    base=localhost/wengert-base:$suite-$(date +%Y%m%d)
    if podman image exists "$base"; then return; fi
    for each in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
        if [[ -s $each ]]; then sources+=("$each"); fi
    done
    say "making $base of Debian's packages"
    archive=$(mktemp --suffix=.tar) log=$(mktemp)
    trap 'rm -f "$archive" "$log"' RETURN
    mmdebstrap --quiet --variant=essential --include=usr-is-merged,libstdc++6,python3,python3-venv \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --customize-hook='rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d "$1"/etc/resolv.conf' \
        "$suite" "$archive" "${sources[@]}" >"$log" 2>&1 || { cat "$log" >&2; return 1; }
    podman import --quiet "$archive" "$base" >/dev/null
}

# Where pip finds packages on this machine, and whom it trusts, as secrets of the build: they are in no layer. What
# lies in files here is left out, but for certificates.
secrets() {
    local certificates configured
    configured=$(python3 -m pip config list 2>/dev/null || :)
    certificates=$(sed -nE "s/^(global|:env:)\\.cert='(.*)'$/\\2/p;T;q" <<<"$configured")
    certificates=${certificates:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}
    sed -nE "s/^(global|:env:)\\.((extra-)?index-url|proxy|trusted-host)='(.*)'$/\\2 = \\4/p" <<<"$configured" |
        sed -E 's|file:[^ ]*||g' | awk -F ' = ' 'BEGIN { print "[global]" } $2 != "" && !seen[$1]++' >"$settings"
    if [[ -e $certificates ]]; then
        echo "cert = /run/secrets/certificates" >>"$settings"
        lent=(--secret "id=pip,src=$settings" --secret "id=certificates,src=$certificates")
    else
        lent=(--secret "id=pip,src=$settings")
    fi
}

if [[ -z $base ]]; then make_base; fi
settings=$(mktemp)
trap 'rm -f "$settings"' EXIT
secrets
say "building $tag upon $base"
podman build --quiet --isolation chroot --format docker --network host --pull=never "${lent[@]}" \
    --build-arg "BASE_IMAGE=$base" \
    --build-arg "PROCESSORS=${PROCESSORS:-x86-64-v3}" \
    --build-arg "VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)" \
    --build-arg "REVISION=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)" \
    --file docker/Dockerfile --tag "$tag" . >/dev/null
say "$(podman image inspect --format '{{.Size}}' "$tag" | awk '{printf "%.0f MB", $1 / 1e6}')"
