#!/usr/bin/env bash
# What a pipeline runs, on any CI: the sandbox is in the `fluxa` binary, so there is no account, no key to keep and no
# network needed. `fluxa` is on the PATH, or its path in FLUXA. An exit code other than 0 says what kind of thing was
# wrong: see `fluxa check --help`.
# Usage: check.sh [URL]   also checks a webhook handler that runs already, at this URL
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
fluxa="${FLUXA:-fluxa}"

# Scenarios: each starts the server, with a sandbox of its own, and says what must come of what.
"$fluxa" check "$here/checkout.toml" --junit "${JUNIT:-fluxa.xml}"

# Tests of your own, with the sandbox beside them for as long as they run: FLUXA_API_BASE and FLUXA_SECRET_KEY are in
# their environment. Here, one call; there, `npm test` or `pytest`.
"$fluxa" mock -- "$fluxa" trigger payment.settled --override metadata.order_id=ord_1

# A handler that runs already: 0 when each event was delivered, 6 when one did not come in time, 7 when the handler did
# not answer 2xx.
if [ "$#" -gt 0 ]; then
  "$fluxa" mock -- "$fluxa" listen --forward-to "$1" --expect payment.settled --within 30 --output json \
    -- "$fluxa" trigger payment.settled
fi
