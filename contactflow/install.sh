#!/bin/sh
# Installs the packages of one lock file into .venv; does nothing when that was done before. Usage: contactflow/install.sh LOCKFILE
set -eu
lock=$1
stamp=.venv/$lock.installed

fail() { echo "$*" >&2; exit 1; }

good() { # is this a Python we run on?
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, '"$2"'))' 2>/dev/null
}

find_python() { # the one asked for; else the first we are tested on; else anything newer
    if [ -n "${PYTHON:-}" ]; then
        good "$PYTHON" 99 && { echo "$PYTHON"; return; }
        fail "PYTHON=$PYTHON is $("$PYTHON" --version 2>&1), but Contactflow needs Python 3.11 or newer."
    fi
    for newest in 14 99; do
        for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
            good "$name" "$newest" && { echo "$name"; return; }
        done
    done
    fail "Contactflow needs Python 3.11 or newer, and found $(python3 --version 2>&1): install one, or name it with PYTHON=/path/to/python3."
}

make_environment() {
    python=$(find_python) || exit 1
    echo "Creating .venv with $("$python" --version)"
    "$python" -m venv --clear .venv >/dev/null 2>&1 && return
    # Debian keeps ensurepip in a package of its own; a pip from anywhere will do instead.
    { "$python" -m venv --clear --without-pip .venv && "$python" -m pip -q --python .venv/bin/python install pip; } >/dev/null 2>&1 ||
        { rm -rf .venv; fail "This Python can make no virtual environment: install its venv module (Debian: apt-get install python3-venv)."; }
}

fetch() {
    # uv takes 3 s where pip takes 30. It reads no pip configuration, so it is told the index.
    index=${UV_DEFAULT_INDEX:-$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || echo "${PIP_INDEX_URL:-}")}
    [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
    export UV_HTTP_RETRIES="${UV_HTTP_RETRIES:-1}" UV_LINK_MODE="${UV_LINK_MODE:-copy}"
    if { [ -x .venv/bin/uv ] || .venv/bin/python -m pip install -q --no-deps --require-hashes --only-binary :all: -r requirements-install.txt; } >/dev/null 2>&1 &&
        .venv/bin/python -m uv pip install -q --python .venv/bin/python --require-hashes -r "$lock" 2>.venv/uv.log; then
        return
    fi
    echo "(uv could not, pip takes over: this takes half a minute)"
    .venv/bin/python -m pip install -q --require-hashes -r "$lock" ||
        fail "The packages in $lock could not be installed: see pip's reason above. A package index must be reachable."
}

[ "$(cat "$stamp" 2>/dev/null)" = "$(cksum "$lock")" ] && .venv/bin/python -c '' 2>/dev/null && exit 0
# A folder's lock, where the system has flock, so that `make run` and `make test` may start at once.
if [ -z "${CONTACTFLOW_INSTALLING:-}" ] && command -v flock >/dev/null; then
    CONTACTFLOW_INSTALLING=1 exec flock . sh "$0" "$@"
fi
[ "$(cat "$stamp" 2>/dev/null)" = "$(cksum "$lock")" ] && .venv/bin/python -c '' 2>/dev/null && exit 0
.venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || make_environment
echo "Installing the packages of $lock"
fetch
cksum "$lock" >"$stamp"
