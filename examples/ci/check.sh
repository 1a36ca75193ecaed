#!/usr/bin/env bash
# What a pipeline runs: the sandbox in the background, a payment made to happen, its webhooks
# forwarded to the service under test, and an exit code that means something.
# Usage: check.sh URL_OF_YOUR_WEBHOOK_HANDLER   (`fluxa` on the PATH, or its path in FLUXA)
set -euo pipefail
handler="${1:?usage: check.sh URL_OF_YOUR_WEBHOOK_HANDLER}"
fluxa="${FLUXA:-fluxa}"
work="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT

wait_for() { for _ in $(seq 300); do [ -s "$1" ] && return; sleep 0.1; done; echo "no $1 after 30 s"; exit 1; }

# Port 0 takes a free one, so that jobs side by side do not meet. The file holds the base URL.
"$fluxa" mock --addr 127.0.0.1:0 --ready-file "$work/base" &
wait_for "$work/base"
FLUXA_API_BASE="$(cat "$work/base")"
FLUXA_SECRET_KEY=sk_test_mock0000000000000000000000000000
export FLUXA_API_BASE FLUXA_SECRET_KEY

# Ends by itself: 0 when five events were delivered, 6 when they were not within 30 seconds, 7 when
# the handler did not answer 2xx.
"$fluxa" listen --forward-to "$handler" --events 'payment.*,checkout.session.completed' \
  --max-events 5 --within 30 --output json --ready-file "$work/ready" > "$work/events.ndjson" &
listen=$!
wait_for "$work/ready"

"$fluxa" trigger payment.settled --timing instant

wait "$listen"
grep -c '"delivery"' "$work/events.ndjson"
